"""Tests of cached answers: what is cached, for whom, and that no answer is old."""
