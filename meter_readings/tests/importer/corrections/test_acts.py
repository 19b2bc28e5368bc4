"""Tests of what users do with single readings."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any
from unittest.mock import patch

from django.contrib.auth.models import User
from django.db import IntegrityError, connections, transaction
from django.test import TestCase, TransactionTestCase

from meter_readings.importer import (
    ChangedSincePreview,
    ImportLockTimeout,
    InvalidCorrection,
    undo_import,
)
from meter_readings.importer.corrections import acts
from meter_readings.importer.staging import open_staging
from meter_readings.models import (
    AuditEvent,
    Correction,
    DataVersion,
    FlowFile,
    Meter,
    MeterPoint,
    Reading,
)
from meter_readings.tests.importer.row_helpers import versions
from meter_readings.tests.importer.test_version_resolution import file_of
from meter_readings.tests.support.correction_helpers import (
    REASON,
    add,
    correct,
    undo,
    withdraw,
)
from meter_readings.tests.support.import_helpers import NOW, imported

READ_AT = datetime(2024, 3, 31, 23, tzinfo=UTC)
LATER = datetime(2024, 5, 1, 12, tzinfo=UTC)


class CorrectionTestCase(TestCase):
    """One file with one reading of 100.0; its user is alice."""

    @classmethod
    def setUpTestData(cls) -> None:
        cls.file = imported(file_of(2, "V R 100.0"))
        cls.alice = User.objects.create_user("alice")

    @property
    def current(self) -> Reading:
        return Reading.objects.current().get()

    @property
    def meter(self) -> Meter:
        return Meter.objects.get()

    def load(self, day: int, *file_versions: str) -> FlowFile:
        return imported(file_of(day, *file_versions), allow_same_name=True)

    def values(self) -> list[tuple[str, str]]:
        """Return the version status and value of each version, in version order."""
        return [(status, f"{value:.1f}") for status, value in versions("value")]


class CorrectTests(CorrectionTestCase):
    def test_corrected_value_is_current_and_the_received_one_superseded(self) -> None:
        correct(self.current, value="110")
        self.assertEqual(self.values(), [("superseded", "100.0"), ("current", "110.0")])

    def test_received_reading_is_not_changed_but_for_its_status(self) -> None:
        names = [
            field.name
            for field in Reading._meta.concrete_fields
            if field.name not in ("version_status", "changed_at")
        ]
        before = Reading.objects.values(*names).get()
        correct(self.current, value="110")
        received = Reading.objects.values(*names).get(correction=None)
        self.assertEqual(received, before)

    def test_correction_has_reason_user_time_and_the_value_before(self) -> None:
        correct(self.current, value="110", reason=f"  {REASON} ", user=self.alice)
        correction = Correction.objects.get()
        self.assertEqual(
            (
                correction.kind,
                correction.reason,
                correction.created_by,
                correction.created_at,
                correction.corrected_value,
            ),
            ("correct", REASON, self.alice, NOW, Decimal("100")),
        )

    def test_corrected_reading_keeps_type_validation_status_and_method(self) -> None:
        correct(self.current, value="110")
        reading = self.current
        self.assertEqual(
            (
                reading.reading_type,
                reading.bsc_validation_status,
                reading.reading_method,
                reading.meter_reading_flag,
                reading.flow_file,
            ),
            ("R", "V", "N", True, None),
        )

    def test_other_time_withdraws_the_reading_and_adds_it_there(self) -> None:
        correct(self.current, read_at=LATER)
        rows = Reading.objects.order_by("pk").values_list(
            "version_status", "reading_type", "read_at"
        )
        self.assertEqual(
            list(rows),
            [
                ("withdrawn", "R", READ_AT),
                ("withdrawn", "W", READ_AT),
                ("current", "R", LATER),
            ],
        )

    def test_other_register_withdraws_the_reading_and_adds_it_there(self) -> None:
        correct(self.current, register_id="DY")
        self.assertEqual(self.current.register_id, "DY")
        withdrawn = Reading.objects.filter(version_status="withdrawn")
        self.assertEqual({each.register_id for each in withdrawn}, {"S"})

    def test_reading_can_be_made_suspect_and_valid_again(self) -> None:
        correct(self.current, is_valid=False)
        self.assertIs(self.current.is_suspect, True)
        correct(self.current, is_valid=True)
        self.assertIs(self.current.is_suspect, False)

    def test_reason_of_a_failed_check_is_kept_until_the_reading_is_valid(self) -> None:
        text = file_of(3, "V R 100.0").replace("|T|N|", "|F|N|\n032|05|F|")
        imported(text, allow_same_name=True)
        correct(self.current, value="110")
        self.assertEqual(self.current.reason_code, "05")
        correct(self.current, is_valid=True)
        self.assertEqual(self.current.reason_code, "")

    def test_correction_can_be_corrected(self) -> None:
        correct(self.current, value="110")
        correct(self.current, value="100")
        self.assertEqual(
            self.values(),
            [("superseded", "100.0"), ("superseded", "110.0"), ("current", "100.0")],
        )

    def test_version_that_is_not_current_cannot_be_corrected(self) -> None:
        reading = self.current
        correct(reading, value="110")
        with self.assertRaisesMessage(InvalidCorrection, "is not current"):
            correct(reading, value="120")

    def test_correction_that_changes_nothing_is_rejected(self) -> None:
        with self.assertRaisesMessage(InvalidCorrection, "Nothing differs"):
            correct(self.current, value="100.000")

    def test_reading_cannot_be_moved_to_the_time_of_another(self) -> None:
        add(self.meter, "120.5", LATER)
        message = "Register S has a reading of 120.5 at this time."
        with self.assertRaisesMessage(InvalidCorrection, message):
            correct(Reading.objects.get(correction=None), read_at=LATER)


class AddTests(CorrectionTestCase):
    def test_added_reading_is_an_unvalidated_customer_reading(self) -> None:
        add(self.meter, "120", LATER)
        reading = Reading.objects.get(read_at=LATER)
        self.assertEqual(
            (reading.reading_type, reading.bsc_validation_status, reading.basis),
            ("C", "U", "customer"),
        )

    def test_added_reading_can_be_suspect(self) -> None:
        add(self.meter, "120", LATER, is_valid=False)
        self.assertIs(Reading.objects.get(read_at=LATER).is_suspect, True)

    def test_reading_is_not_added_where_there_is_one(self) -> None:
        with self.assertRaisesMessage(InvalidCorrection, "Correct that reading"):
            add(self.meter, "120", READ_AT)
        self.assertFalse(Correction.objects.exists())

    def test_reading_can_be_added_where_all_versions_are_withdrawn(self) -> None:
        withdraw(self.current)
        add(self.meter, "120", READ_AT)
        self.assertEqual(self.current.value, 120)

    def test_reading_of_a_year_without_readings_is_added(self) -> None:
        add(self.meter, "50", datetime(2013, 1, 1, tzinfo=UTC))
        self.assertEqual(Reading.objects.filter(read_at__year=2013).count(), 1)

    def test_reading_of_a_meter_that_is_gone_is_not_added(self) -> None:
        meter = self.meter
        undo_import(flow_file=self.file, now=NOW)
        with self.assertRaisesMessage(InvalidCorrection, "no longer stored"):
            add(meter, "120", LATER)


class RuleTests(CorrectionTestCase):
    def assert_rejected(self, field: str, **options: Any) -> None:
        """Assert that a reading with these values is not added, for one field."""
        values = {"value": "120", "read_at": LATER} | options
        with self.assertRaises(InvalidCorrection) as caught:
            add(self.meter, **values)
        self.assertEqual(caught.exception.field, field)

    def test_impossible_values_are_rejected(self) -> None:
        for value in "-1", "1000000000", "1.0001", "NaN", "Infinity":
            with self.subTest(value):
                self.assert_rejected("value", value=value)

    def test_impossible_registers_are_rejected(self) -> None:
        for register_id in "", "ABC", " ", "S ", "A|", "\n":
            with self.subTest(register_id):
                self.assert_rejected("register_id", register_id=register_id)

    def test_time_in_the_future_is_rejected(self) -> None:
        self.assert_rejected("read_at", read_at=NOW + timedelta(seconds=1))

    def test_year_before_those_of_the_catalogue_is_rejected(self) -> None:
        self.assert_rejected("read_at", read_at=datetime(1949, 6, 1, tzinfo=UTC))

    def test_withdrawal_and_unknown_codes_are_no_types_to_add(self) -> None:
        for reading_type in "W", "?", "":
            with self.subTest(reading_type):
                self.assert_rejected("reading_type", reading_type=reading_type)

    def test_blank_reason_is_rejected(self) -> None:
        self.assert_rejected("reason", reason=" \n")


class WithdrawTests(CorrectionTestCase):
    def test_withdrawal_withdraws_all_versions(self) -> None:
        self.load(3, "V R 101.0")
        withdraw(self.current)
        self.assertEqual([status for status, _ in self.values()], ["withdrawn"] * 3)

    def test_withdrawn_version_cannot_be_withdrawn_again(self) -> None:
        reading = self.current
        withdraw(reading)
        with self.assertRaisesMessage(InvalidCorrection, "is not current"):
            withdraw(reading)


class UndoTests(CorrectionTestCase):
    def test_undo_makes_the_received_reading_current_again(self) -> None:
        undo(correct(self.current, value="110").correction)
        self.assertEqual(self.values(), [("current", "100.0"), ("withdrawn", "110.0")])

    def test_undo_of_a_move_brings_the_reading_back(self) -> None:
        undo(correct(self.current, read_at=LATER).correction)
        self.assertEqual(self.current.read_at, READ_AT)

    def test_undo_of_a_withdrawal_makes_the_reading_current_again(self) -> None:
        undo(withdraw(self.current).correction)
        self.assertEqual(self.values()[0], ("current", "100.0"))

    def test_undo_of_an_addition_withdraws_it(self) -> None:
        undo(add(self.meter, "120", LATER).correction)
        self.assertEqual(Reading.objects.get(read_at=LATER).version_status, "withdrawn")

    def test_undone_correction_stays_with_user_and_time(self) -> None:
        undo(correct(self.current, value="110").correction, user=self.alice)
        correction = Correction.objects.get()
        self.assertEqual(
            (correction.undone_by, correction.undone_at), (self.alice, NOW)
        )

    def test_correction_is_undone_once(self) -> None:
        correction = correct(self.current, value="110").correction
        undo(correction)
        with self.assertRaisesMessage(InvalidCorrection, "already undone"):
            undo(correction)

    def test_later_correction_of_the_reading_is_undone_first(self) -> None:
        first = correct(self.current, read_at=LATER).correction
        second = correct(self.current, value="110").correction
        with self.assertRaisesMessage(InvalidCorrection, "Undo the later correction"):
            undo(first)
        undo(second)
        undo(first)
        self.assertEqual(self.current.read_at, READ_AT)

    def test_correction_without_readings_cannot_be_undone(self) -> None:
        correction = Correction.objects.create(
            kind="add", reason=REASON, created_at=NOW
        )
        with self.assertRaisesMessage(InvalidCorrection, "no longer stored"):
            undo(correction)

    def test_reading_can_be_corrected_after_an_undo(self) -> None:
        undo(correct(self.current, value="110").correction)
        correct(self.current, value="120")
        self.assertEqual(self.current.value, 120)


class FilesTests(CorrectionTestCase):
    """Files that arrive, or are undone, after a correction."""

    def test_later_file_does_not_displace_a_correction(self) -> None:
        correct(self.current, value="110")
        self.load(3, "V R 130.0")
        self.assertEqual(
            self.values(),
            [("superseded", "100.0"), ("superseded", "130.0"), ("current", "110.0")],
        )

    def test_later_file_with_the_corrected_value_does_not_displace_it(self) -> None:
        correct(self.current, value="110")
        self.load(3, "V R 110.0")
        self.assertEqual(self.values()[-1], ("current", "110.0"))
        self.assertIsNone(self.current.flow_file)

    def test_later_file_counts_when_the_correction_is_undone(self) -> None:
        correction = correct(self.current, value="110").correction
        self.load(3, "V R 130.0")
        undo(correction)
        self.assertEqual(self.current.value, 130)

    def test_later_withdrawal_of_a_file_leaves_the_correction(self) -> None:
        correct(self.current, value="110")
        self.load(3, "V W 100.0")
        self.assertEqual(
            self.values(),
            [("withdrawn", "100.0"), ("withdrawn", "100.0"), ("current", "110.0")],
        )

    def test_later_file_does_not_bring_back_a_withdrawn_reading(self) -> None:
        withdraw(self.current)
        self.load(3, "V R 130.0")
        self.assertEqual([status for status, _ in self.values()], ["withdrawn"] * 3)

    def test_unvalidated_correction_counts_over_a_validated_reading(self) -> None:
        withdraw(self.current)
        add(self.meter, "120", READ_AT)
        self.load(3, "V R 130.0")
        self.assertEqual(self.current.value, 120)

    def test_undoing_the_import_leaves_the_correction_with_its_meter(self) -> None:
        correct(self.current, value="110")
        undo_import(flow_file=self.file, now=NOW)
        self.assertEqual(self.values(), [("current", "110.0")])
        self.assertTrue(MeterPoint.objects.exists())

    def test_importing_the_file_again_supersedes_it_again(self) -> None:
        correct(self.current, value="110")
        undo_import(flow_file=self.file, now=NOW)
        self.load(2, "V R 100.0")
        self.assertEqual(self.values(), [("superseded", "100.0"), ("current", "110.0")])


class ChangeTests(CorrectionTestCase):
    """What a consumer of changes, and a cached answer, know of a correction."""

    def test_both_versions_have_the_time_of_the_change(self) -> None:
        before = self.current.changed_at
        correct(self.current, value="110")
        times = {reading.changed_at for reading in Reading.objects.all()}
        self.assertEqual(times, {Correction.objects.get().changed_at})
        self.assertGreater(min(times), before)

    def test_undo_has_a_later_time_of_change(self) -> None:
        correction = correct(self.current, value="110").correction
        undo(correction)
        self.assertGreater(Correction.objects.get().changed_at, correction.changed_at)
        times = {reading.changed_at for reading in Reading.objects.all()}
        self.assertEqual(times, {Correction.objects.get().changed_at})

    def test_import_after_a_correction_has_a_later_time_of_change(self) -> None:
        future = NOW + timedelta(days=3650)
        correct(self.current, value="110")
        Correction.objects.update(changed_at=future)
        self.assertGreater(self.load(3, "V R 130.0").changed_at, future)

    def test_correction_renews_the_data_version(self) -> None:
        before = DataVersion.objects.current_text()
        correct(self.current, value="110")
        self.assertNotEqual(DataVersion.objects.current_text(), before)

    def test_each_act_is_in_the_audit_trail_with_its_meter_point(self) -> None:
        undo(correct(self.current, value="110").correction)
        withdraw(self.current)
        add(self.meter, "120", LATER)
        events = AuditEvent.objects.filter(object_label="2000000000015").order_by("pk")
        self.assertEqual(
            [event.action for event in events],
            ["correct-reading", "undo-correction", "withdraw-reading", "add-reading"],
        )


class DryRunTests(CorrectionTestCase):
    def test_dry_run_changes_nothing_and_returns_the_same_effects(self) -> None:
        before = DataVersion.objects.current_text()
        seen = correct(self.current, value="110", dry_run=True).effects
        self.assertEqual(self.values(), [("current", "100.0")])
        self.assertFalse(Correction.objects.exists())
        self.assertFalse(AuditEvent.objects.filter(action="correct-reading").exists())
        self.assertEqual(DataVersion.objects.current_text(), before)
        done = correct(self.current, value="110").effects
        self.assertEqual(done.digest, seen.digest)

    def test_act_with_the_effects_that_were_seen_is_done(self) -> None:
        seen = correct(self.current, value="110", dry_run=True).effects.digest
        correct(self.current, value="110", expected=seen)
        self.assertEqual(self.current.value, 110)

    def test_act_with_other_effects_than_were_seen_is_not_done(self) -> None:
        seen = correct(self.current, value="110", dry_run=True).effects.digest
        add(self.meter, "90", READ_AT - timedelta(days=30))
        with self.assertRaises(ChangedSincePreview):
            correct(Reading.objects.get(read_at=READ_AT), value="110", expected=seen)
        self.assertEqual(Reading.objects.get(read_at=READ_AT).value, 100)


class ConstraintTests(CorrectionTestCase):
    def test_reading_has_a_file_or_a_correction(self) -> None:
        correct(self.current, value="110")
        for change in {"flow_file": self.file}, {"correction": None}:
            with self.assertRaises(IntegrityError), transaction.atomic():
                Reading.objects.filter(correction__isnull=False).update(**change)

    def test_correction_has_a_reason(self) -> None:
        with self.assertRaises(IntegrityError):
            Correction.objects.create(kind="add", reason="", created_at=NOW)


class LockTests(TransactionTestCase):
    def test_correction_waits_for_an_import_only_for_a_short_time(self) -> None:
        imported(file_of(2, "V R 100.0"))
        reading = Reading.objects.get()
        is_locked, is_over = threading.Event(), threading.Event()

        def hold_the_lock() -> None:
            with open_staging() as staging, staging.transaction():
                is_locked.set()
                is_over.wait(30)
            connections.close_all()

        with ThreadPoolExecutor(1) as pool, patch.object(acts, "_LOCK_TIMEOUT", 0.1):
            holder = pool.submit(hold_the_lock)
            is_locked.wait(30)
            try:
                with self.assertRaises(ImportLockTimeout):
                    correct(reading, value="110")
            finally:
                is_over.set()
            holder.result()
        self.assertEqual(Reading.objects.count(), 1)
