"""Tests of the documents: every shown command is run, every reference exists."""
