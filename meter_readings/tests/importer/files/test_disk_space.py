"""Tests of free disk space: StorageFull is raised, and nothing is half stored."""

from __future__ import annotations

import io
import tempfile
import zipfile
from pathlib import Path
from unittest.mock import patch

from django.conf import settings
from django.test import (
    SimpleTestCase,
    TestCase,
    TransactionTestCase,
    override_settings,
)

from meter_readings import importer
from meter_readings.importer import StorageFull, disk_full_as
from meter_readings.importer.files import original_files
from meter_readings.models import FlowFile, ImportJob, Reading
from meter_readings.tests.support.disk_full import disk_full_error, full_database
from meter_readings.tests.support.flow_file_builder import EVERY_GROUP
from meter_readings.tests.support.import_helpers import NOW, import_text, imported


class DiskFullAsTests(SimpleTestCase):
    def test_disk_full_as_names_what_the_disk_has_no_free_space_for(self) -> None:
        with self.assertRaisesMessage(StorageFull, "no free space for an archive"):
            with disk_full_as("an archive"):
                raise disk_full_error()

    def test_disk_full_as_leaves_other_operating_system_errors_unchanged(self) -> None:
        with self.assertRaises(PermissionError), disk_full_as("an archive"):
            raise PermissionError("no")


@override_settings(MIN_FREE_DISK_MB=1 << 40)
class MinimumFreeSpaceTests(TestCase):
    @override_settings(IS_PRODUCTION=True)
    def test_refuses_a_file_below_the_minimum_free_space_in_production(self) -> None:
        with self.assertRaisesMessage(StorageFull, "MB are free for files."):
            import_text(EVERY_GROUP)
        self.assertIs(FlowFile.objects.exists(), False)
        folder = Path(settings.MEDIA_ROOT, "incoming")
        self.assertEqual(list(folder.iterdir()), [])

    def test_accepts_a_file_below_the_minimum_free_space_in_development(self) -> None:
        imported(EVERY_GROUP)

    def test_the_free_space_is_not_examined_for_each_line_of_a_redacted_file(
        self,
    ) -> None:
        lines = iter([b"030|S|20240401000000|99.0|||T|N|\n"] * 5000)
        with patch(
            "meter_readings.importer.files.spooling.require_free_space"
        ) as examine:
            importer.store_redacted(chunks=lines)
        examine.assert_called_once_with()


class OriginalFilesTestCase(TransactionTestCase):
    def setUp(self) -> None:
        folder = self.enterContext(tempfile.TemporaryDirectory())
        self.enterContext(self.settings(MEDIA_ROOT=folder))

    def stored_files(self) -> list[str]:
        """Return the names of all files in the storage."""
        media = Path(settings.MEDIA_ROOT)
        return [path.name for path in media.rglob("*") if path.is_file()]


class FullDatabaseTests(OriginalFilesTestCase):
    def test_full_database_stores_nothing_and_a_later_import_succeeds(
        self,
    ) -> None:
        with self.assertRaisesMessage(
            StorageFull, "The database has no free space left."
        ):
            with full_database():
                import_text(EVERY_GROUP)
        self.assertEqual((FlowFile.objects.count(), Reading.objects.count()), (0, 0))
        self.assertEqual(self.stored_files(), [])
        self.assertEqual(ImportJob.objects.get().state, ImportJob.State.FAILED)
        imported(EVERY_GROUP)
        self.assertEqual(len(self.stored_files()), 1)

    def test_full_database_leaves_an_import_that_should_be_undone(self) -> None:
        file = imported(EVERY_GROUP)
        with self.assertRaises(StorageFull), full_database():
            importer.undo_import(flow_file=file, now=NOW)
        self.assertEqual(Reading.objects.count(), 3)
        importer.undo_import(flow_file=file, now=NOW)

    def test_full_database_keeps_an_original_file_of_another_row(self) -> None:
        imported(EVERY_GROUP)
        FlowFile.objects.update(status=FlowFile.Status.UNDONE)
        Reading.objects.all().delete()
        with self.assertRaises(StorageFull), full_database():
            import_text(EVERY_GROUP)
        self.assertEqual(len(self.stored_files()), 1)

    def test_full_database_leaves_an_original_file_it_cannot_delete(self) -> None:
        def fail(*_: object) -> None:
            raise disk_full_error()

        with patch("meter_readings.importer.pipeline.merge_staged_rows", fail):
            with patch("meter_readings.importer.pipeline.delete_if_unreferenced", fail):
                with self.assertRaises(StorageFull):
                    import_text(EVERY_GROUP)
        self.assertEqual(len(self.stored_files()), 1)
        imported(EVERY_GROUP)
        self.assertEqual(len(self.stored_files()), 1)


class FullDiskTests(OriginalFilesTestCase):
    def test_full_disk_is_reported_while_a_file_is_received(self) -> None:
        with self.assertRaisesMessage(StorageFull, "A disk has no free space left."):
            with patch("os.fsync", side_effect=disk_full_error()):
                import_text(EVERY_GROUP)
        self.assertEqual(self.stored_files(), [])

    def test_full_disk_is_reported_while_a_file_is_stored(self) -> None:
        with self.assertRaises(StorageFull):
            with patch.object(
                original_files.default_storage, "save", side_effect=disk_full_error()
            ):
                import_text(EVERY_GROUP)
        self.assertEqual(self.stored_files(), [])
        self.assertEqual(FlowFile.objects.count(), 0)

    def test_full_disk_is_reported_while_an_archive_is_unpacked(self) -> None:
        packed = io.BytesIO()
        with zipfile.ZipFile(packed, "w") as archive:
            archive.writestr("a.uff", EVERY_GROUP)
        packed.seek(0)
        with patch("tempfile.TemporaryFile") as temporary:
            opened = temporary.return_value.__enter__.return_value
            opened.write.side_effect = disk_full_error()
            with self.assertRaisesMessage(StorageFull, "an archive to be unpacked"):
                list(importer.iter_flow_files(packed, "all.zip"))
