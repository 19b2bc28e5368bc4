"""The retention schedule: what is older than it is kept goes, and nothing else."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any
from unittest.mock import patch

from django.contrib.sessions.models import Session
from django.db import connection
from django.test import TestCase
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from meter_readings import importer, privacy
from meter_readings.models import (
    Finding,
    FlowFile,
    ImportJob,
    Meter,
    MeterPoint,
    Reading,
    SiteVisit,
)
from meter_readings.privacy import RetentionResult, Schedule
from meter_readings.queries import totals
from meter_readings.tests.flow_file_builder import (
    EVERY_GROUP,
    flow_file,
    flow_file_of_readings,
    header_line,
)
from meter_readings.tests.import_helpers import NOW, import_text, imported
from meter_readings.tests.importer.row_helpers import versions
from meter_readings.tests.importer.test_clear import OwnMedia, running_job

FOR_EVER = Schedule(originals=0, rejected=0, import_jobs=0, readings=0)

LONG_AGO = NOW - timedelta(days=1000)
BAD = flow_file_of_readings("030|S|20240401000000|-1.0|||T|N|")


def apply(*, dry_run: bool = False, **days: int) -> RetentionResult:
    """Apply a schedule that keeps for ever what is not named."""
    schedule = replace(FOR_EVER, **days)
    return privacy.apply_retention(schedule=schedule, now=NOW, dry_run=dry_run)


def days_since(day: str) -> int:
    """Return how many days ago a day of 2024 to 2026 began, written as YYYYMMDD."""
    began = NOW.replace(
        year=int(day[:4]), month=int(day[4:6]), day=int(day[6:]), hour=0
    )
    return (NOW - began).days


def reading(day: str, value: str = "99.0") -> str:
    """Return a 030 of a day."""
    return f"030|S|{day}000000|{value}|||T|N|"


class ScheduleTests(TestCase):
    def test_schedule_is_that_of_the_settings(self) -> None:
        with self.settings(
            RETENTION_ORIGINALS_DAYS=1,
            RETENTION_REJECTED_DAYS=2,
            RETENTION_IMPORT_JOBS_DAYS=3,
            RETENTION_READINGS_DAYS=40,
        ):
            self.assertEqual(Schedule.from_settings(), Schedule(1, 2, 3, 40))

    def test_schedule_keeps_readings_for_ever_unless_it_is_told_otherwise(self) -> None:
        self.assertEqual(Schedule.from_settings().readings, 0)

    def test_that_keeps_all_for_ever_removes_nothing(self) -> None:
        imported(EVERY_GROUP, now=LONG_AGO + timedelta(days=700))
        self.assertEqual(apply(), RetentionResult())


class SessionTests(TestCase):
    def test_deletes_expired_sessions(self) -> None:
        for hours in (-1, 1):
            Session.objects.create(
                session_key=str(hours),
                expire_date=timezone.now() + timedelta(hours=hours),
            )
        apply()
        self.assertEqual(Session.objects.get().session_key, "1")


class ReadingsTests(OwnMedia, TestCase):
    def test_readings_go_with_all_their_versions_when_they_are_old(self) -> None:
        imported(flow_file_of_readings(reading("20240101"), reading("20240301")))
        corrected = header_line(
            file_identifier="TEST000002", created_at="20240402091501"
        )
        correction = flow_file_of_readings(
            reading("20240101", "98.0"), reading("20240301", "97.0"), header=corrected
        )
        imported(correction, "correction.uff")
        result = apply(readings=days_since("20240201"))
        self.assertEqual(result.readings, 2)
        self.assertEqual(versions(), ["superseded", "current"])

    def test_readings_leave_what_is_younger_as_it_stood(self) -> None:
        imported(flow_file_of_readings(reading("20240101"), reading("20240301")))
        apply(readings=days_since("20240201"))
        (left,) = Reading.objects.all()
        self.assertEqual((left.line_number, left.version_status), (5, "current"))

    def test_readings_of_the_day_on_which_it_begins_stay(self) -> None:
        imported(flow_file_of_readings(reading("20240301")))
        self.assertEqual(apply(readings=days_since("20240301") + 1).readings, 0)

    def test_readings_take_meters_and_meter_points_with_them_that_nothing_else_names(
        self,
    ) -> None:
        imported(flow_file_of_readings(reading("20240101")))
        result = apply(readings=days_since("20240201"))
        self.assertEqual((result.meters, result.meter_points), (1, 1))
        self.assertEqual((Meter.objects.count(), MeterPoint.objects.count()), (0, 0))

    def test_readings_leave_the_meters_that_something_else_names(self) -> None:
        imported(flow_file_of_readings(reading("20240101"), reading("20240301")))
        self.assertEqual(apply(readings=days_since("20240201")).meters, 0)

    def test_readings_take_the_site_visits_of_files_as_old(self) -> None:
        imported(EVERY_GROUP)  # of 2 April 2024
        self.assertEqual(apply(readings=days_since("20240403")).site_visits, 3)
        self.assertIs(SiteVisit.objects.exists(), False)

    def test_readings_leave_the_site_visits_of_younger_files(self) -> None:
        imported(EVERY_GROUP)
        self.assertEqual(apply(readings=days_since("20240401")).site_visits, 0)

    def test_readings_take_the_originals_and_reports_of_files_as_old(self) -> None:
        imported(EVERY_GROUP)
        result = apply(readings=days_since("20240403"))
        self.assertEqual((result.originals, self.stored()), (1, []))
        self.assertIs(Finding.objects.exists(), False)

    def test_readings_are_remembered_by_their_file_as_gone(self) -> None:
        file = imported(flow_file_of_readings(reading("20240101"), reading("20240301")))
        apply(readings=days_since("20240201"))
        file.refresh_from_db()
        self.assertEqual((file.readings_loaded, file.readings_deleted), (2, 1))
        self.assertEqual(totals.row_totals().readings, 1)

    def test_readings_do_not_come_back_by_the_same_file(self) -> None:
        text = flow_file_of_readings(reading("20240101"))
        imported(text)
        apply(readings=days_since("20240201"))
        self.assertEqual(import_text(text).outcome, ImportJob.Outcome.ALREADY_IMPORTED)

    def test_that_are_left_can_be_undone(self) -> None:
        text = flow_file_of_readings(reading("20240101"), reading("20240301"))
        file = imported(text)
        apply(readings=days_since("20240201"))
        self.assertEqual(importer.undo_import(flow_file=file, now=NOW).readings, 1)
        again = imported(text)
        self.assertEqual((again.pk, again.readings_deleted), (file.pk, 0))


class OriginalsTests(OwnMedia, TestCase):
    def test_originals_go_when_they_are_old_and_the_readings_stay(self) -> None:
        file = imported(EVERY_GROUP)
        # As if it had come long ago
        FlowFile.objects.update(received_at=LONG_AGO)
        result = apply(originals=999)
        self.assertEqual((result.originals, self.stored()), (1, []))
        self.assertEqual(file.readings.count(), 3)

    def test_originals_go_with_what_was_found_in_them(self) -> None:
        imported(EVERY_GROUP)
        found = Finding.objects.count()
        FlowFile.objects.update(received_at=LONG_AGO)
        self.assertEqual(apply(originals=999).findings, found)
        self.assertIs(Finding.objects.exists(), False)

    def test_originals_stay_of_a_file_that_came_later(self) -> None:
        imported(EVERY_GROUP)
        self.assertEqual(apply(originals=999).originals, 0)
        self.assertEqual(len(self.stored()), 1)

    def test_originals_of_files_that_were_rejected_are_not_theirs(self) -> None:
        import_text(BAD)
        FlowFile.objects.update(received_at=LONG_AGO)
        self.assertEqual(apply(originals=999).originals, 0)

    def test_that_are_gone_are_said_to_be(self) -> None:
        file = imported(EVERY_GROUP)
        FlowFile.objects.update(received_at=LONG_AGO)
        apply(originals=999)
        file.refresh_from_db()
        with self.assertRaisesMessage(
            importer.OriginalMissing, "deleted after its retention period"
        ):
            importer.open_original(flow_file=file)

    def test_originals_are_counted_once(self) -> None:
        imported(EVERY_GROUP)
        FlowFile.objects.update(received_at=LONG_AGO)
        apply(originals=999)
        self.assertEqual(apply(originals=999), RetentionResult())

    def test_left_by_a_removal_that_was_broken_off_go_with_the_next(self) -> None:
        imported(EVERY_GROUP)
        FlowFile.objects.update(received_at=LONG_AGO)
        name = "meter_readings.importer.delete_unreferenced_files"
        with patch(name, side_effect=OSError), self.assertRaises(OSError):
            apply(originals=999)
        self.assertEqual(len(self.stored()), 1)
        apply(originals=999)
        self.assertEqual(self.stored(), [])


class RejectedTests(OwnMedia, TestCase):
    def old(self, text: str, **options: Any) -> FlowFile:
        """Return a file with which nobody has dealt for long."""
        file = import_text(text, **options).flow_file
        assert file is not None
        FlowFile.objects.update(received_at=LONG_AGO)
        ImportJob.objects.update(started_at=LONG_AGO)
        return file

    def test_rejected_go_with_their_reports_and_bytes(self) -> None:
        self.old(BAD)
        result = apply(rejected=999)
        self.assertEqual((result.rejected_files, result.findings), (1, 1))
        self.assertEqual((FlowFile.objects.count(), self.stored()), (0, []))

    def test_rejected_leave_the_attempt_to_import_them(self) -> None:
        self.old(BAD)
        apply(rejected=999)
        self.assertIsNone(ImportJob.objects.get().flow_file)

    def test_rejected_are_those_that_were_undone_too(self) -> None:
        file = self.old(EVERY_GROUP)
        importer.undo_import(flow_file=file, now=LONG_AGO)
        self.assertEqual(apply(rejected=999).rejected_files, 1)

    def test_rejected_stay_where_somebody_dealt_with_them_lately(self) -> None:
        importer.undo_import(flow_file=self.old(EVERY_GROUP), now=NOW)
        self.assertEqual(apply(rejected=999).rejected_files, 0)

    def test_rejected_are_never_files_that_are_held(self) -> None:
        self.old(EVERY_GROUP)
        self.assertEqual(apply(rejected=999).rejected_files, 0)


class ImportJobsTests(TestCase):
    def test_import_jobs_go_when_they_are_old(self) -> None:
        imported(EVERY_GROUP)
        ImportJob.objects.update(started_at=LONG_AGO)
        imported(EVERY_GROUP.replace("TEST000001", "TEST000002"), "later.uff")
        self.assertEqual(apply(import_jobs=999).import_jobs, 1)
        self.assertEqual(ImportJob.objects.get().filename, "later.uff")


class AllOfItTests(OwnMedia, TestCase):
    def test_only_says_what_would_go(self) -> None:
        imported(EVERY_GROUP)
        result = apply(readings=30, dry_run=True)
        self.assertEqual(result.readings, 3)
        self.assertEqual((Reading.objects.count(), len(self.stored())), (3, 1))

    def test_all_of_it_is_refused_while_a_file_is_imported(self) -> None:
        imported(EVERY_GROUP)
        running_job(silent_for=timedelta(seconds=5))
        with self.assertRaises(importer.ImportRunning):
            apply(readings=30)
        self.assertEqual(Reading.objects.count(), 3)

    def test_all_of_it_asks_as_much_for_much_as_for_little(self) -> None:
        counts = []
        for file_count in 1, 10:
            for number in range(file_count):
                self.bring_in(f"TEST{file_count}{number:05}")
            with CaptureQueriesContext(connection) as asked:
                privacy.apply_retention(schedule=Schedule(1, 1, 1, 30), now=NOW)
            counts.append(len(asked))
        self.assertEqual(*counts)

    def bring_in(self, identifier: str) -> None:
        """Import a file and have another rejected, both long ago."""
        header = header_line(file_identifier=identifier)
        good = flow_file(
            f"""
            026|2000000000015|V|
            027|02|{identifier}|
            028|{identifier}|R|
            030|S|20240401000000|99.0|||T|N|
            """,
            header=header,
        )
        imported(good, f"{identifier}.uff")
        import_text(good.replace("99.0", "-1.0"), f"{identifier}-bad.uff")
        FlowFile.objects.update(received_at=LONG_AGO)
        ImportJob.objects.update(started_at=LONG_AGO)
