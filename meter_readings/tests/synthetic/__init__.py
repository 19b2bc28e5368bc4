"""Tests of the generator of synthetic flow files. They need no Django."""
