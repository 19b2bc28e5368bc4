"""Tests of `admin/pages/`."""
