"""What the site can be without for a while, beside its database."""


class CacheAway(OSError):
    """What machines keep together cannot be read or written at the moment."""
