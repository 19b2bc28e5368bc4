"""The command undo_import."""

from __future__ import annotations

from typing import Any
from unittest.mock import patch

from meter_readings import importer
from meter_readings.models import FlowFile, ImportJob, Reading
from meter_readings.tests.support.flow_file_builder import (
    EVERY_GROUP,
    flow_file_of_readings,
    header_line,
)
from meter_readings.tests.support.import_helpers import import_text, imported

from .run_command import GOOD, FolderTestCase, Ran, run

CORRECTION = flow_file_of_readings(
    "030|S|20240401000000|98.0|||T|N|",
    header=header_line(file_identifier="TEST000002", created_at="20240402091501"),
)


class UndoTestCase(FolderTestCase):
    def run_command(self, *arguments: str, **options: Any) -> Ran:
        return run("undo_import", *arguments, **options)


class UndoImportTests(UndoTestCase):
    def setUp(self) -> None:
        super().setUp()
        self.flow_file = imported(EVERY_GROUP, "every.uff")
        self.title = f"#{self.flow_file.pk} every.uff"

    def assert_undone(self) -> None:
        self.flow_file.refresh_from_db()
        self.assertEqual(self.flow_file.status, FlowFile.Status.UNDONE)

    def test_file_is_found_by_id(self) -> None:
        self.assertEqual(self.run_command(str(self.flow_file.pk), "--yes").code, 0)
        self.assert_undone()

    def test_file_is_found_by_name(self) -> None:
        self.run_command("every.uff", "--yes")
        self.assert_undone()

    def test_file_is_found_by_the_name_in_a_path(self) -> None:
        self.run_command("some/folder/every.uff", "--yes")
        self.assert_undone()

    def test_file_is_found_by_the_first_digits_of_its_hash(self) -> None:
        self.run_command(self.flow_file.sha256[:8], "--yes")
        self.assert_undone()

    def test_deleted_rows_are_reported(self) -> None:
        self.assertEqual(
            self.run_command("every.uff", "--yes").stdout,
            f"{self.title}: undone: 3 readings, 3 site visits, 2 meters and 2 meter "
            "points removed\n",
        )

    def test_changed_version_statuses_are_reported(self) -> None:
        imported(GOOD)
        imported(CORRECTION, "correction.uff")
        output = self.run_command("correction.uff", "--yes").stdout
        self.assertIn("; 1 other reading changes its version status\n", output)


class ConfirmationTests(UndoTestCase):
    def answer(self, text: str) -> Ran:
        self.flow_file = imported(GOOD)
        return self.run_command("sample.uff", stdin=text, is_terminal=True)

    def test_preview_is_shown_before_the_question(self) -> None:
        ran = self.answer("yes\n")
        self.assertEqual(
            ran.stderr,
            f"#{self.flow_file.pk} sample.uff, imported on 24 November 2026, would be "
            "undone: 1 reading, 1 meter and 1 meter point removed.\n"
            "Undo it? Type yes: ",
        )

    def test_answer_yes_undoes_the_import(self) -> None:
        self.assertEqual(self.answer("Yes\n").code, 0)
        self.assertIs(Reading.objects.exists(), False)

    def test_another_answer_changes_nothing(self) -> None:
        self.assertEqual(self.answer("y\n").code, 1)
        self.assertIs(Reading.objects.exists(), True)

    def test_no_answer_changes_nothing(self) -> None:
        ran = self.answer("")
        self.assertTrue(ran.stderr.endswith("Nothing was changed.\n"), ran.stderr)
        self.assertIs(Reading.objects.exists(), True)

    def test_ctrl_c_ends_with_exit_code_130(self) -> None:
        imported(GOOD)
        name = "meter_readings.importer.undo_import"
        with patch(name, side_effect=KeyboardInterrupt):
            ran = self.run_command("sample.uff", "--yes")
        self.assertEqual(ran, (130, "", "Interrupted.\n"))


class WithoutTerminalTests(UndoTestCase):
    def test_yes_option_is_required_without_a_terminal(self) -> None:
        imported(GOOD)
        ran = self.run_command("sample.uff")
        self.assertEqual(
            ran, (2, "", "There is no terminal to ask on: use --yes or --dry-run.\n")
        )

    def test_nothing_changes_without_a_terminal(self) -> None:
        imported(GOOD)
        self.run_command("sample.uff")
        self.assertIs(Reading.objects.exists(), True)


class DryRunTests(UndoTestCase):
    def setUp(self) -> None:
        super().setUp()
        imported(GOOD)
        self.correction = imported(CORRECTION, "correction.uff")
        self.jobs = ImportJob.objects.count()
        self.ran = self.run_command("correction.uff", "--dry-run")

    def test_dry_run_reports_what_would_change(self) -> None:
        self.assertEqual(
            self.ran.stdout,
            f"#{self.correction.pk} correction.uff: would be undone: 1 reading "
            "removed; 1 other reading changes its version status\n",
        )

    def test_dry_run_ends_with_exit_code_0(self) -> None:
        self.assertEqual(self.ran.code, 0)

    def test_dry_run_changes_no_reading(self) -> None:
        statuses = Reading.objects.order_by("pk").values_list(
            "version_status", flat=True
        )
        self.assertEqual([*statuses], ["superseded", "current"])

    def test_dry_run_changes_no_file(self) -> None:
        self.correction.refresh_from_db()
        self.assertEqual(self.correction.status, FlowFile.Status.IMPORTED)

    def test_dry_run_records_no_import_job(self) -> None:
        self.assertEqual(ImportJob.objects.count(), self.jobs)


class NothingToUndoTests(UndoTestCase):
    def test_unknown_file_ends_with_exit_code_3(self) -> None:
        self.assertEqual(self.run_command("other.uff", "--yes").code, 3)

    def test_rejected_file_cannot_be_undone(self) -> None:
        file = import_text("This is no flow file.").flow_file
        assert file is not None
        self.assertEqual(
            self.run_command("sample.uff", "--yes"),
            (3, "", f"#{file.pk} sample.uff is rejected: nothing to undo.\n"),
        )

    def test_undone_file_cannot_be_undone_again(self) -> None:
        imported(GOOD)
        self.run_command("sample.uff", "--yes")
        self.assertEqual(self.run_command("sample.uff", "--yes").code, 3)

    def test_concurrent_undo_is_reported(self) -> None:
        imported(GOOD)
        error = importer.NotImported("sample.uff is not imported.")
        with patch("meter_readings.importer.undo_import", side_effect=error):
            ran = self.run_command("sample.uff", "--yes")
        self.assertEqual(ran, (3, "", "sample.uff is not imported.\n"))

    def test_ambiguous_name_is_a_usage_error(self) -> None:
        imported(GOOD)
        imported(CORRECTION, allow_same_name=True)
        ran = self.run_command("sample.uff", "--yes")
        self.assertEqual(ran.code, 2)
        self.assertIn('There are 2 files "sample.uff"', ran.stderr)
