"""What may be forgotten is kept in files, each kind in its own, as production does."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

from django.contrib.auth.models import User
from django.core.cache import caches
from django.test import Client, SimpleTestCase, TestCase

from config.caches import settings

QUARTER_OF_AN_HOUR = 15 * 60
KINDS = "default", "rates", "sessions", "sign_ins", "strangers"


def locations(folder: Path, **where: Any) -> dict[str, Any]:
    """Return where each cache is; None where it is in memory."""
    cache_settings = settings(folder, **where)
    return {name: cache.get("LOCATION") for name, cache in cache_settings.items()}


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
