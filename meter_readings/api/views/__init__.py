"""Viewsets, one module per group of resources."""
