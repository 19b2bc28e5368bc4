"""OpenAPI schema: parts that drf-spectacular cannot derive from the views."""
