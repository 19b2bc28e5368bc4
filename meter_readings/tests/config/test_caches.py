"""Caches: local memory, or Redis if REDIS_URL is set."""

from __future__ import annotations

from typing import Any
from unittest.mock import patch

from django.core.cache import caches
from django.core.exceptions import ImproperlyConfigured
from django.test import SimpleTestCase

from config.caches import cache_settings

REDIS_URL = "redis://127.0.0.1:6379/1"


def redis_settings(
    url: str = REDIS_URL, *, is_installed: bool = True
) -> dict[str, Any]:
    """Return the settings with Redis, as if redis-py were installed or not."""
    spec = object() if is_installed else None
    with patch("importlib.util.find_spec", return_value=spec):
        return cache_settings(url)


class CacheSettingsTests(SimpleTestCase):
    def test_cache_settings_uses_local_memory_without_redis(self) -> None:
        backends = {cache["BACKEND"] for cache in cache_settings("").values()}
        self.assertEqual(backends, {"django.core.cache.backends.locmem.LocMemCache"})

    def test_cache_settings_uses_djangos_redis_backend_with_redis(self) -> None:
        caches = redis_settings()
        self.assertEqual(
            {(cache["BACKEND"], cache["LOCATION"]) for cache in caches.values()},
            {("django.core.cache.backends.redis.RedisCache", REDIS_URL)},
        )

    def test_each_cache_has_its_own_key_prefix_in_redis(self) -> None:
        self.assertEqual(
            {alias: cache["KEY_PREFIX"] for alias, cache in redis_settings().items()},
            {alias: f"d0010:{alias}" for alias in ("default", "anonymous", "answers")},
        )

    def test_entries_of_one_local_cache_are_not_in_the_other(self) -> None:
        self.addCleanup(caches["default"].clear)
        caches["default"].set("key", "value")
        self.assertIsNone(caches["anonymous"].get("key"))

    def test_cache_settings_rejects_a_url_of_another_scheme_without_repeating_it(
        self,
    ) -> None:
        message = "REDIS_URL must begin with redis://, rediss:// or unix://"
        with self.assertRaisesMessage(ImproperlyConfigured, message) as raised:
            redis_settings("http://:secret@cache:6379")
        self.assertNotIn("secret", str(raised.exception))

    def test_cache_settings_says_what_to_install_when_redis_py_is_missing(self) -> None:
        message = "pip install -r deployment_scripts/requirements-production.txt"
        with self.assertRaisesMessage(ImproperlyConfigured, message):
            redis_settings(is_installed=False)
