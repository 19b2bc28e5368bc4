"""Tests of importing original files again."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from django.core.files.storage import default_storage
from django.test import TestCase

from meter_readings import importer
from meter_readings.models import FlowFile, ImportJob, Policy, Reading
from meter_readings.tests.support.flow_file_builder import (
    EVERY_GROUP,
    flow_file_of_readings,
)
from meter_readings.tests.support.import_helpers import NOW, import_text, imported

GOOD = "030|S|20240401000000|99.0|||T|N|"
BAD = "030|S|20240402000000|-1.0|||T|N|"


def import_again(flow_file: FlowFile, **options: Any) -> importer.ImportResult:
    given = {"policy": Policy.STANDARD, "channel": ImportJob.Channel.ADMIN} | options
    return importer.import_original(flow_file=flow_file, now=NOW, **given)


class ImportOriginalTests(TestCase):
    def rejected(self) -> FlowFile:
        """Return a file that is rejected for one reading of two."""
        return import_text(flow_file_of_readings(GOOD, BAD)).flow_file

    def test_import_original_imports_a_rejected_file_under_another_policy(self) -> None:
        file = self.rejected()
        result = import_again(file, policy=Policy.PARTIAL)
        self.assertEqual(result.outcome, ImportJob.Outcome.IMPORTED)
        self.assertEqual(result.flow_file, file)
        self.assertEqual(Reading.objects.count(), 1)

    def test_import_original_imports_a_file_whose_import_was_undone(self) -> None:
        file = imported(flow_file_of_readings(GOOD))
        importer.undo_import(flow_file=file, now=NOW)
        self.assertEqual(import_again(file).outcome, ImportJob.Outcome.IMPORTED)

    def test_import_original_rejects_a_file_again(self) -> None:
        self.assertEqual(
            import_again(self.rejected()).outcome, ImportJob.Outcome.REJECTED
        )

    def test_import_original_rejects_a_file_of_which_the_beginning_is_stored(
        self,
    ) -> None:
        file = import_text("mpan,reading\n" * 9000).flow_file
        again = import_again(file).flow_file
        self.assertEqual(again, file)
        self.assertEqual((again.status, again.size), ("rejected", 13 * 9000))

    def test_dry_run_of_import_original_stores_nothing(self) -> None:
        file = self.rejected()
        result = import_again(file, policy=Policy.PARTIAL, dry_run=True)
        self.assertEqual(result.outcome, ImportJob.Outcome.CHECKED)
        self.assertEqual(Reading.objects.count(), 0)

    def test_import_original_does_not_change_an_imported_file(self) -> None:
        file = imported(flow_file_of_readings(GOOD))
        self.assertEqual(import_again(file).outcome, ImportJob.Outcome.ALREADY_IMPORTED)

    def test_import_original_refuses_a_name_used_by_another_file(self) -> None:
        file = self.rejected()
        imported(flow_file_of_readings(GOOD), file.filename)
        result = import_again(file, policy=Policy.PARTIAL)
        self.assertEqual(result.outcome, ImportJob.Outcome.REFUSED)

    def test_import_original_accepts_a_used_name_if_allowed(self) -> None:
        file = self.rejected()
        imported(flow_file_of_readings(GOOD), file.filename)
        result = import_again(file, policy=Policy.PARTIAL, allow_same_name=True)
        self.assertEqual(result.outcome, ImportJob.Outcome.IMPORTED)

    def test_import_original_saves_the_channel(self) -> None:
        file = self.rejected()
        import_again(file)
        self.assertEqual(file.jobs.latest("pk").channel, ImportJob.Channel.ADMIN)

    def test_import_original_raises_if_the_original_is_missing(self) -> None:
        file = self.rejected()
        Path(file.content.path).unlink()
        with self.assertRaisesMessage(
            importer.OriginalMissing, "is missing from the storage"
        ):
            import_again(file)

    def test_import_original_raises_if_the_original_has_changed(self) -> None:
        file = self.rejected()
        path = Path(file.content.path)
        self.addCleanup(path.unlink)
        path.write_bytes(path.read_bytes() + b"\n")
        with self.assertRaisesMessage(importer.OriginalMissing, "has changed"):
            import_again(file)
        self.assertEqual(FlowFile.objects.count(), 1)


class RestoredTests(TestCase):
    """The same bytes come again after the original was damaged or lost."""

    def original_after(self, change: Callable[[Path], object], **options: Any) -> bytes:
        """Change the original of an imported file; return it after another import."""
        file = imported(EVERY_GROUP)
        path = Path(default_storage.path(str(file.content.name)))
        change(path)
        result = import_text(EVERY_GROUP, **options)
        self.assertEqual(result.outcome, ImportJob.Outcome.ALREADY_IMPORTED)
        return path.read_bytes() if path.exists() else b""

    def test_lost_original_is_stored_again(self) -> None:
        self.assertEqual(self.original_after(Path.unlink), EVERY_GROUP.encode())

    def test_damaged_original_is_stored_again(self) -> None:
        damaged = self.original_after(lambda path: path.write_bytes(b"ZHV|"))
        self.assertEqual(damaged, EVERY_GROUP.encode())

    def test_dry_run_stores_no_original(self) -> None:
        self.assertEqual(self.original_after(Path.unlink, dry_run=True), b"")

    def test_original_deleted_by_retention_is_not_stored_again(self) -> None:
        def delete(path: Path) -> None:
            path.unlink()
            FlowFile.objects.update(content="")

        self.assertEqual(self.original_after(delete), b"")
