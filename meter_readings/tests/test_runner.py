"""The test runner and the PII leak check."""

import contextlib
import io
import logging
import os
import tempfile
from pathlib import Path
from typing import Any
from unittest import TestSuite, TextTestResult
from unittest.mock import patch

from django.conf import settings
from django.core.files.storage import default_storage
from django.db import connection
from django.test import SimpleTestCase, TestCase
from django.test.utils import iter_test_cases

from config.environment import PROJECT_ROOT
from meter_readings.tests.pii_leak_check import PiiLeakCheck, mpans_in
from meter_readings.tests.runner import (
    TAGGED_MODULES,
    IsolatedTestRunner,
    print_skipped,
)
from meter_readings.d0010.mpan import check_digit

# A synthetic MPAN that is published as an example of the format
MPAN = "1200023305967"


class IsolatedTestRunnerTests(TestCase):
    def test_isolated_test_runner_stores_files_outside_the_project(self) -> None:
        self.assertNotIn(PROJECT_ROOT, Path(default_storage.path("file")).parents)

    def test_isolated_test_runner_gives_child_processes_the_folder_of_files(
        self,
    ) -> None:
        self.assertEqual(os.environ["MEDIA_ROOT"], str(settings.MEDIA_ROOT))

    def test_isolated_test_runner_gives_child_processes_the_test_database(
        self,
    ) -> None:
        name = "DB_NAME" if connection.vendor == "postgresql" else "SQLITE_PATH"
        self.assertEqual(os.environ[name], str(connection.settings_dict["NAME"]))


class PartTests(SimpleTestCase):
    """Labels name tests of two classes in this module."""

    labels = (
        f"{__name__}.MpansInTests",
        f"{__name__}.PiiLeakCheckTests."
        "test_pii_leak_check_finds_an_mpan_in_standard_error",
    )

    def tests_of(self, **options: Any) -> set[str]:
        """Return the classes whose tests a runner would run."""
        suite = IsolatedTestRunner(verbosity=0, **options).build_suite([*self.labels])
        return {type(test).__name__ for test in iter_test_cases(suite)}

    def test_every_class_is_in_one_part(self) -> None:
        parts = [self.tests_of(part=f"{number}/2") for number in (1, 2)]
        self.assertEqual(sorted(map(len, parts)), [1, 1])
        self.assertEqual(set.union(*parts), self.tests_of())

    def test_tests_of_listed_modules_are_tagged(self) -> None:
        for tag, names in TAGGED_MODULES.items():
            with self.subTest(tag):
                runner = IsolatedTestRunner(verbosity=0, exclude_tags=[tag])
                labels = [f"{__package__}.{name}" for name in names]
                self.assertEqual([*iter_test_cases(runner.build_suite(labels))], [])


class MpansInTests(SimpleTestCase):
    def test_mpans_in_finds_an_mpan_anywhere(self) -> None:
        self.assertEqual(mpans_in(f"[{MPAN}]|x{MPAN}y"), {MPAN})

    def test_mpans_in_ignores_other_numbers(self) -> None:
        for other in ("1200023305968", f"{MPAN}0", "9900023305967", "20160222000000"):
            with self.subTest(other):
                self.assertEqual(mpans_in(other), set())

    def test_mpans_in_ignores_times_in_milliseconds(self) -> None:
        for now in range(10):
            # One of these ten numbers has a valid check digit.
            twelve = f"{1_795_000_000 + now:010d}12"
            with (
                self.subTest(now),
                patch("time.time", return_value=1_795_000_000.0),
            ):
                self.assertEqual(mpans_in(twelve + check_digit(twelve)), set())


class PiiLeakCheckTests(SimpleTestCase):
    """Tests with a file instead of standard error."""

    def setUp(self) -> None:
        self.file = self.enterContext(tempfile.TemporaryFile())
        # The leak check of this test run must not see these records.
        self.addCleanup(logging.setLogRecordFactory, logging.getLogRecordFactory())
        logging.setLogRecordFactory(logging.LogRecord)

    def leaks(
        self, logger: str = "", message: str = "", written: str = ""
    ) -> list[str]:
        """Return the leaks after a log message and a line on standard error."""
        with PiiLeakCheck(self.file.fileno()) as check:
            if logger:
                with self.assertLogs(logger):
                    logging.getLogger(logger).warning(message)
            os.write(self.file.fileno(), written.encode())
        return check.leaks

    def test_pii_leak_check_finds_an_mpan_in_standard_error(self) -> None:
        self.assertEqual(self.leaks(written=MPAN), [f"{MPAN} in standard error"])

    def test_pii_leak_check_forwards_standard_error(self) -> None:
        self.leaks(written="some words")
        self.file.seek(0)
        self.assertEqual(self.file.read(), b"some words")

    def test_pii_leak_check_finds_an_mpan_in_a_message_of_this_project(self) -> None:
        (leak,) = self.leaks("meter_readings.importer", f"For {MPAN}")
        self.assertIn(f"{MPAN} in the message of meter_readings.importer", leak)

    def test_pii_leak_check_accepts_an_mpan_that_the_formatter_masks(self) -> None:
        self.assertEqual(self.leaks("django.request", f"/search/?q={MPAN}"), [])

    def test_pii_leak_check_finds_an_mpan_that_the_formatter_does_not_mask(
        self,
    ) -> None:
        with patch("config.logging_config.mask_mpans", str):
            (leak,) = self.leaks("django.request", f"For {MPAN}")
        self.assertIn(f"{MPAN} in the log of django.request", leak)


class LeakedTests(SimpleTestCase):
    def test_a_leak_counts_as_a_failure(self) -> None:
        runner = IsolatedTestRunner()
        runner.leaks = (f"{MPAN} in standard error",)
        stream = io.StringIO()
        result = TextTestResult(stream, False, 0)  # type: ignore[arg-type]
        with contextlib.redirect_stderr(stream):
            self.assertEqual(runner.suite_result(TestSuite(), result), 1)
        self.assertEqual(stream.getvalue(), f"LEAKED: {MPAN} in standard error\n")


class SkippedTests(SimpleTestCase):
    def test_skipped_tests_are_counted_by_reason(self) -> None:
        result = TextTestResult(io.StringIO(), False, 0)  # type: ignore[arg-type]
        for reason in ("nginx is not installed", "curl", "nginx is not installed"):
            result.addSkip(self, reason)
        output = io.StringIO()
        with contextlib.redirect_stderr(output):
            print_skipped(result)
        self.assertEqual(
            output.getvalue().splitlines()[2:],
            ["     2  nginx is not installed", "     1  curl"],
        )


class QuietLogTests(SimpleTestCase):
    def test_expected_warnings_are_not_printed(self) -> None:
        handler = logging.getHandlerByName("console")
        assert handler is not None
        self.assertGreater(handler.level, logging.CRITICAL)
