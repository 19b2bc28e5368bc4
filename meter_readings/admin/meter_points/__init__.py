"""Admin of meter points and meters."""
