"""The command that undoes an import."""

from __future__ import annotations

from typing import Any
from unittest.mock import patch

from meter_readings import importer
from meter_readings.models import FlowFile, ImportJob, Reading
from meter_readings.tests.flow_file_builder import (
    EVERY_GROUP,
    flow_file_of_readings,
    header_line,
)
from meter_readings.tests.import_helpers import import_text, imported

from .run_command import GOOD, FolderTestCase, Ran, run

CORRECTION = flow_file_of_readings(
    "030|S|20240401000000|98.0|||T|N|",
    header=header_line(file_identifier="TEST000002", created_at="20240402091501"),
)


class UndoTestCase(FolderTestCase):
    def run_command(self, *arguments: str, **options: Any) -> Ran:
        return run("undo_import", *arguments, **options)


class UndoneTests(UndoTestCase):
    def setUp(self) -> None:
        super().setUp()
        self.file_ = imported(EVERY_GROUP, "every.uff")
        self.title = f"#{self.file_.pk} every.uff"

    def assert_undone(self) -> None:
        self.file_.refresh_from_db()
        self.assertEqual(self.file_.status, FlowFile.Status.UNDONE)

    def test_undone_takes_a_number(self) -> None:
        self.assertEqual(self.run_command(str(self.file_.pk), "--yes").code, 0)
        self.assert_undone()

    def test_undone_takes_a_name(self) -> None:
        self.run_command("every.uff", "--yes")
        self.assert_undone()

    def test_undone_takes_a_path(self) -> None:
        self.run_command("some/folder/every.uff", "--yes")
        self.assert_undone()

    def test_undone_takes_the_beginning_of_a_hash(self) -> None:
        self.run_command(self.file_.sha256[:8], "--yes")
        self.assert_undone()

    def test_undone_says_what_it_took_away(self) -> None:
        self.assertEqual(
            self.run_command("every.uff", "--yes").stdout,
            f"{self.title}: undone: 3 readings, 3 site visits, 2 meters and 2 meter "
            "points removed\n",
        )

    def test_undone_says_what_stands_otherwise(self) -> None:
        imported(GOOD)
        imported(CORRECTION, "correction.uff")
        said = self.run_command("correction.uff", "--yes").stdout
        self.assertTrue(
            said.endswith("; 1 other reading changes its version status\n"), said
        )


class AskedTests(UndoTestCase):
    """Somebody sits at the terminal."""

    def asked(self, answer: str) -> Ran:
        self.file_ = imported(GOOD)
        return self.run_command("sample.uff", stdin=answer, is_terminal=True)

    def test_asked_says_what_would_change_and_asks(self) -> None:
        ran = self.asked("yes\n")
        self.assertEqual(
            ran.stderr,
            f"#{self.file_.pk} sample.uff, imported on 24 November 2026, would be "
            "undone: 1 reading, 1 meter and 1 meter point removed.\n"
            "Undo it? Type yes: ",
        )

    def test_asked_undoes_it_where_the_answer_is_yes(self) -> None:
        self.assertEqual(self.asked("Yes\n").code, 0)
        self.assertIs(Reading.objects.exists(), False)

    def test_asked_changes_nothing_where_the_answer_is_another(self) -> None:
        self.assertEqual(self.asked("y\n").code, 1)
        self.assertIs(Reading.objects.exists(), True)

    def test_asked_changes_nothing_where_there_is_no_answer(self) -> None:
        ran = self.asked("")
        self.assertTrue(ran.stderr.endswith("Nothing was changed.\n"), ran.stderr)
        self.assertIs(Reading.objects.exists(), True)

    def test_asked_says_that_it_was_interrupted(self) -> None:
        imported(GOOD)
        name = "meter_readings.importer.undo_import"
        with patch(name, side_effect=KeyboardInterrupt):
            ran = self.run_command("sample.uff", "--yes")
        self.assertEqual(ran, (130, "", "Interrupted.\n"))


class NobodyAskedTests(UndoTestCase):
    """Nobody sits there."""

    def test_nobody_asked_wants_to_be_told_that_it_may(self) -> None:
        imported(GOOD)
        ran = self.run_command("sample.uff")
        self.assertEqual(
            ran, (2, "", "There is no terminal to ask on: use --yes or --dry-run.\n")
        )

    def test_nobody_asked_changes_nothing(self) -> None:
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

    def test_dry_run_says_what_would_change(self) -> None:
        self.assertEqual(
            self.ran.stdout,
            f"#{self.correction.pk} correction.uff: would be undone: 1 reading "
            "removed; 1 other reading changes its version status\n",
        )

    def test_dry_run_ends_well(self) -> None:
        self.assertEqual(self.ran.code, 0)

    def test_dry_run_changes_no_reading(self) -> None:
        standings = Reading.objects.order_by("pk").values_list(
            "version_status", flat=True
        )
        self.assertEqual([*standings], ["superseded", "current"])

    def test_dry_run_changes_no_file(self) -> None:
        self.correction.refresh_from_db()
        self.assertEqual(self.correction.status, FlowFile.Status.IMPORTED)

    def test_dry_run_leaves_no_trace_of_an_attempt(self) -> None:
        self.assertEqual(ImportJob.objects.count(), self.jobs)


class NothingToUndoTests(UndoTestCase):
    def test_a_file_that_is_not_known(self) -> None:
        self.assertEqual(self.run_command("other.uff", "--yes").code, 3)

    def test_a_file_that_was_rejected(self) -> None:
        file = import_text("This is no flow file.").flow_file
        assert file is not None
        self.assertEqual(
            self.run_command("sample.uff", "--yes"),
            (3, "", f"#{file.pk} sample.uff is rejected: nothing to undo.\n"),
        )

    def test_a_file_that_is_undone_already(self) -> None:
        imported(GOOD)
        self.run_command("sample.uff", "--yes")
        self.assertEqual(self.run_command("sample.uff", "--yes").code, 3)

    def test_a_file_that_somebody_else_undoes_meanwhile(self) -> None:
        imported(GOOD)
        gone = importer.NotImported("sample.uff is not imported.")
        with patch("meter_readings.importer.undo_import", side_effect=gone):
            ran = self.run_command("sample.uff", "--yes")
        self.assertEqual(ran, (3, "", "sample.uff is not imported.\n"))

    def test_a_name_that_means_several_files(self) -> None:
        imported(GOOD)
        imported(CORRECTION, allow_same_name=True)
        ran = self.run_command("sample.uff", "--yes")
        self.assertEqual(ran.code, 2)
        self.assertIn('There are 2 files "sample.uff"', ran.stderr)
