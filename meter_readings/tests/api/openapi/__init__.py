"""Tests of the OpenAPI schema."""
