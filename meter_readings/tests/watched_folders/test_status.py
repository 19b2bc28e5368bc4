"""The status of watched folders, as a watcher saves it."""

from __future__ import annotations

import os
import shutil
import signal
import tempfile
import time
from pathlib import Path
from unittest.mock import patch

from django.db import OperationalError
from django.test import TestCase

from meter_readings.importer import ImportOptions
from meter_readings.models import WatchedFolderStatus
from meter_readings.tests.management.run_command import FolderTestCase, run
from meter_readings.watched_folders import Stop, Watcher, WatchOptions
from meter_readings.watched_folders.status import StatusWriter

IN = Path("/srv/in")


class StatusWriterTests(TestCase):
    def setUp(self) -> None:
        self.writer = StatusWriter()

    def row(self) -> WatchedFolderStatus:
        return WatchedFolderStatus.objects.get()

    def test_status_has_the_path_and_the_error(self) -> None:
        self.writer.save(IN, "stale file handle")
        self.assertEqual(str(self.row()), "/srv/in")
        self.assertEqual(self.row().error, "stale file handle")
        self.assertEqual(self.row().error_since, self.row().polled_at)

    def test_folder_in_order_has_no_error(self) -> None:
        self.writer.save(IN, "")
        self.assertEqual((self.row().error, self.row().error_since), ("", None))

    def test_unchanged_status_is_saved_once_a_minute(self) -> None:
        self.writer.save(IN, "")
        with self.assertNumQueries(0):
            self.writer.save(IN, "")
        before = self.row().polled_at
        with patch.object(time, "monotonic", return_value=time.monotonic() + 61):
            self.writer.save(IN, "")
        self.assertGreater(self.row().polled_at, before)

    def test_time_of_an_error_is_that_of_the_first(self) -> None:
        self.writer.save(IN, "host is down")
        since = self.row().error_since
        self.writer.save(IN, "stale file handle")
        self.assertEqual(self.row().error_since, since)

    def test_another_watcher_knows_since_when_a_folder_is_in_error(self) -> None:
        self.writer.save(IN, "host is down")
        since = self.row().error_since
        StatusWriter().save(IN, "host is down")
        self.assertEqual(self.row().error_since, since)

    def test_folder_in_order_again_has_no_error(self) -> None:
        self.writer.save(IN, "host is down")
        self.writer.save(IN, "")
        self.assertEqual((self.row().error, self.row().error_since), ("", None))

    def test_mpan_in_a_path_is_not_stored(self) -> None:
        self.writer.save(Path("/srv/1000000000003"), "")
        self.assertEqual(self.row().path, "/srv/[MPAN]")

    def test_path_that_is_no_text_is_stored(self) -> None:
        self.writer.save(Path(os.fsdecode(b"/srv/\xff")), "")
        self.assertEqual(self.row().path, "/srv/\ufffd")

    def test_folder_that_is_watched_no_longer_has_no_status(self) -> None:
        self.writer.save(IN, "")
        self.writer.save(Path("/srv/other"), "")
        self.writer.keep_only([IN])
        self.assertEqual(self.row().path, "/srv/in")

    def test_error_of_the_database_is_not_raised_and_the_status_is_saved_later(
        self,
    ) -> None:
        with patch(
            "meter_readings.watched_folders.status._write",
            side_effect=OperationalError,
        ):
            self.writer.save(IN, "")
        self.writer.save(IN, "")
        self.assertEqual(self.row().error, "")

    def test_status_that_cannot_be_deleted_is_deleted_later(self) -> None:
        self.writer.save(IN, "")
        module = "meter_readings.watched_folders.status.write_unless_locked"
        with patch(module, return_value=False):
            self.writer.keep_only([])
        self.writer.keep_only([])
        self.assertIs(WatchedFolderStatus.objects.exists(), False)


class WatcherTests(FolderTestCase):
    """A watcher that polls three times; before the last poll, `change` is called."""

    def watch(
        self, *, has_subfolders: bool = False, signal_number: int = signal.SIGINT
    ) -> list[list[str]]:
        """Return the folders and errors that are saved after each poll."""
        stop, saved = Stop(), []

        def wait(seconds: float) -> None:
            rows = WatchedFolderStatus.objects.order_by("path")
            saved.append([f"{Path(row.path).name}: {row.error}" for row in rows])
            if len(saved) == 3:
                stop.is_requested, stop.signal_number = True, signal_number
            if len(saved) == 2:
                self.change()

        options = WatchOptions(
            ImportOptions(), interval=0, settle=0, on_moved=lambda handled: None
        )
        watcher = Watcher(self.root, options, has_subfolders=has_subfolders, stop=stop)
        # The transaction of the test needs its connection.
        closing = "meter_readings.watched_folders.watcher.close_old_connections"
        with patch.object(stop, "wait", wait), patch(closing):
            watcher.run()
        return saved

    def setUp(self) -> None:
        super().setUp()
        folder = Path(self.enterContext(tempfile.TemporaryDirectory()))
        self.root = folder / "in"
        (self.root / "mrcy").mkdir(parents=True)

    def change(self) -> None:
        shutil.rmtree(self.root)

    def test_error_of_a_folder_is_saved(self) -> None:
        with self.assertLogs("meter_readings.watched_folders", "ERROR"):
            saved = self.watch()
        self.assertEqual(saved, [["in: "], ["in: "], ["in: no such file or directory"]])

    def test_each_folder_has_a_status_as_long_as_it_is_there(self) -> None:
        with self.assertLogs("meter_readings.watched_folders", "ERROR"):
            saved = self.watch(has_subfolders=True)
        self.assertEqual(
            saved[1:], [["in: ", "mrcy: "], ["in: no such file or directory"]]
        )

    def test_watcher_that_is_stopped_by_ctrl_c_leaves_no_status(self) -> None:
        with self.assertLogs("meter_readings.watched_folders", "ERROR"):
            self.watch()
        self.assertIs(WatchedFolderStatus.objects.exists(), False)

    def test_service_that_is_stopped_leaves_its_status_until_it_is_forgotten(
        self,
    ) -> None:
        with self.assertLogs("meter_readings.watched_folders", "ERROR"):
            self.watch(signal_number=signal.SIGTERM)
        self.assertIs(WatchedFolderStatus.objects.exists(), True)
        ran = run("watch_folder", str(self.root), "--forget")
        self.assertEqual(ran.stdout, "1 folder forgotten.\n")
        self.assertIs(WatchedFolderStatus.objects.exists(), False)
