"""Tests of original files in the storage."""

from __future__ import annotations

import hashlib
import io
import stat
import tempfile
from pathlib import Path
from unittest.mock import patch

from django.conf import settings
from django.core.files.storage import InMemoryStorage, default_storage
from django.test import SimpleTestCase

from meter_readings.importer.files.original_files import store
from meter_readings.importer.files.spooling import spool
from meter_readings.tests.support.flow_file_builder import EVERY_GROUP

DATA = EVERY_GROUP.encode()


class StoreTests(SimpleTestCase):
    def setUp(self) -> None:
        folder = self.enterContext(tempfile.TemporaryDirectory())
        self.enterContext(self.settings(MEDIA_ROOT=folder))

    def stored_name(self) -> str:
        """Store the file and return its name in the storage."""
        with spool(io.BytesIO(DATA)) as spooled:
            return store(spooled)

    def test_original_file_is_named_by_its_sha256(self) -> None:
        digest = hashlib.sha256(DATA).hexdigest()
        self.assertEqual(self.stored_name(), f"flow_files/{digest[:2]}/{digest}.uff")

    def test_original_file_has_the_received_bytes(self) -> None:
        with default_storage.open(self.stored_name()) as file:
            self.assertEqual(file.read(), DATA)

    def test_same_bytes_are_stored_once(self) -> None:
        self.assertEqual(self.stored_name(), self.stored_name())
        files = list(Path(settings.MEDIA_ROOT).rglob("*.uff"))
        self.assertEqual(len(files), 1)

    def test_damaged_original_file_is_replaced(self) -> None:
        path = Path(default_storage.path(self.stored_name()))
        path.write_bytes(DATA[:100])
        self.assertEqual(default_storage.path(self.stored_name()), str(path))
        self.assertEqual(path.read_bytes(), DATA)

    def test_unreadable_original_file_is_replaced(self) -> None:
        path = Path(default_storage.path(self.stored_name()))
        path.unlink()
        path.symlink_to(path)
        self.stored_name()
        self.assertEqual(path.read_bytes(), DATA)

    def test_original_file_and_its_folder_are_readable_by_the_owner_only(self) -> None:
        path = Path(default_storage.path(self.stored_name()))
        modes = [stat.S_IMODE(each.stat().st_mode) for each in (path, path.parent)]
        self.assertEqual(modes, [0o600, 0o700])

    def test_spooled_file_is_moved_and_not_copied(self) -> None:
        with spool(io.BytesIO(DATA)) as spooled:
            inode = spooled.path.stat().st_ino
            path = Path(default_storage.path(store(spooled)))
        self.assertEqual(path.stat().st_ino, inode)

    def test_spooled_file_is_copied_to_a_storage_that_cannot_move_files(self) -> None:
        storage = InMemoryStorage()
        module = "meter_readings.importer.files.original_files"
        with patch(f"{module}.default_storage", storage):
            name = self.stored_name()
        self.assertEqual(storage.open(name).read(), DATA)
