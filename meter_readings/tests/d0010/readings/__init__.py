"""Tests of the readings package of the format library."""
