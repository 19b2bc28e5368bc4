"""Base classes of the admin: read-only pages, change lists, filters, columns."""
