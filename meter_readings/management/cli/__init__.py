"""Shared parts of the management commands."""
