"""Tests of the description of the format. They need no Django."""
