"""Tests of watched folders."""
