"""The command erase_mpan."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from unittest.mock import patch

from django.db import OperationalError
from django.test import TransactionTestCase
from django.utils import timezone

from meter_readings.models import MeterPoint, SubjectRequest
from meter_readings.tests.importer.test_clear import OwnMedia, running_job
from meter_readings.tests.support.import_helpers import imported

from .run_command import GOOD, Ran, run

MPAN = "2000000000015"
ERASED = "Erased: 1 reading, 1 meter, 1 meter point and 1 original.\n"


class EraseMpanTests(OwnMedia, TransactionTestCase):
    def setUp(self) -> None:
        super().setUp()
        imported(GOOD)

    def run_command(self, *arguments: str, **options: Any) -> Ran:
        return run("erase_mpan", *arguments, "--reason", "Request 17", **options)

    def is_stored(self) -> bool:
        """Return whether the meter point is stored."""
        return MeterPoint.objects.filter(mpan=MPAN).exists()

    def test_erase_mpan_prints_what_was_erased(self) -> None:
        ran = self.run_command("20 0000 0000 015", "--yes")
        self.assertEqual((ran, self.is_stored()), ((0, ERASED, ""), False))

    def test_erase_mpan_records_the_user_and_the_reason(self) -> None:
        with patch("getpass.getuser", return_value="alice"):
            self.run_command(MPAN, "--yes")
        request = SubjectRequest.objects.get()
        self.assertEqual((request.answered_by, request.reason), ("alice", "Request 17"))

    def test_erase_mpan_reads_the_mpan_from_standard_input(self) -> None:
        ran = self.run_command("-", "--yes", stdin=f"{MPAN}\n")
        self.assertEqual((ran.stdout, self.is_stored()), (ERASED, False))

    def test_erase_mpan_asks_for_confirmation_on_a_terminal(self) -> None:
        ran = self.run_command(MPAN, stdin="yes\n", is_terminal=True)
        prompt = (
            "Everything stored about the MPAN will be erased for good. Erase it? "
            "Type yes: "
        )
        self.assertEqual((ran.stderr, self.is_stored()), (prompt, False))

    def test_erase_mpan_erases_nothing_without_confirmation(self) -> None:
        self.assertEqual(self.run_command(MPAN, stdin="no\n", is_terminal=True).code, 1)
        self.assertIs(self.is_stored(), True)

    def test_erase_mpan_needs_yes_without_a_terminal(self) -> None:
        self.assertEqual(self.run_command(MPAN).code, 2)
        self.assertIs(self.is_stored(), True)

    def test_erase_mpan_exits_with_3_if_nothing_is_stored(self) -> None:
        ran = self.run_command("1000000000003", "--yes")
        self.assertEqual(ran, (3, "", "Nothing is stored about this MPAN.\n"))

    def test_erase_mpan_refuses_an_invalid_mpan(self) -> None:
        ran = self.run_command("123", "--yes")
        self.assertEqual(ran, (2, "", "An MPAN has 13 digits.\n"))

    def test_erase_mpan_can_be_repeated_after_a_failed_vacuum(self) -> None:
        busy = OperationalError("database is locked")
        with patch("meter_readings.privacy.erasure.vacuum_database", side_effect=busy):
            ran = self.run_command(MPAN, "--yes")
        self.assertEqual((ran.code, self.is_stored()), (1, False))
        self.assertIn("then run the command again.", ran.stderr)
        self.assertEqual(self.run_command(MPAN, "--yes").code, 3)

    def test_erase_mpan_is_refused_while_a_file_is_imported(self) -> None:
        job = running_job(silent_for=timedelta())
        job.heartbeat_at = timezone.now()
        job.save()
        self.assertEqual(self.run_command(MPAN, "--yes").code, 1)
        self.assertIs(self.is_stored(), True)
