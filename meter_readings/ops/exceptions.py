"""Exceptions of services that the site depends on."""


class CacheUnavailable(OSError):
    """Redis, which stores cached values and counters, cannot be read or written."""
