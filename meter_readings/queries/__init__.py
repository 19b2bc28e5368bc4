"""Read-only queries, bounded by indexes."""
