"""Tests of the pages of the admin that are deeds."""
