"""Tests of template tags and filters."""
