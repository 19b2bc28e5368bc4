"""Run the tests so that they cannot touch what this machine really holds."""

import os
import sys
import tempfile
from pathlib import Path
from typing import Any
from unittest import TestSuite, TextTestResult

from django.db import connections
from django.test.runner import DiscoverRunner
from django.test.utils import override_settings
from rest_framework.throttling import SimpleRateThrottle

from config.caches import cache_settings
from meter_readings.tests.pii_leak_check import PiiLeakCheck


class IsolatedTestRunner(DiscoverRunner):
    """Keep received files, and processes that tests start, away from real data.

    A run in which an MPAN comes into a log or to standard error has failed.
    """

    leaks: tuple[str, ...] = ()

    def setup_test_environment(self, **kwargs: Any) -> None:
        """Store files in a folder that goes away, and hash passwords quickly."""
        super().setup_test_environment(**kwargs)
        self._media = tempfile.TemporaryDirectory(prefix="test_d0010_media_")
        os.environ["MEDIA_ROOT"] = self._media.name
        os.environ["SESSION_FILE_PATH"] = str(Path(self._media.name, "sessions"))
        os.environ["REDIS_URL"] = os.environ["DB_REPLICA_HOST"] = ""
        # Tests send more requests in a minute than the rates allow.
        for kind in ("READ", "IMPORT", "ANONYMOUS"):
            os.environ[f"API_RATE_{kind}"] = "1000000"
        rates = SimpleRateThrottle.THROTTLE_RATES
        rates.update(dict.fromkeys(rates, "1000000/min"))
        self._overrides = override_settings(
            MEDIA_ROOT=self._media.name,
            REDIS_URL="",
            DATABASE_ROUTERS=[],
            CACHES=cache_settings(""),
            # Both databases are then asked the same number of questions.
            SESSION_ENGINE="django.contrib.sessions.backends.db",
            PASSWORD_HASHERS=["django.contrib.auth.hashers.MD5PasswordHasher"],
        )
        self._overrides.enable()

    def setup_databases(self, **kwargs: Any) -> list[tuple[Any, str, bool]]:
        """Point the processes that tests start at the test database."""
        old_databases = super().setup_databases(**kwargs)
        connection = connections["default"]
        name = "DB_NAME" if connection.vendor == "postgresql" else "SQLITE_PATH"
        os.environ[name] = str(connection.settings_dict["NAME"])
        return old_databases

    def run_suite(self, suite: TestSuite, **kwargs: Any) -> TextTestResult:
        """Run the tests, and watch what they make the system say."""
        with PiiLeakCheck() as watch:
            result = super().run_suite(suite, **kwargs)
        # What a failed test shows is for its reader.
        self.leaks = tuple(watch.leaks) if result.wasSuccessful() else ()
        return result

    def suite_result(
        self, suite: TestSuite, result: TextTestResult, **kwargs: Any
    ) -> int:
        """Return how many tests failed; every MPAN that leaked counts as one."""
        for leak in self.leaks:
            print(f"LEAKED: {leak}", file=sys.stderr)
        return super().suite_result(suite, result, **kwargs) + len(self.leaks)

    def teardown_test_environment(self, **kwargs: Any) -> None:
        """Throw the stored files away."""
        self._overrides.disable()
        self._media.cleanup()
        super().teardown_test_environment(**kwargs)
