"""Operations: diagnostics, health endpoints, metrics, backup, the database router."""
