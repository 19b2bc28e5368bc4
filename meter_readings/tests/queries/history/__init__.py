"""Tests of the questions about histories."""
