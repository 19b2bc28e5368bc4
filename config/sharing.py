"""A cache in Redis in which many machines can count together.

It is imported only where REDIS_URL is set: redis-py need not be there otherwise.
"""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.contrib.sessions.backends.cache import SessionStore as CachedSession
from django.core.cache import caches
from django.core.cache.backends.redis import RedisCache, RedisCacheClient
from redis import Redis
from redis.exceptions import RedisError

from meter_readings.ops.exceptions import CacheUnavailable

# In one step: between Django's look and its counting the entry could end, and would
# then begin anew as one that never does.
_COUNT = """
if redis.call("EXISTS", KEYS[1]) == 0 then return nil end
return redis.call("INCRBY", KEYS[1], ARGV[1])
"""
_AT_ONCE = 1000


class _Speaker(Redis):
    """The client of redis-py; whatever keeps it from answering is CacheUnavailable."""

    def execute_command(self, *args: Any, **options: Any) -> Any:
        """Have a command done; what it was about is in no words of an error."""
        try:
            answer: Any = super().execute_command  # It has no types.
            return answer(*args, **options)
        except RedisError as error:
            kind = type(error).__name__
            raise CacheUnavailable(
                f"Redis cannot be used ({kind}): check that it runs, and REDIS_URL"
            ) from error


class _Client(RedisCacheClient):
    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self._client = _Speaker

    def incr(self, key: Any, delta: int) -> int:
        """Add to a count and return what it comes to; raises ValueError without one."""
        count = self.get_client(key, write=True).eval(_COUNT, 1, key, delta)
        if count is None:
            raise ValueError("There is no such count.")
        return int(count)

    def remove(self, pattern: str) -> None:
        """Remove what is named like this."""
        client = self.get_client(write=True)
        for key in client.scan_iter(pattern, _AT_ONCE):
            client.unlink(key)


class SharedCache(RedisCache):
    """Django's cache in Redis, of which several can be in one database.

    As there, an entry lasts its TIMEOUT from when it was made; counting does not
    prolong it.
    """

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self._class = _Client

    def clear(self) -> None:
        """Remove what is kept here; Django's own would remove all that Redis holds."""
        client: Any = self._cache
        client.remove(f"{self.key_prefix}:*")


class SessionStore(CachedSession):
    """Sessions in such a cache; where that is away, nobody is signed out for it."""

    def load(self) -> dict[str, Any]:
        """Return the session; Django's own takes a cache that is away for its end."""
        caches[settings.SESSION_CACHE_ALIAS].has_key(self.cache_key)
        return super().load()
