"""What may be forgotten is kept in files, each kind in its own, as production does."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any
from unittest.mock import patch

from django.contrib.auth.models import User
from django.core.cache import caches
from django.core.exceptions import ImproperlyConfigured
from django.test import Client, SimpleTestCase, TestCase

from config.caches import session_engine, settings

QUARTER_OF_AN_HOUR = 15 * 60
KINDS = "default", "rates", "sessions", "sign_ins", "strangers"
FOLDER = Path("/srv/cache")
REDIS = "redis://127.0.0.1:6379/1"


def locations(folder: Path, **where: Any) -> dict[str, Any]:
    """Return where each cache is; None where it is in memory."""
    cache_settings = settings(folder, **where)
    return {name: cache.get("LOCATION") for name, cache in cache_settings.items()}


def in_redis(url: str = REDIS, *, is_installed: bool = True) -> dict[str, Any]:
    """Return the settings of caches in Redis, where redis-py is there or is not."""
    found = object() if is_installed else None
    with patch("importlib.util.find_spec", return_value=found):
        return settings(FOLDER, is_production=True, redis_url=url)


class SettingsTests(SimpleTestCase):
    def test_give_each_kind_a_folder_of_its_own_in_production(self) -> None:
        folder = Path("/srv/cache")
        self.assertEqual(
            locations(folder, is_production=True),
            {name: folder / name for name in KINDS},
        )

    def test_let_all_processes_of_a_demonstration_know_all_but_the_default(
        self,
    ) -> None:
        folder = Path("/srv/cache")
        self.assertEqual(
            locations(folder, is_production=False),
            {name: folder / name for name in KINDS} | {"default": None},
        )

    def test_give_each_kind_a_name_of_its_own_in_redis(self) -> None:
        kept = in_redis()
        self.assertEqual({each["LOCATION"][0] for each in kept.values()}, {REDIS})
        self.assertEqual(
            {name: each["KEY_PREFIX"] for name, each in kept.items()},
            {name: f"d0010:{name}" for name in KINDS},
        )

    def test_keep_each_kind_as_long_in_redis_as_in_files(self) -> None:
        in_files, shared = settings(FOLDER, is_production=True), in_redis()
        for name in KINDS:
            self.assertEqual(shared[name]["TIMEOUT"], in_files[name]["TIMEOUT"])

    def test_keep_sessions_on_sqlite_where_the_rest_is(self) -> None:
        engines = [
            session_engine(use_postgresql=False, redis_url=url) for url in ("", REDIS)
        ]
        django = "django.contrib.sessions.backends"
        self.assertEqual(engines, [f"{django}.cache", "config.sharing"])
        self.assertEqual(
            session_engine(use_postgresql=True, redis_url=REDIS), f"{django}.db"
        )

    def test_refuse_an_address_that_is_not_of_redis_and_do_not_repeat_it(self) -> None:
        message = "REDIS_URL must begin with redis://, rediss:// or unix://"
        with self.assertRaisesMessage(ImproperlyConfigured, message) as raised:
            in_redis("http://:secret@cache:6379")
        self.assertNotIn("secret", str(raised.exception))

    def test_say_what_to_install_for_redis(self) -> None:
        message = "pip install -r deployment_scripts/requirements-production.txt"
        with self.assertRaisesMessage(ImproperlyConfigured, message):
            in_redis(is_installed=False)

    def test_remember_attempts_to_sign_in_for_longer_than_they_count(self) -> None:
        cache = settings(Path("x"), is_production=True)["sign_ins"]
        self.assertGreater(cache["TIMEOUT"], QUARTER_OF_AN_HOUR)


class InFilesTests(TestCase):
    def setUp(self) -> None:
        self.folder = Path(self.enterContext(tempfile.TemporaryDirectory())) / "cache"
        self.enterContext(
            self.settings(
                BEHIND_PROXY=True,
                CACHES=settings(self.folder, is_production=True),
                SESSION_ENGINE="django.contrib.sessions.backends.cache",
            )
        )
        User.objects.create_superuser("alice", password="correct horse battery")

    def sign_in(self, client: Client, password: str) -> int:
        """Return the status that answers an attempt to sign in."""
        return client.post(
            "/admin/login/?next=/",
            {"username": "alice", "password": password},
            headers={"X-Forwarded-For": "192.0.2.1"},
        ).status_code

    def test_are_readable_by_their_user_alone(self) -> None:
        for name in KINDS:
            caches[name].set("what", "was said")
        for path in self.folder.rglob("*"):
            self.assertEqual(path.stat().st_mode & 0o077, 0, path)

    def test_know_who_is_signed_in(self) -> None:
        self.assertEqual(self.sign_in(self.client, "correct horse battery"), 302)
        self.assertContains(self.client.get("/"), "alice")

    def test_count_attempts_to_sign_in(self) -> None:
        for _ in range(5):
            self.sign_in(Client(), "wrong")
        with self.assertLogs("meter_readings.signing_in"):
            status = self.sign_in(self.client, "correct horse battery")
        self.assertEqual(status, 200)

    def test_of_one_kind_push_out_nothing_of_another(self) -> None:
        caches["sessions"].set("who", "alice")
        caches["sign_ins"].clear()
        self.assertEqual(caches["sessions"].get("who"), "alice")
