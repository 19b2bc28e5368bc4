"""Scanning: which files of a folder are finished."""

from __future__ import annotations

import os
import socket
import tempfile
import threading
import time
from pathlib import Path
from typing import Any
from unittest.mock import patch

from django.test import SimpleTestCase

from meter_readings.watched_folders.scanning import Scanner

from .watched_folder import numbered_file

LOG = "meter_readings.watched_folders.scanning"


class ScannerTestCase(SimpleTestCase):
    def setUp(self) -> None:
        self.folder = Path(self.enterContext(tempfile.TemporaryDirectory()))
        self.now = 100.0
        self.scanner = self.new_scanner(settle=10)

    def new_scanner(self, settle: float) -> Scanner:
        return Scanner(self.folder, settle=settle, monotonic=lambda: self.now)

    def scan(self, after: float = 0) -> list[str]:
        """Scan after as many seconds; return the names of the finished files."""
        self.now += after
        return [candidate.name for candidate in self.scanner.scan()]

    def write(self, name: str, data: bytes = numbered_file(1)) -> Path:
        path = self.folder / name
        path.write_bytes(data)
        return path


class FinishedTests(ScannerTestCase):
    def test_file_is_not_finished_at_the_first_look(self) -> None:
        path = self.write("a.uff")
        os.utime(path, (0, 0))
        self.scanner = self.new_scanner(settle=0)
        self.assertEqual(self.scan(), [])
        self.assertEqual(self.scan(), ["a.uff"])

    def test_file_is_finished_when_it_has_been_unchanged(self) -> None:
        self.write("a.uff")
        self.assertEqual(self.scan(), [])
        self.assertEqual(self.scan(after=9), [])
        self.assertEqual(self.scan(after=1), ["a.uff"])

    def test_file_that_grows_has_to_be_unchanged_again(self) -> None:
        path = self.write("a.uff", numbered_file(1)[:50])
        self.scan()
        path.write_bytes(numbered_file(1))
        self.assertEqual(self.scan(after=10), [])
        self.assertEqual(self.scan(after=9), [])
        self.assertEqual(self.scan(after=1), ["a.uff"])

    def test_file_with_another_time_has_to_be_unchanged_again(self) -> None:
        path = self.write("a.uff")
        self.scan()
        os.utime(path, (1, 1))
        self.assertEqual(self.scan(after=10), [])
        self.assertEqual(self.scan(after=10), ["a.uff"])

    def test_file_without_a_trailer_waits_six_times_as_long(self) -> None:
        self.write("a.uff", numbered_file(1).rpartition(b"ZPT")[0])
        self.scan()
        self.assertEqual(self.scan(after=59), [])
        self.assertEqual(self.scan(after=1), ["a.uff"])

    def test_empty_file_waits_six_times_as_long(self) -> None:
        self.write("a.uff", b"")
        self.scan()
        self.assertEqual(self.scan(after=59), [])
        self.assertEqual(self.scan(after=1), ["a.uff"])

    def test_file_that_is_allocated_before_it_is_written_waits_longer(self) -> None:
        self.write("a.uff", numbered_file(1)[:-90] + bytes(90))
        self.scan()
        self.assertEqual(self.scan(after=59), [])

    def test_trailer_is_recognised_with_any_line_ending(self) -> None:
        text = numbered_file(1).rstrip()
        for number, ending in enumerate((b"", b"\n", b"\r\n", b"\n\n")):
            self.write(f"{number}.uff", text + ending)
        self.scan()
        self.assertEqual(len(self.scan(after=10)), 4)

    def test_old_file_needs_no_more_than_two_scans(self) -> None:
        self.write("a.uff")
        self.scan()
        with patch("time.time", return_value=time.time() + 11):
            self.assertEqual(self.scan(after=1), ["a.uff"])

    def test_file_of_a_drive_whose_clock_is_ahead_is_finished_too(self) -> None:
        os.utime(self.write("a.uff"), (4e9, 4e9))
        self.scan()
        self.assertEqual(self.scan(after=10), ["a.uff"])

    def test_files_are_sorted_by_name(self) -> None:
        for name in ("b.uff", "c.uff", "a.uff"):
            self.write(name)
        self.scan()
        self.assertEqual(self.scan(after=10), ["a.uff", "b.uff", "c.uff"])

    def test_file_of_a_slow_sender_is_finished_once_it_is_whole(self) -> None:
        data = numbered_file(1)
        self.scanner = Scanner(self.folder, settle=0.3)

        def send() -> None:
            with (self.folder / "a.uff").open("wb", buffering=0) as file:
                for start in range(0, len(data), 20):
                    file.write(data[start : start + 20])
                    time.sleep(0.05)

        sender = threading.Thread(target=send)
        sender.start()
        while not (candidates := self.scanner.scan()):
            time.sleep(0.02)
        self.assertEqual(candidates[0].stamp.size, len(data))
        sender.join()


class IgnoredTests(ScannerTestCase):
    """Files that stay where they are."""

    def assert_ignored(self, name: str, reason: str) -> None:
        with self.assertLogs(LOG, "WARNING") as log:
            self.scan()
            self.assertEqual(self.scan(after=100), [])
        [record] = log.records
        self.assertEqual(
            vars(record)["fields"],
            {"folder": str(self.folder), "filename": name, "reason": reason},
        )

    def test_partial_names_are_ignored(self) -> None:
        for name in [
            *("a.uff.part", "a.PARTIAL", "a.tmp", "a.uff.filepart", "~$a.uff"),
            *("a.crdownload", "a.download", "a.uff~", ".a.uff", ".a.uff.Xy12"),
        ]:
            self.write(name)
        with self.assertNoLogs(LOG):
            self.scan()
            self.assertEqual(self.scan(after=100), [])

    def test_symbolic_link_is_ignored(self) -> None:
        target = Path(self.enterContext(tempfile.TemporaryDirectory()), "a.uff")
        target.write_bytes(numbered_file(1))
        (self.folder / "a.uff").symlink_to(target)
        self.assert_ignored("a.uff", "it is a symbolic link")

    def test_fifo_is_ignored_without_waiting_for_a_writer(self) -> None:
        os.mkfifo(self.folder / "a.uff")
        self.assert_ignored("a.uff", "it is not a file")

    def test_socket_is_ignored(self) -> None:
        with socket.socket(socket.AF_UNIX) as server:
            server.bind(str(self.folder / "a.uff"))
            self.assert_ignored("a.uff", "it is not a file")

    def test_hard_link_is_ignored(self) -> None:
        other = self.folder.parent / f"{self.folder.name}-other"
        self.addCleanup(other.unlink)
        os.link(self.write("a.uff"), other)
        self.assert_ignored("a.uff", "it has another name (a hard link)")

    def test_file_is_found_when_its_other_name_is_gone(self) -> None:
        self.write("a.uff.part")
        os.link(self.folder / "a.uff.part", self.folder / "a.uff")
        with self.assertLogs(LOG, "WARNING"):
            self.scan()
        (self.folder / "a.uff.part").unlink()
        self.scan()
        self.assertEqual(self.scan(after=10), ["a.uff"])

    def test_folder_is_ignored(self) -> None:
        (self.folder / "a.uff").mkdir()
        with self.assertNoLogs(LOG):
            self.scan()
            self.assertEqual(self.scan(after=100), [])

    def test_file_that_cannot_be_read_is_ignored(self) -> None:
        self.write("a.uff")
        refused = PermissionError(13, "Permission denied")
        with patch("os.open", side_effect=refused):
            self.assert_ignored("a.uff", "permission denied")
        self.assertEqual(self.scan(), ["a.uff"])

    def test_file_that_becomes_a_link_is_not_opened(self) -> None:
        path = self.write("a.uff")
        self.scan()
        status = path.lstat()
        path.unlink()
        path.symlink_to("/etc/passwd")
        with (
            patch.object(Path, "lstat", return_value=status),
            self.assertLogs(LOG, "WARNING") as log,
        ):
            self.assertEqual(self.scan(after=10), [])
        self.assertEqual(vars(log.records[0])["fields"]["reason"], "it is not a file")

    def test_file_that_becomes_a_fifo_is_not_read(self) -> None:
        path = self.write("a.uff")
        self.scan()
        status = path.lstat()
        path.unlink()
        os.mkfifo(path)
        with (
            patch.object(Path, "lstat", return_value=status),
            self.assertLogs(LOG, "WARNING"),
        ):
            self.assertEqual(self.scan(after=10), [])

    def test_file_that_is_gone_is_no_error(self) -> None:
        self.write("a.uff")
        self.scan()

        def gone(*arguments: Any) -> None:
            raise FileNotFoundError

        with patch("os.open", gone), self.assertNoLogs(LOG):
            self.assertEqual(self.scan(after=10), [])

    def test_file_is_logged_again_if_it_was_gone_meanwhile(self) -> None:
        os.mkfifo(self.folder / "a.uff")
        self.assert_ignored("a.uff", "it is not a file")
        (self.folder / "a.uff").unlink()
        self.scan()
        os.mkfifo(self.folder / "a.uff")
        self.assert_ignored("a.uff", "it is not a file")

    def test_mpan_in_a_filename_is_not_logged(self) -> None:
        os.mkfifo(self.folder / "1000000000003.uff")
        self.assert_ignored("[MPAN].uff", "it is not a file")

    def test_folder_that_is_missing_is_an_error(self) -> None:
        self.scanner = Scanner(self.folder / "missing", settle=0)
        with self.assertRaises(FileNotFoundError):
            self.scan()
