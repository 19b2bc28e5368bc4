"""Tests of the queries of the history."""
