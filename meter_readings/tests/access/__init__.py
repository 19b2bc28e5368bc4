"""Tests of permissions at every URL of the site."""
