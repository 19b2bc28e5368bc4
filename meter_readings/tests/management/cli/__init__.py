"""Tests of `management/cli/`."""
