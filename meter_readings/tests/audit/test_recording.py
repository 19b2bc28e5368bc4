"""Tests of what is recorded, and of what happens when it cannot be recorded."""

from __future__ import annotations

import time
from unittest import skipUnless
from unittest.mock import patch

from django.db import DatabaseError, connection
from django.test import TestCase, TransactionTestCase

from meter_readings import audit, importer, privacy
from meter_readings.models import (
    AuditEvent,
    FlowFile,
    ImportJob,
    MeterPoint,
    Reading,
    SubjectRequest,
    pseudonymise_mpan,
)
from meter_readings.tests.importer.test_clear import OwnMedia
from meter_readings.tests.support.flow_file_builder import flow_file_of_readings
from meter_readings.tests.support.import_helpers import NOW, import_text, imported

LOG = "meter_readings.audit.recording"
MPAN = "2000000000015"
GOOD = flow_file_of_readings("030|S|20240401000000|1.0|||T|N|")
BAD = flow_file_of_readings("030|S|20240401000000|-1.0|||T|N|")
_Action = AuditEvent.Action


def latest() -> AuditEvent:
    return AuditEvent.objects.order_by("-pk")[0]


class RecordTests(TestCase):
    def test_an_object_is_named_by_the_field_that_people_know(self) -> None:
        point = MeterPoint.objects.create(mpan=MPAN)
        audit.record(_Action.LOOK_UP, point)
        event = latest()
        self.assertEqual(
            (event.object_type, event.object_id, event.object_label),
            ("meterpoint", point.pk, MPAN),
        )

    def test_many_objects_have_a_type_and_no_id(self) -> None:
        audit.record(_Action.EXPORT, Reading)
        self.assertEqual((latest().object_type, latest().object_id), ("reading", None))

    def test_an_error_of_the_database_is_raised_for_a_change(self) -> None:
        broken = patch.object(AuditEvent, "save", side_effect=DatabaseError)
        with broken, self.assertRaises(DatabaseError):
            audit.record(_Action.CLEAR)


class RecordAccessTests(TestCase):
    def test_a_page_is_shown_although_its_event_cannot_be_stored(self) -> None:
        point = MeterPoint.objects.create(mpan=MPAN)
        broken = patch.object(AuditEvent, "save", side_effect=DatabaseError)
        with broken, self.assertLogs(LOG, "WARNING") as logs:
            audit.record_access(_Action.LOOK_UP, point)
        fields = vars(logs.records[0])["fields"]
        self.assertEqual(
            (fields["action"], fields["object_type"], fields["object_id"]),
            ("look-up", "meterpoint", point.pk),
        )
        self.assertNotIn(MPAN, str(fields))


@skipUnless(connection.vendor == "sqlite", "Only SQLite has one lock for all.")
class WhileLockedTests(TransactionTestCase):
    def test_an_access_is_logged_after_a_second_during_a_long_load(self) -> None:
        other = connection.copy()
        self.addCleanup(other.close)
        start = time.monotonic()
        with other.cursor() as load, self.assertLogs(LOG, "WARNING"):
            load.execute("BEGIN IMMEDIATE")
            audit.record_access(_Action.LOOK_UP, Reading)
            load.execute("ROLLBACK")
        self.assertLess(time.monotonic() - start, 5)
        self.assertIs(AuditEvent.objects.exists(), False)


class ImporterTests(OwnMedia, TestCase):
    def test_an_import_is_recorded_with_its_job_and_counts(self) -> None:
        file = imported(GOOD)
        event = AuditEvent.objects.get()
        self.assertEqual(
            (event.action, event.object_id, event.object_label),
            ("import", file.pk, "sample.uff"),
        )
        job = ImportJob.objects.get()
        self.assertEqual(
            event.details
            | {"job": job.pk, "outcome": "imported", "readings_loaded": 1},
            event.details,
        )
        self.assertEqual(event.details["sha256"], file.sha256)

    def test_a_rejected_file_is_recorded(self) -> None:
        import_text(BAD)
        event = AuditEvent.objects.get()
        self.assertEqual(
            (event.action, event.details["outcome"]), ("import", "rejected")
        )

    def test_a_file_that_is_not_stored_is_recorded_by_its_name(self) -> None:
        imported(GOOD)
        import_text(BAD)
        event = latest()
        self.assertEqual(
            (event.object_type, event.object_id, event.object_label),
            ("flowfile", None, "sample.uff"),
        )
        self.assertEqual(event.details["outcome"], "refused")

    def test_a_dry_run_is_not_recorded(self) -> None:
        import_text(GOOD, dry_run=True)
        self.assertIs(AuditEvent.objects.exists(), False)

    def test_an_import_that_fails_is_not_recorded(self) -> None:
        broken = patch(
            "meter_readings.importer.pipeline.merge_staged_rows", side_effect=OSError
        )
        with broken, self.assertRaises(OSError):
            import_text(GOOD)
        self.assertIs(AuditEvent.objects.exists(), False)

    def test_an_undo_and_a_re_import_are_recorded(self) -> None:
        file = imported(GOOD)
        importer.undo_import(flow_file=file, now=NOW)
        importer.import_original(
            flow_file=file, now=NOW, policy="standard", channel="admin"
        )
        events = AuditEvent.objects.order_by("pk")
        self.assertEqual(
            [(event.action, event.channel, event.object_id) for event in events],
            [
                ("import", "command", file.pk),
                ("undo", "command", file.pk),
                ("reprocess", "admin", file.pk),
            ],
        )

    def test_the_trail_of_a_file_is_read_after_the_database_was_cleared(self) -> None:
        file = imported(GOOD)
        importer.clear_database(now=NOW)
        self.assertIs(FlowFile.objects.exists(), False)
        events = AuditEvent.objects.order_by("pk")
        self.assertEqual(
            [(event.action, event.object_id) for event in events],
            [("import", file.pk), ("clear", None)],
        )
        self.assertEqual(latest().details["readings"], 1)


class PrivacyTests(OwnMedia, TestCase):
    def setUp(self) -> None:
        super().setUp()
        self.enterContext(patch("meter_readings.privacy.erasure.vacuum_database"))
        imported(GOOD, f"{MPAN}.uff")
        self.mpan = MeterPoint.objects.get().mpan

    def erase(self) -> None:
        privacy.erase_mpan(
            mpan=self.mpan, reason="Request 17", answered_by="bob", now=NOW
        )

    def test_an_erasure_refers_to_its_subject_request(self) -> None:
        self.erase()
        request = SubjectRequest.objects.get()
        event = AuditEvent.objects.get(action="erasure")
        self.assertEqual(
            (event.object_type, event.object_id, event.object_label),
            ("subjectrequest", request.pk, pseudonymise_mpan(self.mpan)),
        )

    def test_an_erasure_replaces_the_mpan_of_a_look_up_by_its_pseudonym(self) -> None:
        audit.record_access(_Action.LOOK_UP, MeterPoint.objects.get())
        filters = {"filter": {"mpan": self.mpan}}
        audit.record_access(_Action.EXPORT, Reading, details=filters)
        self.erase()
        look_up = AuditEvent.objects.get(action="look-up")
        self.assertEqual(look_up.object_label, pseudonymise_mpan(self.mpan))
        export = AuditEvent.objects.get(action="export")
        self.assertEqual(export.details, {"filter": {"mpan": "*" * 13}})

    def test_retention_is_recorded_if_it_deleted_something(self) -> None:
        schedule = privacy.Schedule(
            originals=0, rejected=0, import_jobs=0, readings=30, audit_events=0
        )
        for _ in range(2):
            privacy.apply_retention(schedule=schedule, now=NOW)
        event = AuditEvent.objects.get(action="retention")
        self.assertEqual(event.details["readings"], 1)
