"""The API as production serves it: gunicorn, whole requests, and many at once."""
