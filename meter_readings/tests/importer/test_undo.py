"""Tests of undoing imports."""

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
from meter_readings.tests.support.flow_file_builder import (
    EVERY_GROUP,
    flow_file,
    header_line,
)
from meter_readings.tests.support.import_helpers import NOW, import_text, imported

from .row_helpers import ALL, rows_of, versions

FIRST = flow_file("""
    026|2000000000015|V|
    028|TST0000001|R|
    030|S|20240401000000|100.0|||T|N|
    """)

LATER_HEADER = header_line(file_identifier="TEST000002", created_at="20240403091500")

# The meter and reading key of the first file, and more.
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
    return undo_import(flow_file=flow_file, now=NOW)


class UndoImportTests(TestCase):
    def test_undo_of_the_only_file_leaves_no_rows(self) -> None:
        before = rows_of()
        undo(imported(EVERY_GROUP))
        self.assertEqual(rows_of(), before)

    def test_undo_restores_the_rows_of_the_file_before_it(self) -> None:
        imported(FIRST, "first.uff")
        before = rows_of()
        undo(imported(SECOND, "second.uff"))
        self.assertEqual(rows_of(), before)

    def test_undo_restores_the_rows_of_the_file_after_it(self) -> None:
        imported(SECOND, "second.uff")
        expected = rows_of()
        undo(imported(FIRST, "first.uff"))
        self.assertEqual(rows_of(), expected)

    def test_undo_makes_a_superseded_reading_current_again(self) -> None:
        imported(FIRST, "first.uff")
        undo(imported(SECOND, "second.uff"))
        self.assertEqual(versions(), ["current"])

    def test_undo_makes_a_duplicate_current(self) -> None:
        first = imported(FIRST, "first.uff")
        again = FIRST.replace("20240402091500", "20240403091500")
        imported(again, "again.uff")
        undo(first)
        self.assertEqual(versions("flow_file__filename"), [("current", "again.uff")])

    def test_undo_keeps_meters_with_readings_of_another_file(self) -> None:
        imported(FIRST, "first.uff")
        undo(imported(SECOND, "second.uff"))
        serial_numbers = Meter.objects.values_list("serial_number", flat=True)
        self.assertEqual(list(serial_numbers), ["TST0000001"])

    def test_undo_keeps_meters_with_site_visits_of_another_file(
        self,
    ) -> None:
        imported(SECOND, "second.uff")
        text = SECOND.replace("029|20||", "030|S|20240401000000|7.0|||T|N|")
        undo(imported(text, "other.uff"))
        self.assertTrue(Meter.objects.filter(serial_number="TST0000002").exists())

    def test_undo_keeps_meter_points_of_another_file(
        self,
    ) -> None:
        imported(FIRST, "first.uff")
        undo(imported(SECOND, "second.uff"))
        mpans = MeterPoint.objects.values_list("mpan", flat=True)
        self.assertEqual(list(mpans), ["2000000000015"])

    def test_undo_returns_counts_of_deleted_and_changed_rows(self) -> None:
        imported(FIRST, "first.uff")
        result = undo(imported(SECOND, "second.uff"))
        self.assertEqual(
            result,
            UndoResult(
                readings=2, site_visits=2, meters=1, meter_points=1, versions_changed=1
            ),
        )

    def test_undo_keeps_the_flow_file_and_its_report(self) -> None:
        file = imported(EVERY_GROUP)
        findings = rows_of(type(file.findings.get()))
        undo(file)
        self.assertEqual(rows_of(type(file.findings.get())), findings)

    def test_undo_keeps_the_original_file(self) -> None:
        file = imported(EVERY_GROUP)
        undo(file)
        with default_storage.open(file.content.name) as content:
            self.assertEqual(content.read().decode(), EVERY_GROUP)

    def test_undo_sets_the_status_undone(self) -> None:
        file = imported(FIRST)
        undo(file)
        self.assertEqual(file.status, FlowFile.Status.UNDONE)
        self.assertEqual(FlowFile.objects.get().status, FlowFile.Status.UNDONE)

    def test_undo_saves_an_import_job(self) -> None:
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
        self.assertEqual((job.channel, job.policy), ("upload", ""))
        self.assertEqual(job.counts["readings"], 1)

    def test_undo_of_a_rejected_file_raises(self) -> None:
        file = import_text(FIRST.replace("100.0", "-1.0"), "bad.uff").flow_file
        assert file is not None
        with self.assertRaisesMessage(NotImported, "bad.uff is not imported."):
            undo(file)

    def test_undo_of_an_undone_file_raises(self) -> None:
        file = imported(FIRST)
        undo(file)
        with self.assertRaises(NotImported):
            undo(file)

    def test_undo_that_raises_leaves_a_failed_job(self) -> None:
        file = imported(FIRST)
        undo(file)
        with self.assertRaises(NotImported):
            undo(file)
        job = ImportJob.objects.latest("pk")
        self.assertEqual(job.state, ImportJob.State.FAILED)


class DryRunTests(TestCase):
    def test_dry_run_returns_the_counts_of_an_undo(self) -> None:
        imported(FIRST, "first.uff")
        file = imported(SECOND, "second.uff")
        result = undo_import(flow_file=file, now=NOW, dry_run=True)
        self.assertEqual(result, undo(file))

    def test_dry_run_of_an_undo_changes_nothing(self) -> None:
        imported(FIRST, "first.uff")
        file = imported(SECOND, "second.uff")
        before = rows_of(*ALL)
        undo_import(flow_file=file, now=NOW, dry_run=True)
        self.assertEqual(rows_of(*ALL), before)
        self.assertEqual(file.status, FlowFile.Status.IMPORTED)

    def test_dry_run_of_a_file_that_is_not_imported_raises(self) -> None:
        file = imported(FIRST)
        undo(file)
        with self.assertRaises(NotImported):
            undo_import(flow_file=file, now=NOW, dry_run=True)


class ImportAfterUndoTests(TestCase):
    def test_undone_file_can_be_imported_again(self) -> None:
        file = imported(EVERY_GROUP)
        before = rows_of()
        undo(file)
        imported(EVERY_GROUP)
        self.assertEqual(rows_of(), before)

    def test_file_imported_again_is_the_same_flow_file(self) -> None:
        file = imported(FIRST)
        undo(file)
        self.assertEqual(imported(FIRST, "another name.uff"), file)

    def test_file_imported_again_has_one_report(self) -> None:
        file = imported(EVERY_GROUP)
        undo(file)
        self.assertEqual(imported(EVERY_GROUP).findings.count(), 1)

    def test_name_of_an_undone_file_can_be_used_again(self) -> None:
        undo(imported(FIRST, "april.uff"))
        result = import_text(SECOND, "april.uff")
        self.assertEqual(result.outcome, ImportJob.Outcome.IMPORTED)

    def test_message_identity_of_an_undone_file_can_be_used_again(self) -> None:
        undo(imported(FIRST, "first.uff"))
        corrected = FIRST.replace("100.0", "101.0")
        result = import_text(corrected, "corrected.uff")
        self.assertEqual(result.finding_counts, {})

    def test_undone_file_that_is_now_rejected_has_no_rows(self) -> None:
        text = flow_file([*FIRST.splitlines()[1:-1]], trailer=False)
        undo(imported(text))
        result = import_text(text, policy=Policy.STRICT)
        self.assertEqual(result.outcome, ImportJob.Outcome.REJECTED)
        self.assertEqual(FlowFile.objects.get().status, FlowFile.Status.REJECTED)
        self.assertFalse(Reading.objects.exists())
