"""Tests of the API behind gunicorn, as production serves it."""
