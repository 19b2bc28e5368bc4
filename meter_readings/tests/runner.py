"""The test runner: isolates tests from real data, finds leaked MPANs, splits suites.

`.ci/run` splits the suite of each database into parts that run at the same time. Tests
with the tag `database_independent` run on SQLite only, because their result does not
depend on the database. Tests with the tag `postgresql_code` reach the code that only
PostgreSQL runs: on PostgreSQL, coverage is measured for them only. Tests with the tag
`long_on_postgresql` start many processes: on PostgreSQL, only `LONG=1 .ci/run` runs
them.
"""

from __future__ import annotations

import copy
import logging
import logging.config
import os
import sys
import tempfile
from argparse import ArgumentParser
from collections import Counter
from pathlib import Path
from typing import Any
from unittest import TestCase, TestSuite, TextTestResult

from django.conf import settings
from django.core.cache import caches
from django.db import connections
from django.test.runner import DiscoverRunner
from django.test.utils import iter_test_cases, override_settings
from rest_framework.throttling import SimpleRateThrottle

from config.caches import cache_settings
from meter_readings.tests.pii_leak_check import PiiLeakCheck

# The packages and modules whose tests have a tag, by tag
TAGGED_MODULES = {
    "database_independent": (
        "access",
        "api.openapi",
        "browser",
        "config.test_redis",
        "d0010",
        "deployment",
        "docs.test_api_guide",
        "docs.test_command_line",
        "docs.test_every_command",
        "docs.test_getting_started",
        "docs.test_links",
        "docs.test_references",
        "docs.test_testing_guide",
        "format_docs",
        "http_server.test_description",
        "http_server.test_log",
        "http_server.test_malicious_requests",
        "robustness.test_postgresql_tls",
        "synthetic",
        "templatetags",
    ),
    "postgresql_code": (
        "test_write_lock",
        "accounts.test_login",
        "benchmarks.test_imports",
        "config.test_settings",
        "exports.test_streaming",
        "importer.staging",
        "importer.jobs",
        "importer.test_merge",
        "importer.test_work_of_import",
        "ops",
        "queries.history.test_readings",
        "queries.test_search",
        "robustness.test_replicas",
    ),
    "long_on_postgresql": (
        "docs.test_command_line_output",
        "management.test_watch_folder",
        "robustness.test_celery",
        "robustness.test_watched_folders",
        "robustness.test_workers",
    ),
}
_NEVER = logging.CRITICAL + 1
_PREFIXES = {
    tag: tuple(f"{__package__}.{name}." for name in names)
    for tag, names in TAGGED_MODULES.items()
}


class _EmptyCacheResult(TextTestResult):
    def startTest(self, test: TestCase) -> None:
        caches["answers"].clear()
        super().startTest(test)


class IsolatedTestRunner(DiscoverRunner):
    """Isolates tests, and the processes that they start, from real data.

    A run in which an MPAN reaches a log or standard error has failed.
    """

    leaks: tuple[str, ...] = ()

    def __init__(self, part: str = "1/1", **options: Any) -> None:
        super().__init__(**options)
        self._part, self._parts = map(int, part.split("/"))

    @classmethod
    def add_arguments(cls, parser: ArgumentParser) -> None:
        """Add an option to the command `test`."""
        super().add_arguments(parser)
        parser.add_argument(
            "--part",
            default="1/1",
            metavar="N/M",
            help="Run part N of M: every M-th test class from the N-th on.",
        )

    def load_tests_for_label(
        self, label: str, discover_kwargs: dict[str, Any]
    ) -> TestSuite:
        """Return the tests of a label, with their tags."""
        tests = super().load_tests_for_label(label, discover_kwargs)
        for test in iter_test_cases(tests):
            module = f"{type(test).__module__}."
            tags = {tag for tag, names in _PREFIXES.items() if module.startswith(names)}
            test.tags = {*getattr(test, "tags", ()), *tags}
        return tests

    def build_suite(self, *labels: Any, **options: Any) -> TestSuite:
        """Return the tests of this part."""
        suite = super().build_suite(*labels, **options)
        if self._parts == 1:
            return suite
        tests = [*iter_test_cases(suite)]
        classes = [*dict.fromkeys(map(type, tests))][self._part - 1 :: self._parts]
        return self.test_suite(test for test in tests if type(test) in classes)

    def setup_test_environment(self, **kwargs: Any) -> None:
        """Store files in a temporary folder, and hash passwords quickly."""
        super().setup_test_environment(**kwargs)
        self._media = tempfile.TemporaryDirectory(prefix="test_d0010_media_")
        os.environ["MEDIA_ROOT"] = self._media.name
        sessions = Path(self._media.name, "sessions")
        sessions.mkdir()
        os.environ["SESSION_FILE_PATH"] = str(sessions)
        os.environ["REDIS_URL"] = os.environ["DB_REPLICA_HOST"] = ""
        # Tests send more requests in a minute than the rates allow.
        for kind in ("READ", "IMPORT", "ANONYMOUS"):
            os.environ[f"API_RATE_{kind}"] = "1000000"
        rates = SimpleRateThrottle.THROTTLE_RATES
        rates.update(dict.fromkeys(rates, "1000000/min"))
        log = copy.deepcopy(settings.LOGGING)
        if self.verbosity < 2:
            # Expected warnings would hide the results. Tests of log lines use
            # assertLogs, and the leak check reads records before handlers do.
            log["handlers"]["console"]["level"] = _NEVER
        self._overrides = override_settings(
            LOGGING=log,
            MEDIA_ROOT=self._media.name,
            SESSION_FILE_PATH=sessions,
            REDIS_URL="",
            DATABASE_ROUTERS=[],
            CACHES=cache_settings(""),
            # The number of queries is then the same on both databases.
            SESSION_ENGINE="django.contrib.sessions.backends.db",
            PASSWORD_HASHERS=["django.contrib.auth.hashers.MD5PasswordHasher"],
        )
        self._overrides.enable()
        logging.config.dictConfig(settings.LOGGING)

    def get_resultclass(self) -> type[TextTestResult]:
        """Return a class that empties the cache of answers before each test.

        Tests write rows without an import, which do not renew the data version.
        """
        base = super().get_resultclass() or TextTestResult
        return type("Result", (_EmptyCacheResult, base), {})

    def setup_databases(self, **kwargs: Any) -> list[tuple[Any, str, bool]]:
        """Create the test database, and name it to processes that tests start."""
        old_databases = super().setup_databases(**kwargs)
        connection = connections["default"]
        name = "DB_NAME" if connection.vendor == "postgresql" else "SQLITE_PATH"
        os.environ[name] = str(connection.settings_dict["NAME"])
        # There is no database if no test needs one.
        if old_databases:
            allow_flush()
        return old_databases

    def run_suite(self, suite: TestSuite, **kwargs: Any) -> TextTestResult:
        """Run the tests, and search their log for MPANs."""
        with PiiLeakCheck() as check:
            result = super().run_suite(suite, **kwargs)
        # The output of a failed test may show an MPAN.
        self.leaks = tuple(check.leaks) if result.wasSuccessful() else ()
        if self.verbosity > 0:
            print_skipped(result)
        return result

    def suite_result(
        self, suite: TestSuite, result: TextTestResult, **kwargs: Any
    ) -> int:
        """Return how many tests failed; every leaked MPAN counts as one."""
        for leak in self.leaks:
            print(f"LEAKED: {leak}", file=sys.stderr)
        return super().suite_result(suite, result, **kwargs) + len(self.leaks)

    def teardown_test_environment(self, **kwargs: Any) -> None:
        """Delete the stored files."""
        self._overrides.disable()
        self._media.cleanup()
        super().teardown_test_environment(**kwargs)


def allow_flush() -> None:
    """Let Django delete the audit events that a TransactionTestCase has written.

    The tests of the protection delete this row, which is in no other database.
    """
    with connections["default"].cursor() as cursor:
        cursor.execute("DELETE FROM meter_readings_auditmaintenance")
        cursor.execute(
            "INSERT INTO meter_readings_auditmaintenance (task, delete_before)"
            " VALUES ('retention', 'infinity')"
        )


def print_skipped(result: TextTestResult) -> None:
    """Print how many tests were skipped for each reason, such as a missing program."""
    reasons = Counter(reason for _, reason in result.skipped)
    if reasons:
        print("\nSkipped tests, by reason:", file=sys.stderr)
    for reason, count in reasons.most_common():
        print(f"{count:6}  {reason}", file=sys.stderr)
