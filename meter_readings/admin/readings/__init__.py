"""Admin of readings."""
