"""Tests of the API's views."""
