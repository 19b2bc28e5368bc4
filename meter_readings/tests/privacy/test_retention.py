"""Retention: data older than the retention periods are deleted, and no others."""

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
    Correction,
    Finding,
    FlowFile,
    ImportJob,
    Meter,
    MeterPoint,
    MeterPointNote,
    Reading,
    SiteVisit,
)
from meter_readings.privacy import RetentionResult, Schedule
from meter_readings.queries import totals
from meter_readings.tests.importer.row_helpers import versions
from meter_readings.tests.importer.test_clear import OwnMedia, running_job
from meter_readings.tests.support.correction_helpers import correct
from meter_readings.tests.support.flow_file_builder import (
    EVERY_GROUP,
    flow_file,
    flow_file_of_readings,
    header_line,
)
from meter_readings.tests.support.import_helpers import NOW, import_text, imported

WITHOUT_LIMIT = Schedule(
    originals=0, rejected=0, import_jobs=0, readings=0, audit_events=0
)

LONG_AGO = NOW - timedelta(days=1000)
BAD = flow_file_of_readings("030|S|20240401000000|-1.0|||T|N|")


def apply(*, dry_run: bool = False, **days: int) -> RetentionResult:
    """Apply retention periods; those not given are without limit."""
    schedule = replace(WITHOUT_LIMIT, **days)
    return privacy.apply_retention(schedule=schedule, now=NOW, dry_run=dry_run)


def days_since(day: str) -> int:
    """Return the number of days since a day written as YYYYMMDD."""
    start = NOW.replace(
        year=int(day[:4]), month=int(day[4:6]), day=int(day[6:]), hour=0
    )
    return (NOW - start).days


def reading(day: str, value: str = "99.0") -> str:
    """Return a 030 line of a day."""
    return f"030|S|{day}000000|{value}|||T|N|"


class ScheduleTests(TestCase):
    def test_schedule_is_read_from_the_settings(self) -> None:
        with self.settings(
            RETENTION_ORIGINALS_DAYS=1,
            RETENTION_REJECTED_DAYS=2,
            RETENTION_IMPORT_JOBS_DAYS=3,
            RETENTION_READINGS_DAYS=40,
            RETENTION_AUDIT_EVENTS_DAYS=500,
            RETENTION_NOTIFICATIONS_DAYS=5,
        ):
            self.assertEqual(Schedule.from_settings(), Schedule(1, 2, 3, 40, 500, 5))

    def test_readings_have_no_retention_period_by_default(self) -> None:
        self.assertEqual(Schedule.from_settings().readings, 0)

    def test_periods_without_limit_delete_nothing(self) -> None:
        imported(EVERY_GROUP, now=LONG_AGO + timedelta(days=700))
        self.assertEqual(apply(), RetentionResult())


class SessionTests(TestCase):
    def test_expired_sessions_are_deleted(self) -> None:
        for hours in (-1, 1):
            Session.objects.create(
                session_key=str(hours),
                expire_date=timezone.now() + timedelta(hours=hours),
            )
        apply()
        self.assertEqual(Session.objects.get().session_key, "1")


class ReadingsTests(OwnMedia, TestCase):
    def test_old_readings_are_deleted_in_all_versions(self) -> None:
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

    def test_notes_older_than_the_period_of_readings_are_deleted(self) -> None:
        for days in (9, 11):
            MeterPointNote.objects.create(
                mpan="2000000000015",
                text=f"{days} days old",
                written_at=NOW - timedelta(days=days),
            )
        self.assertEqual(apply(readings=10).meter_point_notes, 1)
        self.assertEqual(MeterPointNote.objects.get().text, "9 days old")

    def test_corrections_are_deleted_with_the_last_of_their_readings(self) -> None:
        imported(flow_file_of_readings(reading("20240101"), reading("20240301")))
        first, second = Reading.objects.order_by("read_at")
        correct(first, value="98")
        correct(second, read_at=first.read_at + timedelta(days=1))
        result = apply(readings=days_since("20240201"))
        self.assertEqual((result.readings, result.corrections), (3, 1))
        self.assertEqual(Correction.objects.get().readings.count(), 1)

    def test_newer_readings_are_not_changed(self) -> None:
        imported(flow_file_of_readings(reading("20240101"), reading("20240301")))
        apply(readings=days_since("20240201"))
        (remaining,) = Reading.objects.all()
        self.assertEqual(
            (remaining.line_number, remaining.version_status), (5, "current")
        )

    def test_readings_at_the_start_of_the_period_are_not_deleted(self) -> None:
        imported(flow_file_of_readings(reading("20240301")))
        self.assertEqual(apply(readings=days_since("20240301") + 1).readings, 0)

    def test_unused_meters_and_meter_points_are_deleted(self) -> None:
        imported(flow_file_of_readings(reading("20240101")))
        result = apply(readings=days_since("20240201"))
        self.assertEqual((result.meters, result.meter_points), (1, 1))
        self.assertEqual((Meter.objects.count(), MeterPoint.objects.count()), (0, 0))

    def test_meters_with_other_readings_are_not_deleted(self) -> None:
        imported(flow_file_of_readings(reading("20240101"), reading("20240301")))
        self.assertEqual(apply(readings=days_since("20240201")).meters, 0)

    def test_site_visits_of_old_files_are_deleted(self) -> None:
        imported(EVERY_GROUP)  # created on 2 April 2024
        self.assertEqual(apply(readings=days_since("20240403")).site_visits, 3)
        self.assertIs(SiteVisit.objects.exists(), False)

    def test_site_visits_of_newer_files_are_not_deleted(self) -> None:
        imported(EVERY_GROUP)
        self.assertEqual(apply(readings=days_since("20240401")).site_visits, 0)

    def test_reading_period_deletes_originals_and_findings_of_old_files(self) -> None:
        imported(EVERY_GROUP)
        result = apply(readings=days_since("20240403"))
        self.assertEqual((result.originals, self.stored()), (1, []))
        self.assertIs(Finding.objects.exists(), False)

    def test_flow_file_counts_its_deleted_readings(self) -> None:
        file = imported(flow_file_of_readings(reading("20240101"), reading("20240301")))
        apply(readings=days_since("20240201"))
        file.refresh_from_db()
        self.assertEqual((file.readings_loaded, file.readings_deleted), (2, 1))
        self.assertEqual(totals.row_totals().readings, 1)

    def test_deleted_readings_are_not_imported_again_from_the_same_file(self) -> None:
        text = flow_file_of_readings(reading("20240101"))
        imported(text)
        apply(readings=days_since("20240201"))
        self.assertEqual(import_text(text).outcome, ImportJob.Outcome.ALREADY_IMPORTED)

    def test_remaining_readings_of_a_file_can_be_undone(self) -> None:
        text = flow_file_of_readings(reading("20240101"), reading("20240301"))
        file = imported(text)
        apply(readings=days_since("20240201"))
        self.assertEqual(importer.undo_import(flow_file=file, now=NOW).readings, 1)
        again = imported(text)
        self.assertEqual((again.pk, again.readings_deleted), (file.pk, 0))


class OriginalsTests(OwnMedia, TestCase):
    def test_old_originals_are_deleted_without_their_readings(self) -> None:
        file = imported(EVERY_GROUP)
        # As if it had been received long ago
        FlowFile.objects.update(received_at=LONG_AGO)
        result = apply(originals=999)
        self.assertEqual((result.originals, self.stored()), (1, []))
        self.assertEqual(file.readings.count(), 3)

    def test_findings_are_deleted_with_their_original(self) -> None:
        imported(EVERY_GROUP)
        count = Finding.objects.count()
        FlowFile.objects.update(received_at=LONG_AGO)
        self.assertEqual(apply(originals=999).findings, count)
        self.assertIs(Finding.objects.exists(), False)

    def test_originals_of_newer_files_are_not_deleted(self) -> None:
        imported(EVERY_GROUP)
        self.assertEqual(apply(originals=999).originals, 0)
        self.assertEqual(len(self.stored()), 1)

    def test_original_period_does_not_apply_to_rejected_files(self) -> None:
        import_text(BAD)
        FlowFile.objects.update(received_at=LONG_AGO)
        self.assertEqual(apply(originals=999).originals, 0)

    def test_opening_a_deleted_original_reports_the_retention_period(self) -> None:
        file = imported(EVERY_GROUP)
        FlowFile.objects.update(received_at=LONG_AGO)
        apply(originals=999)
        file.refresh_from_db()
        with self.assertRaisesMessage(
            importer.OriginalMissing, "deleted after its retention period"
        ):
            importer.open_original(flow_file=file)

    def test_deleted_originals_are_not_counted_again(self) -> None:
        imported(EVERY_GROUP)
        FlowFile.objects.update(received_at=LONG_AGO)
        apply(originals=999)
        self.assertEqual(apply(originals=999), RetentionResult())

    def test_next_run_deletes_files_that_an_interrupted_run_left(self) -> None:
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
        """Import a file as if long ago, and return it."""
        file = import_text(text, **options).flow_file
        assert file is not None
        FlowFile.objects.update(received_at=LONG_AGO)
        ImportJob.objects.update(started_at=LONG_AGO)
        return file

    def test_old_rejected_files_are_deleted_with_findings_and_originals(self) -> None:
        self.old(BAD)
        result = apply(rejected=999)
        self.assertEqual((result.rejected_files, result.findings), (1, 1))
        self.assertEqual((FlowFile.objects.count(), self.stored()), (0, []))

    def test_import_job_of_a_deleted_rejected_file_stays(self) -> None:
        self.old(BAD)
        apply(rejected=999)
        self.assertIsNone(ImportJob.objects.get().flow_file)

    def test_old_undone_files_are_deleted(self) -> None:
        file = self.old(EVERY_GROUP)
        importer.undo_import(flow_file=file, now=LONG_AGO)
        self.assertEqual(apply(rejected=999).rejected_files, 1)

    def test_undone_files_with_a_recent_job_are_not_deleted(self) -> None:
        importer.undo_import(flow_file=self.old(EVERY_GROUP), now=NOW)
        self.assertEqual(apply(rejected=999).rejected_files, 0)

    def test_rejected_period_does_not_apply_to_imported_files(self) -> None:
        self.old(EVERY_GROUP)
        self.assertEqual(apply(rejected=999).rejected_files, 0)


class ImportJobsTests(TestCase):
    def test_old_import_jobs_are_deleted(self) -> None:
        imported(EVERY_GROUP)
        ImportJob.objects.update(started_at=LONG_AGO)
        imported(EVERY_GROUP.replace("TEST000001", "TEST000002"), "later.uff")
        self.assertEqual(apply(import_jobs=999).import_jobs, 1)
        self.assertEqual(ImportJob.objects.get().filename, "later.uff")


class ApplyRetentionTests(OwnMedia, TestCase):
    def test_dry_run_counts_and_deletes_nothing(self) -> None:
        imported(EVERY_GROUP)
        result = apply(readings=30, dry_run=True)
        self.assertEqual(result.readings, 3)
        self.assertEqual((Reading.objects.count(), len(self.stored())), (3, 1))

    def test_retention_is_refused_while_a_file_is_imported(self) -> None:
        imported(EVERY_GROUP)
        running_job(silent_for=timedelta(seconds=5))
        with self.assertRaises(importer.ImportRunning):
            apply(readings=30)
        self.assertEqual(Reading.objects.count(), 3)

    def test_number_of_queries_does_not_depend_on_the_number_of_files(self) -> None:
        counts = []
        for file_count in 1, 10:
            for number in range(file_count):
                self.import_two_files(f"TEST{file_count}{number:05}")
            with CaptureQueriesContext(connection) as queries:
                privacy.apply_retention(schedule=Schedule(1, 1, 1, 30, 365), now=NOW)
            counts.append(len(queries))
        self.assertEqual(*counts)

    def import_two_files(self, identifier: str) -> None:
        """Import a valid and an invalid file as if long ago."""
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
