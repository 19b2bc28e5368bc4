"""Tests of corrections of single readings."""
