"""Backups are made, and put back as they were."""
