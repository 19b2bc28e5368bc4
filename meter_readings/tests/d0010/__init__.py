"""Tests of the D0010 language. They need no Django."""
