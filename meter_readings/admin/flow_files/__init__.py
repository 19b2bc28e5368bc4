"""Admin of flow files."""
