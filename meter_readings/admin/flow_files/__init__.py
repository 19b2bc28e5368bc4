"""Admin of flow files, findings and import jobs."""
