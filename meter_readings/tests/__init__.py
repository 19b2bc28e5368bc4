"""Tests, arranged as the code they test."""
