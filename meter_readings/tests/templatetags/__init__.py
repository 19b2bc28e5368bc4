"""Tests of what templates can ask for."""
