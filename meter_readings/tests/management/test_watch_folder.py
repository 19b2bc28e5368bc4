"""The command `watch_folder`."""

from __future__ import annotations

import os
import signal
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from unittest import skipUnless
from unittest.mock import patch

from django.test import TransactionTestCase

from meter_readings.models import ImportJob, Reading
from meter_readings.tests.robustness.large_files import large_file
from meter_readings.tests.robustness.small_disk import SmallDisk, can_mount
from meter_readings.tests.support.import_helpers import imported
from meter_readings.tests.watched_folders.watched_folder import (
    bad_file,
    claims,
    names,
    numbered_file,
)

from .run_command import Ran, run, start

LOG = "meter_readings.watched_folders"

_SECONDS = 120


class WatchFolderTestCase(TransactionTestCase):
    def setUp(self) -> None:
        self.folder = Path(self.enterContext(tempfile.TemporaryDirectory()))

    def write(self, name: str, data: bytes) -> None:
        path = self.folder / name
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(data)

    def once(self, *options: str) -> Ran:
        return run("watch_folder", str(self.folder), "--once", "--settle=0", *options)

    def in_folder(self, name: str) -> list[str]:
        return names(self.folder / name)


class OnceTests(WatchFolderTestCase):
    def test_each_file_is_reported_with_its_outcome_and_where_it_is(self) -> None:
        imported(numbered_file(2), "first.uff")
        self.write("a.uff", numbered_file(1))
        self.write("b.uff", numbered_file(2))
        self.write("c.uff", bad_file(3))
        lines = self.once().stdout.splitlines()
        self.assertRegex(lines[0], "^a.uff: imported as #.*; moved to done$")
        self.assertRegex(lines[1], "^b.uff: already imported.*; moved to duplicate$")
        self.assertRegex(lines[2], "^c.uff: rejected: .*; moved to rejected$")

    def test_exit_code_is_0_if_no_file_was_rejected(self) -> None:
        self.write("a.uff", numbered_file(1))
        self.assertEqual(self.once().code, 0)
        self.assertEqual(self.once().code, 0)

    def test_exit_code_is_1_if_a_file_was_rejected(self) -> None:
        self.write("a.uff", bad_file(1))
        self.assertEqual(self.once().code, 1)

    def test_exit_code_is_1_if_there_is_no_such_folder(self) -> None:
        self.folder = self.folder / "missing"
        with self.assertLogs(LOG, "ERROR"):
            ran = self.once()
        self.assertEqual(ran.code, 1)
        self.assertEqual(ran.stderr, f"{self.folder}: no such file or directory.\n")

    def test_exit_code_is_130_if_it_is_interrupted(self) -> None:
        with patch("time.sleep", side_effect=lambda _: os.kill(os.getpid(), 2)):
            self.assertEqual(self.once().code, 130)

    def test_policy_can_be_chosen(self) -> None:
        self.write("a.uff", numbered_file(1).rpartition(b"ZPT")[0])
        with patch("time.time", return_value=time.time() + 60):
            self.assertEqual(self.once("--policy=strict").code, 1)
        self.assertEqual(self.in_folder("rejected"), ["a.uff"])

    def test_same_name_can_be_allowed(self) -> None:
        imported(numbered_file(2), "a.uff")
        self.write("a.uff", numbered_file(1))
        self.assertEqual(self.once("--allow-same-name").code, 0)

    def test_file_of_another_import_waits_for_the_next_call(self) -> None:
        self.write("a.uff", numbered_file(1))
        ran = run("watch_folder", str(self.folder), "--once", "--settle=0.1")
        self.assertEqual(ran.code, 0)
        self.assertEqual(self.in_folder("done"), ["a.uff"])

    def test_wrong_numbers_are_usage_errors(self) -> None:
        for option in ("--settle=x", "--settle=-1", "--interval=99999"):
            with self.subTest(option):
                self.assertIn("a number of seconds", self.once(option).stderr)
        self.assertIn("at least 0.1", self.once("--interval=0").stderr)


class SubfolderTests(WatchFolderTestCase):
    def test_folders_of_senders_are_not_watched_by_default(self) -> None:
        self.write("mrcy/a.uff", numbered_file(1))
        self.once()
        self.assertEqual(names(self.folder / "mrcy"), ["a.uff"])

    def test_each_sender_has_its_own_subfolders(self) -> None:
        self.write("a.uff", numbered_file(1))
        self.write("mrcy/a.uff", numbered_file(1))
        self.write("udms/b.uff", bad_file(2))
        self.assertEqual(self.once("--subfolders").code, 1)
        self.assertEqual(self.in_folder("done"), ["a.uff"])
        self.assertEqual(self.in_folder("mrcy/duplicate"), ["a.uff"])
        self.assertEqual(self.in_folder("udms/rejected"), ["b.uff"])

    def test_moved_files_hidden_folders_and_links_are_no_senders(self) -> None:
        for name in ("done", "duplicate", "rejected", ".hidden", "a.part"):
            self.write(f"{name}/a.uff", numbered_file(1))
        elsewhere = Path(self.enterContext(tempfile.TemporaryDirectory()))
        (elsewhere / "a.uff").write_bytes(numbered_file(1))
        (self.folder / "link").symlink_to(elsewhere)
        with self.assertLogs(LOG, "WARNING"):
            self.once("--subfolders")
        self.assertEqual(Reading.objects.count(), 0)

    def test_missing_folder_is_reported_once(self) -> None:
        self.folder = self.folder / "missing"
        with self.assertLogs(LOG, "ERROR"):
            ran = self.once("--subfolders")
        self.assertEqual(len(ran.stderr.splitlines()), 1)


class ProcessTests(WatchFolderTestCase):
    """The command as a process of its own, stopped by signals."""

    @contextmanager
    def watching(
        self, env: dict[str, str] | None = None
    ) -> Iterator[subprocess.Popen[bytes]]:
        process = start(
            *("watch_folder", str(self.folder), "--interval=0.1", "--settle=0.1"),
            env=env,
        )
        try:
            with process:
                yield process
        finally:
            process.kill()

    def wait_until(self, is_true: Callable[[], object]) -> None:
        deadline = time.monotonic() + _SECONDS
        while not is_true():
            self.assertLess(time.monotonic(), deadline)
            time.sleep(0.02)

    def test_folder_is_watched_until_sigterm(self) -> None:
        # Only a process of its own reaches the code for a signal.
        with self.watching({**os.environ}) as process:
            for number in (1, 2):
                name = f"{number}.uff"
                self.write(name, numbered_file(number))
                self.wait_until(lambda: name in self.in_folder("done"))  # noqa: B023
            process.terminate()
            self.assertEqual(process.wait(_SECONDS), 0)

    def test_ctrl_c_ends_it_with_130(self) -> None:
        with self.watching() as process:
            self.wait_until((self.folder / ".processing").exists)
            process.send_signal(signal.SIGINT)
            self.assertEqual(process.wait(_SECONDS), 130)

    def test_folder_that_does_not_exist_is_waited_for(self) -> None:
        self.folder = self.folder / "later"
        with self.watching() as process:
            assert process.stderr is not None
            self.assertIn(b"Watched folder in error.", process.stderr.readline())
            self.write("a.uff", numbered_file(1))
            self.wait_until(lambda: self.in_folder("done"))
            process.terminate()
            self.assertNotIn(b"in error", process.stderr.read())

    def test_file_whose_import_is_stopped_goes_back_or_is_done(self) -> None:
        data = large_file(identifier="LARGE", meters=range(300), days=range(50))
        self.write("a.uff", data)
        os.utime(self.folder / "a.uff", (0, 0))
        running = ImportJob.objects.filter(sha256__gt="").exists
        with self.watching() as process:
            self.wait_until(running)
            process.terminate()
            self.assertEqual(process.wait(_SECONDS), 0)
        is_done = self.in_folder("done") == ["a.uff"]
        self.assertEqual(is_done, Reading.objects.exists())
        self.assertTrue(is_done or "a.uff" in names(self.folder))
        self.assertEqual(claims(self.folder), [])
        with self.watching() as process:
            self.wait_until(lambda: self.in_folder("done"))
            process.terminate()
        self.assertEqual(self.in_folder("done"), ["a.uff"])
        self.assertEqual(Reading.objects.count(), 15_000)


@skipUnless(can_mount(), "only root can mount a small disk")
class DiskTests(WatchFolderTestCase):
    def setUp(self) -> None:
        self.disk = self.enterContext(SmallDisk(1))
        self.folder = self.disk.path

    def test_files_of_a_read_only_drive_wait(self) -> None:
        self.write("a.uff", numbered_file(1))
        self.disk.make_read_only()
        with self.assertLogs(LOG, "ERROR"):
            ran = self.once()
        self.assertEqual(ran.code, 1)
        self.assertIn("read-only file system", ran.stderr)
        self.assertEqual(Reading.objects.count(), 0)
        self.disk.make_writable()
        self.assertEqual(self.once().code, 0)
        self.assertEqual(self.in_folder("done"), ["a.uff"])

    def test_files_of_a_full_drive_wait(self) -> None:
        self.write("a.uff", numbered_file(1))
        self.disk.fill(leaving=0)
        with self.assertLogs(LOG, "ERROR"):
            ran = self.once()
        self.assertEqual(ran.code, 1)
        self.assertIn("no space left on device", ran.stderr)
        self.disk.empty()
        self.assertEqual(self.once().code, 0)
        self.assertEqual(self.in_folder("done"), ["a.uff"])
