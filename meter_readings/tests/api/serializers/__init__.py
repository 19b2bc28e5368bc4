"""Tests of the API's serializers."""
