"""Undoing an import: everything is as if the file had never come."""

from __future__ import annotations

from django.contrib.auth.models import User
from django.core.files.storage import default_storage
from django.test import TestCase

from meter_readings.importer import NotImported, UndoResult, undo_import
from meter_readings.models import (
    FlowFile,
    ImportJob,
    Meter,
    MeterPoint,
    Policy,
    Reading,
)
from meter_readings.tests.flow_file_builder import EVERY_GROUP, flow_file, header_line
from meter_readings.tests.import_helpers import NOW, import_text, imported

from .row_helpers import ALL, rows_of, versions

FIRST = flow_file("""
    026|2000000000015|V|
    028|TST0000001|R|
    030|S|20240401000000|100.0|||T|N|
    """)

LATER_HEADER = header_line(file_identifier="TEST000002", created_at="20240403091500")

# The meter and reading event of the first file, and more.
SECOND = flow_file(
    """
    026|2000000000015|V|
    028|TST0000001|R|
    030|S|20240401000000|101.0|||T|N|
    030|S|20240301000000|90.0|||T|N|
    028|TST0000002|R|
    029|20||
    026|1000000000003|V|
    027|02|Synthetic note|
    """,
    header=LATER_HEADER,
)


def undo(flow_file: FlowFile) -> UndoResult:
    """Undo an import by the command line."""
    return undo_import(flow_file=flow_file, now=NOW)


class UndoImportTests(TestCase):
    def test_undo_import_leaves_nothing_of_the_only_file(self) -> None:
        before = rows_of()
        undo(imported(EVERY_GROUP))
        self.assertEqual(rows_of(), before)

    def test_undo_import_leaves_everything_of_the_file_before_it(self) -> None:
        imported(FIRST, "first.uff")
        before = rows_of()
        undo(imported(SECOND, "second.uff"))
        self.assertEqual(rows_of(), before)

    def test_undo_import_leaves_everything_of_the_file_after_it(self) -> None:
        imported(SECOND, "second.uff")
        expected = rows_of()
        undo(imported(FIRST, "first.uff"))
        self.assertEqual(rows_of(), expected)

    def test_undo_import_makes_what_was_superseded_count_again(self) -> None:
        imported(FIRST, "first.uff")
        undo(imported(SECOND, "second.uff"))
        self.assertEqual(versions(), ["current"])

    def test_undo_import_makes_what_was_a_duplicate_count(self) -> None:
        first = imported(FIRST, "first.uff")
        again = FIRST.replace("20240402091500", "20240403091500")
        imported(again, "again.uff")
        undo(first)
        self.assertEqual(versions("flow_file__filename"), [("current", "again.uff")])

    def test_undo_import_leaves_meters_alone_that_another_file_speaks_of(self) -> None:
        imported(FIRST, "first.uff")
        undo(imported(SECOND, "second.uff"))
        serial_numbers = Meter.objects.values_list("serial_number", flat=True)
        self.assertEqual(list(serial_numbers), ["TST0000001"])

    def test_undo_import_leaves_meters_alone_that_a_visit_of_another_file_was_to(
        self,
    ) -> None:
        imported(SECOND, "second.uff")
        text = SECOND.replace("029|20||", "030|S|20240401000000|7.0|||T|N|")
        undo(imported(text, "other.uff"))
        self.assertTrue(Meter.objects.filter(serial_number="TST0000002").exists())

    def test_undo_import_leaves_meter_points_alone_that_another_file_speaks_of(
        self,
    ) -> None:
        imported(FIRST, "first.uff")
        undo(imported(SECOND, "second.uff"))
        mpans = MeterPoint.objects.values_list("mpan", flat=True)
        self.assertEqual(list(mpans), ["2000000000015"])

    def test_undo_import_counts_what_it_took_away_and_gave_back(self) -> None:
        imported(FIRST, "first.uff")
        result = undo(imported(SECOND, "second.uff"))
        self.assertEqual(
            result,
            UndoResult(
                readings=2, site_visits=2, meters=1, meter_points=1, versions_changed=1
            ),
        )

    def test_undo_import_keeps_the_file_with_its_report(self) -> None:
        file = imported(EVERY_GROUP)
        findings = rows_of(type(file.findings.get()))
        undo(file)
        self.assertEqual(rows_of(type(file.findings.get())), findings)

    def test_undo_import_keeps_the_bytes(self) -> None:
        file = imported(EVERY_GROUP)
        undo(file)
        with default_storage.open(file.content.name) as content:
            self.assertEqual(content.read().decode(), EVERY_GROUP)

    def test_undo_import_marks_the_file_as_undone(self) -> None:
        file = imported(FIRST)
        undo(file)
        self.assertEqual(file.status, FlowFile.Status.UNDONE)
        self.assertEqual(FlowFile.objects.get().status, FlowFile.Status.UNDONE)

    def test_undo_import_writes_a_job_down(self) -> None:
        person = User.objects.create(username="someone")
        file = imported(FIRST, policy=Policy.STRICT)
        undo_import(
            flow_file=file,
            now=NOW,
            channel=ImportJob.Channel.UPLOAD,
            requested_by=person,
        )
        job = ImportJob.objects.latest("pk")
        self.assertEqual((job.outcome, job.state), ("undone", "finished"))
        self.assertEqual((job.flow_file, job.requested_by), (file, person))
        self.assertEqual((job.channel, job.policy), ("upload", "strict"))
        self.assertEqual(job.counts["readings"], 1)

    def test_undo_import_refuses_a_file_that_was_rejected(self) -> None:
        file = import_text(FIRST.replace("100.0", "-1.0"), "bad.uff").flow_file
        assert file is not None
        with self.assertRaisesMessage(NotImported, "bad.uff is not imported."):
            undo(file)

    def test_undo_import_refuses_a_second_time(self) -> None:
        file = imported(FIRST)
        undo(file)
        with self.assertRaises(NotImported):
            undo(file)

    def test_a_refusal_leaves_a_job_that_was_broken_off(self) -> None:
        file = imported(FIRST)
        undo(file)
        with self.assertRaises(NotImported):
            undo(file)
        job = ImportJob.objects.latest("pk")
        self.assertEqual(job.state, ImportJob.State.FAILED)


class DryRunTests(TestCase):
    def test_dry_run_tells_what_an_undoing_would_take_away(self) -> None:
        imported(FIRST, "first.uff")
        file = imported(SECOND, "second.uff")
        told = undo_import(flow_file=file, now=NOW, dry_run=True)
        self.assertEqual(told, undo(file))

    def test_dry_run_leaves_everything_as_it_was(self) -> None:
        imported(FIRST, "first.uff")
        file = imported(SECOND, "second.uff")
        before = rows_of(*ALL)
        undo_import(flow_file=file, now=NOW, dry_run=True)
        self.assertEqual(rows_of(*ALL), before)
        self.assertEqual(file.status, FlowFile.Status.IMPORTED)

    def test_dry_run_refuses_a_file_that_is_not_imported(self) -> None:
        file = imported(FIRST)
        undo(file)
        with self.assertRaises(NotImported):
            undo_import(flow_file=file, now=NOW, dry_run=True)


class ImportAfterUndoTests(TestCase):
    def test_the_same_bytes_load_again(self) -> None:
        file = imported(EVERY_GROUP)
        before = rows_of()
        undo(file)
        imported(EVERY_GROUP)
        self.assertEqual(rows_of(), before)

    def test_the_same_bytes_are_the_same_file(self) -> None:
        file = imported(FIRST)
        undo(file)
        self.assertEqual(imported(FIRST, "another name.uff"), file)

    def test_the_report_is_not_kept_twice(self) -> None:
        file = imported(EVERY_GROUP)
        undo(file)
        self.assertEqual(imported(EVERY_GROUP).findings.count(), 1)

    def test_the_name_is_free_for_other_content(self) -> None:
        undo(imported(FIRST, "april.uff"))
        result = import_text(SECOND, "april.uff")
        self.assertEqual(result.outcome, ImportJob.Outcome.IMPORTED)

    def test_the_identity_is_free_for_other_content(self) -> None:
        undo(imported(FIRST, "first.uff"))
        corrected = FIRST.replace("100.0", "101.0")
        result = import_text(corrected, "corrected.uff")
        self.assertEqual(result.finding_counts, {})

    def test_a_file_that_is_now_rejected_stays_without_rows(self) -> None:
        text = flow_file([*FIRST.splitlines()[1:-1]], trailer=False)
        undo(imported(text))
        result = import_text(text, policy=Policy.STRICT)
        self.assertEqual(result.outcome, ImportJob.Outcome.REJECTED)
        self.assertEqual(FlowFile.objects.get().status, FlowFile.Status.REJECTED)
        self.assertFalse(Reading.objects.exists())
