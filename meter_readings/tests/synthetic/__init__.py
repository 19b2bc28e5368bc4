"""Tests of the made-up flow files. They need no Django."""
