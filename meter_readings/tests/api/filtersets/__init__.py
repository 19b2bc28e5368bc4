"""Tests of the API's filtersets."""
