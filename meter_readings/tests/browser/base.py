"""A Chromium browser and a live server whose database has the sample files.

Playwright drives the system's Chromium, or the one that CHROMIUM names. Without
Playwright or Chromium the tests are skipped; with D0010_BROWSER_REQUIRED they fail.
"""

from __future__ import annotations

import logging
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, ClassVar
from unittest import SkipTest, mock

from django.conf import settings
from django.contrib import admin
from django.contrib.auth.models import Group, User
from django.contrib.staticfiles.testing import StaticLiveServerTestCase
from django.core.management import call_command
from django.test import Client
from django.utils import timezone

from config.environment import PROJECT_ROOT, env_bool, env_str
from meter_readings.accounts import api_tokens
from meter_readings.models import ApiToken
from meter_readings.tests.notifications.rules import email_rule, record
from meter_readings.tests.support.import_helpers import (
    create_overdue_reading,
    create_sender_schedule,
    create_subject_request,
    import_text,
)

try:
    from playwright.sync_api import sync_playwright
except ImportError:
    sync_playwright = None

if TYPE_CHECKING:
    from playwright.sync_api import Browser, BrowserContext, Page

_NAMES = (
    "chromium",
    "chromium-browser",
    "google-chrome-stable",
    "google-chrome",
    "/Applications/Chromium.app/Contents/MacOS/Chromium",
    "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
)
_ARGUMENTS = (
    "--disable-gpu",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
_TIMEOUT = 30_000  # milliseconds, enough for a busy machine
# Page checks look at every row of a list; a few rows are enough.
_ROWS_PER_PAGE = 8
PASSWORD = "a password for tests"

WIDE, PHONE, NARROW = 1280, 390, 320
THEMES = ("light", "dark")


def browser_path() -> str | None:
    """Return the path of Chromium, if there is one."""
    found = [env_str("CHROMIUM"), *map(shutil.which, _NAMES)]
    return next((path for path in found if path), None)


def missing_requirement() -> str:
    """Return what the browser tests lack, or an empty string."""
    if sync_playwright is None:
        return "Playwright is missing: deployment_scripts/requirements-tools.txt"
    if browser_path() is None:
        return "No Chromium was found: install one, or name it by CHROMIUM"
    return ""


class BrowserTestCase(StaticLiveServerTestCase):
    """A browser on a site with the sample files; `alice` is a superuser.

    `samples` is a pattern for the names of the files. The database is filled once for
    the class, so a test must not delete what another needs.
    """

    host = "127.0.0.1"
    samples = "*.uff"
    browser: ClassVar[Browser]

    @classmethod
    def setUpClass(cls) -> None:
        if missing := missing_requirement():
            if env_bool("D0010_BROWSER_REQUIRED", default=False):
                raise AssertionError(missing)
            raise SkipTest(missing)
        # Registered first, so that it runs after the server has stopped.
        cls.addClassCleanup(call_command, "flush", verbosity=0, interactive=False)
        super().setUpClass()
        # Playwright runs an event loop, in which Django refuses synchronous queries.
        allowance = {"DJANGO_ALLOW_ASYNC_UNSAFE": "true"}
        cls.enterClassContext(mock.patch.dict(os.environ, allowance))
        cls.fill_database()
        cls.browser = cls.enterClassContext(_browser())
        for model_admin in admin.site._registry.values():
            short = mock.patch.object(model_admin, "list_per_page", _ROWS_PER_PAGE)
            cls.enterClassContext(short)

    def _fixture_teardown(self) -> None:
        """Keep the rows that `setUpClass` created."""

    @classmethod
    def fill_database(cls) -> None:
        """Import the sample files and create users."""
        cls.alice = User.objects.create_superuser("alice", password=PASSWORD)
        cls.somebody = User.objects.create_user("somebody")
        Group.objects.create(name="Some role")
        api_tokens.create_token(
            user=cls.somebody,
            name="nightly",
            scope=ApiToken.Scope.READ,
            days=7,
            now=timezone.now(),
        )
        create_sender_schedule()
        create_subject_request()
        email_rule()
        record()
        for path in sorted((PROJECT_ROOT / "sample_data").glob(cls.samples)):
            import_text(path.read_bytes(), path.name, now=timezone.now())
        create_overdue_reading()

    def setUp(self) -> None:
        # Some tests open pages that are missing or forbidden.
        logging.disable(logging.WARNING)
        self.addCleanup(logging.disable, logging.NOTSET)

    def context(self, *, user: User | None = None, **options: Any) -> BrowserContext:
        """Return a new browser profile in which `user` is signed in."""
        context = self.browser.new_context(
            base_url=self.live_server_url, reduced_motion="reduce", **options
        )
        self.addCleanup(context.close)
        context.set_default_timeout(_TIMEOUT)
        if user is not None:
            context.add_cookies([self._session_of(user)])
        return context

    def page(self, *, user: User | None = None, **options: Any) -> Page:
        """Return an empty page of a new browser profile, 1280 pixels wide."""
        size = {"width": WIDE, "height": 900}
        return self.context(user=user, **{"viewport": size} | options).new_page()

    def _session_of(self, user: User) -> dict[str, str]:
        client = Client()
        client.force_login(user)
        name = settings.SESSION_COOKIE_NAME
        value = client.cookies[name].value
        return {"name": name, "value": value, "url": self.live_server_url}


@contextmanager
def _browser() -> Iterator[Browser]:
    # Chromium's sandbox does not run as root.
    arguments = [*_ARGUMENTS, *(["--no-sandbox"] if os.geteuid() == 0 else [])]
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=browser_path(), args=arguments
        )
        try:
            yield browser
        finally:
            browser.close()
