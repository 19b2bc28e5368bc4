"""Erasure of an MPAN: nothing about it remains, and other data are not changed."""

from __future__ import annotations

import os
import tempfile
import time
from datetime import timedelta
from pathlib import Path
from typing import Any
from unittest import skipUnless
from unittest.mock import patch

from django.conf import settings
from django.contrib.admin.models import CHANGE, LogEntry
from django.contrib.auth.models import User
from django.contrib.contenttypes.models import ContentType
from django.contrib.sessions.backends.db import SessionStore
from django.contrib.sessions.models import Session
from django.db import connection
from django.test import TestCase, TransactionTestCase
from django.test.utils import CaptureQueriesContext

from meter_readings import exports, importer, privacy
from meter_readings.models import (
    Correction,
    Finding,
    FlowFile,
    ImportJob,
    Meter,
    MeterPoint,
    MeterPointNote,
    OverdueReading,
    Policy,
    QualityItem,
    Reading,
    SiteVisit,
    SubjectRequest,
)
from meter_readings.privacy import ErasedCounts, previous_requests
from meter_readings.queries import totals
from meter_readings.tests.importer.row_helpers import rows_of
from meter_readings.tests.importer.test_clear import OwnMedia, running_job
from meter_readings.tests.support.correction_helpers import correct
from meter_readings.tests.support.flow_file_builder import (
    flow_file,
    header_line,
    mpan_core,
)
from meter_readings.tests.support.import_helpers import (
    NOW,
    create_overdue_reading,
    create_quality_item,
    import_text,
    imported,
)

from .text_search import places_with

# No other test uses these identifiers.
MPAN, OTHER = mpan_core(7_301_946_825), mpan_core(7_301_946_826)
SERIAL_NUMBER, OTHERS = "CANARY7301", "OTHERS7301"

MPAN_GROUPS = f"""\
026|{MPAN}|V|
027|02|Dog in the yard|
028|{SERIAL_NUMBER}|R|
030|S|20240401000000|99.55|||T|N|
"""
OTHERS_GROUPS = f"""\
026|{OTHER}|V|
027|02|The key is with {MPAN}, meter {SERIAL_NUMBER}|
028|{OTHERS}|R|
030|S|20240401000000|98.0|||T|N|
"""
# The first reading has an extra decimal place, so its line has a finding.
BOTH = flow_file(MPAN_GROUPS + OTHERS_GROUPS)
ALONE = flow_file(
    OTHERS_GROUPS.replace(MPAN, "*" * 13).replace(SERIAL_NUMBER, "*" * 10)
)
REJECTED = flow_file(
    MPAN_GROUPS.replace("99.55", "-1.0") + OTHERS_GROUPS,
    header=header_line(file_identifier="TEST000002"),
)


def erase(mpan: str = MPAN, **options: Any) -> ErasedCounts:
    """Erase an MPAN."""
    arguments = {"reason": "Request 17", "answered_by": "alice", "now": NOW} | options
    return privacy.erase_mpan(mpan=mpan, **arguments)


def original(file: FlowFile) -> str:
    """Return the stored content of a file as text."""
    file.refresh_from_db()
    with importer.open_original(flow_file=file) as stream:
        return stream.read().decode("cp1252")


class EraseTests(OwnMedia, TransactionTestCase):
    def test_no_row_and_no_file_contains_an_erased_mpan(self) -> None:
        self.store_mpan_everywhere()
        self.assertNotEqual(places_with(MPAN), [])
        self.assertNotEqual(places_with(SERIAL_NUMBER), [])
        erase()
        self.assertEqual((places_with(MPAN), places_with(SERIAL_NUMBER)), ([], []))
        self.assertNotEqual(places_with(OTHER), [])

    def test_notes_about_an_erased_mpan_are_deleted_and_others_masked(self) -> None:
        self.store_mpan_everywhere()
        self.assertEqual(erase().meter_point_notes, 1)
        (note,) = MeterPointNote.objects.all()
        self.assertEqual((note.mpan, note.text), (OTHER, f"Next door to {'*' * 13}"))

    def test_late_readings_of_an_erased_mpan_are_deleted(self) -> None:
        imported(BOTH)
        for meter in Meter.objects.all():
            create_overdue_reading(meter)
        erase()
        [row] = OverdueReading.objects.select_related("meter__meter_point")
        self.assertEqual(row.meter.meter_point.mpan, OTHER)

    def test_corrections_of_an_erased_mpan_are_deleted_and_others_masked(self) -> None:
        imported(BOTH)
        readings = Reading.objects.order_by("line_number")
        for each in readings:
            correct(each, value="97", reason=f"Not meter {SERIAL_NUMBER}")
        self.assertEqual(erase().corrections, 1)
        (correction,) = Correction.objects.all()
        self.assertEqual(correction.reason, f"Not meter {'*' * 10}")
        self.assertEqual(places_with(MPAN), [])

    def store_mpan_everywhere(self) -> None:
        """Store the MPAN in rows, files, reports, file names and logs."""
        imported(BOTH, f"{MPAN}.uff")
        import_text(REJECTED, "rejected.uff")
        import_text(f"A letter about {MPAN}", "letter.txt")
        header = header_line(file_identifier="TEST000003")
        undone = imported(flow_file(MPAN_GROUPS, header=header), "undone.uff")
        importer.undo_import(flow_file=undone, now=NOW)
        alice = User.objects.create_user("alice")
        LogEntry.objects.create(
            user=alice,
            content_type=ContentType.objects.get_for_model(User),
            object_id="1",
            object_repr=f"of {MPAN}",
            action_flag=CHANGE,
            change_message=f"Wrote to {MPAN} about {SERIAL_NUMBER}",
        )
        for mpan, text in ((MPAN, "Dog in the yard"), (OTHER, f"Next door to {MPAN}")):
            MeterPointNote.objects.create(mpan=mpan, text=text, written_at=NOW)
        folder = Path(settings.MEDIA_ROOT, "incoming")
        folder.mkdir(exist_ok=True)
        long_ago = time.time() - 3600
        for name, text in {"killed": BOTH, "of others": ALONE}.items():
            abandoned = folder / name
            abandoned.write_text(text)
            os.utime(abandoned, (long_ago, long_ago))

    def test_erasure_ends_with_a_vacuum(self) -> None:
        imported(BOTH)
        with CaptureQueriesContext(connection) as queries:
            erase()
        self.assertEqual(queries[-1]["sql"], "VACUUM")

    @skipUnless(connection.vendor == "sqlite", "PostgreSQL does not promise it")
    def test_vacuum_drops_the_bytes_from_the_file_of_sqlite(self) -> None:
        imported(BOTH)
        erase()
        with connection.cursor() as cursor:
            cursor.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        database = Path(str(connection.settings_dict["NAME"]))
        self.assertNotIn(MPAN.encode(), database.read_bytes())

    def test_a_second_erasure_completes_one_that_was_interrupted(self) -> None:
        imported(BOTH)
        broken = patch(
            "meter_readings.importer.delete_unreferenced_files", side_effect=OSError
        )
        with broken, self.assertRaises(OSError):
            erase()
        self.assertIs(MeterPoint.objects.filter(mpan=MPAN).exists(), False)
        self.assertNotEqual(places_with(MPAN), [])
        self.assertIs(any(erase()), False)
        self.assertEqual(places_with(MPAN), [])
        self.assertEqual(SubjectRequest.objects.count(), 1)

    def test_an_erasure_that_fails_before_its_commit_changes_nothing(self) -> None:
        file = imported(BOTH)
        broken = patch(
            "meter_readings.privacy.subject_requests.record_request",
            side_effect=OSError,
        )
        with broken, self.assertRaises(OSError):
            erase()
        self.assertEqual((Reading.objects.count(), original(file)), (2, BOTH))
        erase()
        self.assertEqual(places_with(MPAN), [])


class WithoutVacuum(OwnMedia, TestCase):
    """Erases without the VACUUM, which cannot run in the transaction of a test."""

    def setUp(self) -> None:
        super().setUp()
        self.enterContext(patch("meter_readings.privacy.erasure.vacuum_database"))


class RowsTests(WithoutVacuum):
    def test_rows_are_as_if_the_mpan_had_never_been_imported(self) -> None:
        imported(ALONE)
        expected = rows_of(MeterPoint, Meter)
        importer.clear_database(now=NOW)
        imported(BOTH)
        erase()
        self.assertEqual(rows_of(MeterPoint, Meter), expected)
        self.assertEqual([MPAN in str(rows_of()), OTHER in str(rows_of())], [0, 1])

    def test_quality_items_of_the_mpan_are_erased(self) -> None:
        imported(BOTH)
        items = [create_quality_item(meter=meter) for meter in Meter.objects.all()]
        self.assertEqual(len(items), 2)
        self.assertEqual(erase().quality_items, 1)
        item = QualityItem.objects.get()
        self.assertEqual(item.meter.meter_point.mpan, OTHER)

    def test_erasure_returns_the_numbers_of_erased_rows(self) -> None:
        imported(BOTH)
        self.assertEqual(
            erase()._asdict(),
            {
                "readings": 1,
                "site_visits": 1,
                "meters": 1,
                "meter_points": 1,
                "findings": 1,
                "originals": 1,
                "masked_texts": 1,
                "meter_point_notes": 0,
                "corrections": 0,
                "quality_items": 0,
            },
        )

    def test_site_visits_of_other_mpans_stay_with_masked_text(self) -> None:
        imported(BOTH)
        erase()
        self.assertEqual(
            SiteVisit.objects.get().additional_information,
            f"The key is with {'*' * 13}, meter {'*' * 10}",
        )

    def test_findings_on_lines_of_other_mpans_stay(self) -> None:
        imported(BOTH.replace("98.0", "98.05"))
        erase()
        self.assertEqual(Finding.objects.get().line_number, 9)

    def test_a_serial_number_that_another_meter_has_is_not_masked(self) -> None:
        imported(BOTH.replace(OTHERS, SERIAL_NUMBER))
        erase()
        self.assertEqual(Meter.objects.get().serial_number, SERIAL_NUMBER)
        self.assertIn(SERIAL_NUMBER, SiteVisit.objects.get().additional_information)

    def test_flow_file_counts_its_deleted_readings(self) -> None:
        file = imported(BOTH)
        erase()
        file.refresh_from_db()
        self.assertEqual((file.readings_loaded, file.readings_deleted), (2, 1))
        self.assertEqual(totals.row_totals().readings, 1)

    def test_sessions_that_contain_the_mpan_are_deleted(self) -> None:
        imported(BOTH)
        for text in (f"About {MPAN}", "Another text"):
            session = SessionStore()
            session["text"] = text
            session.save()
        erase()
        self.assertEqual(Session.objects.count(), 1)

    def test_all_sessions_in_files_are_deleted(self) -> None:
        imported(BOTH)
        folder = Path(self.enterContext(tempfile.TemporaryDirectory()))
        Path(folder, "sessionid123").write_text(f"About {MPAN}")
        Path(folder, "another-file").touch()
        engine = "django.contrib.sessions.backends.file"
        with self.settings(SESSION_ENGINE=engine, SESSION_FILE_PATH=folder):
            erase()
        self.assertEqual([path.name for path in folder.iterdir()], ["another-file"])

    def test_counts_of_an_import_job_are_masked(self) -> None:
        job = running_job(silent_for=timedelta(days=1))
        job.counts = {"about": MPAN}
        job.save()
        erase()
        job.refresh_from_db()
        self.assertEqual(job.counts, {"about": "*" * 13})

    def test_erasure_is_refused_while_a_file_is_imported(self) -> None:
        imported(BOTH)
        running_job(silent_for=timedelta(seconds=5))
        with self.assertRaises(importer.ImportRunning):
            erase()
        self.assertEqual(Reading.objects.count(), 2)


class OriginalTests(WithoutVacuum):
    def setUp(self) -> None:
        super().setUp()
        self.file = imported(BOTH)

    def test_original_file_is_stored_without_the_lines_of_the_mpan(self) -> None:
        erase()
        expected = ALONE.splitlines()
        expected[1:1] = [""] * 4
        self.assertEqual(original(self.file).splitlines(), expected)

    def test_flow_file_is_marked_as_redacted(self) -> None:
        erase()
        self.file.refresh_from_db()
        self.assertEqual(self.file.redacted_at, NOW)

    def test_a_file_without_the_mpan_is_not_changed(self) -> None:
        text = ALONE.replace("TEST000001", "TEST000002")
        other = imported(text, "other.uff")
        erase()
        self.assertEqual((original(other), other.redacted_at), (text, None))

    def test_a_file_with_a_longer_serial_number_is_not_changed(self) -> None:
        text = ALONE.replace("TEST000001", "TEST000002")
        other = imported(text.replace("OTHERS7301", "9CANARY7301"), "other.uff")
        erase()
        self.assertIsNone(FlowFile.objects.get(pk=other.pk).redacted_at)

    def test_a_missing_original_file_is_skipped(self) -> None:
        Path(self.file.content.path).unlink()
        self.assertEqual(erase().originals, 0)

    def test_the_received_bytes_are_still_recognised_as_imported(self) -> None:
        erase()
        result = import_text(BOTH, "again.uff")
        self.assertEqual(result.outcome, ImportJob.Outcome.ALREADY_IMPORTED)
        self.assertEqual(result.flow_file, self.file)

    def test_a_redacted_file_is_exported_without_the_mpan(self) -> None:
        erase()
        self.file.refresh_from_db()
        exported = "".join(exports.flow_file_lines(flow_file=self.file))
        self.assertEqual(exported, ALONE)

    def test_a_redacted_file_is_imported_again_without_the_mpan(self) -> None:
        erase()
        importer.undo_import(flow_file=self.file, now=NOW)
        self.file.refresh_from_db()
        result = importer.import_original(
            flow_file=self.file,
            now=NOW,
            policy=Policy.STRICT,
            channel=ImportJob.Channel.ADMIN,
        )
        self.assertEqual((result.outcome, result.flow_file), ("imported", self.file))
        self.assertEqual(MeterPoint.objects.get().mpan, OTHER)
        self.file.refresh_from_db()
        self.assertEqual((self.file.redacted_at, self.file.readings_deleted), (NOW, 0))

    def test_an_undone_file_is_stored_whole_if_its_bytes_are_received_again(
        self,
    ) -> None:
        erase()
        importer.undo_import(flow_file=self.file, now=NOW)
        again = imported(BOTH)
        self.assertEqual((again.pk, again.redacted_at), (self.file.pk, None))
        self.assertEqual(original(again), BOTH)

    def test_a_file_with_no_other_mpan_is_rejected_when_imported_again(
        self,
    ) -> None:
        header = header_line(file_identifier="TEST000005")
        file = imported(flow_file(MPAN_GROUPS, header=header), "its.uff")
        erase()
        importer.undo_import(flow_file=file, now=NOW)
        file.refresh_from_db()
        result = importer.import_original(
            flow_file=file,
            now=NOW,
            policy=Policy.STANDARD,
            channel=ImportJob.Channel.ADMIN,
        )
        self.assertEqual(list(result.finding_counts), ["no-mpan"])


class RecordTests(WithoutVacuum):
    def test_the_request_is_recorded_without_the_mpan(self) -> None:
        imported(BOTH)
        erase(reason=f"Asked for {MPAN}", answered_by="alice")
        (request,) = previous_requests(mpan=MPAN)
        self.assertEqual(
            (request.kind, request.answered_by, request.channel, request.answered_at),
            ("erasure", "alice", "command", NOW),
        )
        self.assertEqual(request.reason, f"Asked for {'*' * 13}")
        self.assertEqual(request.counts["readings"], 1)
        self.assertNotIn(MPAN, str(request))

    def test_nothing_is_recorded_if_nothing_was_stored(self) -> None:
        erase()
        self.assertIs(SubjectRequest.objects.exists(), False)

    def test_the_request_stays_when_the_database_is_cleared(self) -> None:
        imported(BOTH)
        erase()
        importer.clear_database(now=NOW)
        self.assertEqual(SubjectRequest.objects.count(), 1)


class ErasedMpanTests(WithoutVacuum):
    def setUp(self) -> None:
        super().setUp()
        imported(BOTH)
        erase()

    def codes_of(self, text: str, filename: str) -> list[str]:
        """Import a file; return the codes of its findings."""
        header = header_line(file_identifier=filename)
        result = import_text(flow_file(text.strip(), header=header), filename)
        self.assertEqual(result.outcome, ImportJob.Outcome.IMPORTED)
        return [str(issue.code) for issue, _ in result.findings]

    def test_an_erased_mpan_is_a_warning_on_its_first_line(self) -> None:
        text = flow_file(OTHERS_GROUPS + MPAN_GROUPS)
        result = import_text(text, "later.uff", allow_same_name=True)
        issues = [
            issue for issue, _ in result.findings if issue.code == "previously-erased"
        ]
        self.assertEqual(
            [(issue.line_number, issue.found) for issue in issues], [(6, MPAN)]
        )
        self.assertEqual(result.outcome, ImportJob.Outcome.IMPORTED)

    def test_an_erased_mpan_with_only_a_site_visit_is_a_warning(self) -> None:
        self.assertEqual(
            self.codes_of(f"026|{MPAN}|V|\n027|02|Hello|", "LATER1"),
            ["no-meter", "previously-erased"],
        )

    def test_an_erased_mpan_is_a_warning_only_once(self) -> None:
        self.codes_of(f"026|{MPAN}|V|\n027|02|Hello|", "LATER1")
        codes = self.codes_of(f"026|{MPAN}|V|\n027|02|Hello again|", "LATER2")
        self.assertEqual(codes, ["no-meter"])

    def test_other_mpans_are_not_reported_as_erased(self) -> None:
        self.assertEqual(
            self.codes_of(f"026|{mpan_core(7)}|V|\n027|02|Hello|", "LATER1"),
            ["no-meter"],
        )
