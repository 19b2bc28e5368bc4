"""Tests of what operators and monitoring systems use."""
