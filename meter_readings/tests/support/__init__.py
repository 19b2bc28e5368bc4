"""Builders, users and other helpers of the tests."""
