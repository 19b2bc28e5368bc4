"""Tests of spooling: received streams in temporary files."""

from __future__ import annotations

import gzip
import hashlib
import io
import os
import stat
import tempfile
import time
from pathlib import Path
from unittest.mock import patch

from django.test import SimpleTestCase

from meter_readings.importer import UnreadableFile, iter_flow_files
from meter_readings.importer.files import spooling
from meter_readings.importer.files.spooling import spool
from meter_readings.tests.support.flow_file_builder import EVERY_GROUP

from .test_archives import SlowStream

DATA = EVERY_GROUP.encode()


class SpoolTests(SimpleTestCase):
    def setUp(self) -> None:
        folder = self.enterContext(tempfile.TemporaryDirectory())
        media = Path(folder) / "media"
        self.enterContext(self.settings(MEDIA_ROOT=str(media)))
        self.incoming = media / "incoming"

    def test_spooled_file_has_the_received_bytes(self) -> None:
        with spool(io.BytesIO(DATA)) as spooled:
            self.assertEqual(spooled.path.read_bytes(), DATA)

    def test_spooled_file_has_the_size_of_a_stream_read_in_parts(self) -> None:
        with spool(SlowStream(DATA)) as spooled:
            self.assertEqual(spooled.size, len(DATA))

    def test_spooled_file_has_the_sha256_of_its_bytes(self) -> None:
        with spool(io.BytesIO(DATA)) as spooled:
            self.assertEqual(spooled.sha256, hashlib.sha256(DATA).hexdigest())

    def test_spooled_file_and_its_folder_are_readable_by_the_owner_only(self) -> None:
        with spool(io.BytesIO(DATA)) as spooled:
            self.assertEqual(stat.S_IMODE(spooled.path.stat().st_mode), 0o600)
        self.assertEqual(stat.S_IMODE(self.incoming.stat().st_mode), 0o700)

    def test_spooled_file_is_deleted_at_the_end(self) -> None:
        with spool(io.BytesIO(DATA)):
            pass
        self.assertEqual(list(self.incoming.iterdir()), [])

    def test_an_interrupt_as_the_file_is_created_leaves_no_file(self) -> None:
        def create(path: str, flags: int) -> int:
            Path(path).touch()
            raise KeyboardInterrupt

        with patch.object(spooling, "create_for_owner", create):
            with self.assertRaises(KeyboardInterrupt), spool(io.BytesIO(DATA)):
                self.fail("The file was not created.")
        self.assertEqual(list(self.incoming.iterdir()), [])

    def test_spooled_file_is_deleted_when_the_stream_is_truncated(self) -> None:
        packed = io.BytesIO(gzip.compress(DATA)[:-9])
        [(_, truncated, _)] = iter_flow_files(packed, "a.gz")
        with self.assertRaises(UnreadableFile), spool(truncated):
            self.fail("The stream was read to its end.")
        self.assertEqual(list(self.incoming.iterdir()), [])

    def abandoned(self, *, hours_ago: float) -> Path:
        """Return a spooled file that was written so long ago."""
        self.incoming.mkdir(parents=True)
        path = self.incoming / "abandoned"
        path.write_bytes(b"x")
        then = time.time() - hours_ago * 60 * 60
        os.utime(path, (then, then))
        return path

    def test_spool_deletes_files_abandoned_for_a_day(self) -> None:
        path = self.abandoned(hours_ago=24.1)
        with spool(io.BytesIO(DATA)):
            self.assertFalse(path.exists())

    def test_spool_keeps_files_that_another_process_may_still_write(self) -> None:
        path = self.abandoned(hours_ago=23.9)
        with spool(io.BytesIO(DATA)):
            self.assertTrue(path.exists())

    def test_spool_ignores_a_file_that_another_process_deletes_meanwhile(self) -> None:
        self.incoming.mkdir(parents=True)
        deleted = self.incoming / "deleted"
        deleted.symlink_to(self.incoming / "nowhere")
        with spool(io.BytesIO(DATA)) as spooled:
            self.assertTrue(spooled.path.exists())
