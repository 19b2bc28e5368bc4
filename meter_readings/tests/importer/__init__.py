"""Tests of the one way in."""
