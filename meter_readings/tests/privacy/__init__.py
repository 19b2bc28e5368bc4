"""Tests of retention, erasure and subject access."""
