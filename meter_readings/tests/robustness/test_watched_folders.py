"""Watched folders: killed watchers, failing calls, two watchers and two senders."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path

from django.db import connection
from django.test import TransactionTestCase

from meter_readings.models import FlowFile, ImportJob, Reading
from meter_readings.tests.management.run_command import start
from meter_readings.tests.watched_folders.watched_folder import (
    bad_file,
    claims,
    names,
    numbered_file,
    zipped,
)

from . import IS_LONG, SEED, amount, database_state, say
from .subprocesses import Program
from .watch_program import FAILURES, KILLS

# How many calls of each kind are hit; every one in a long run
_POINTS = amount("D0010_KILLS", 3)
_FILES = 200 if IS_LONG else 16
_SECONDS = 300

_MOVED = ("done", "duplicate", "rejected")

# Valid, valid again, rejected, and two in an archive
_DELIVERED = {
    "a.uff": numbered_file(1),
    "b.uff": numbered_file(1),
    "c.uff": bad_file(2),
    "d.zip": zipped(three=numbered_file(3), four=numbered_file(4)),
}


class EveryCallTests(TransactionTestCase):
    """The watcher is killed, or fails, at one of the calls that change files."""

    def setUp(self) -> None:
        self.rng = random.Random(SEED)
        self.program = self.enterContext(Program("watch_program"))
        self.assertEqual(self.program.answer(), {"ready": True})
        self.call_count = self.watch()

    def test_killed_watcher_loses_nothing_and_loads_nothing_twice(self) -> None:
        for how in KILLS:
            self.hit(how)

    def test_failing_call_loses_nothing_and_loads_nothing_twice(self) -> None:
        for how in FAILURES:
            self.hit(how)

    def hit(self, how: str) -> None:
        """Hit a call, let another watcher finish, and compare."""
        every = range(1, self.call_count + 1)
        points = every if IS_LONG else sorted(self.rng.sample(every, _POINTS))
        for point in points:
            with self.subTest(seed=SEED, call=point, how=how):
                self.watch(point, how)
        say(f"{len(points)} calls of {self.call_count} {how} on {connection.vendor}")

    def watch(self, at: int = 0, how: str = "") -> int:
        """Deliver the files, watch, watch again; return the calls of the last time."""
        with tempfile.TemporaryDirectory() as name:
            folder = Path(name)
            for filename, data in _DELIVERED.items():
                (folder / filename).write_bytes(data)
            if at:
                self.run_program(folder, at, how)
            calls = self.run_program(folder, 0, "")
            self.assert_finished(folder)
        database_state.empty()
        return calls

    def run_program(self, folder: Path, at: int, how: str) -> int:
        """Return the number of calls, 0 if the watcher was killed."""
        self.program.ask(folder=str(folder), at=at, how=how)
        calls = 0
        for answer in self.program.answers():
            self.assertNotIn("error", answer)
            if "ended" in answer:
                break
            calls = answer["calls"]
        return calls

    def assert_finished(self, folder: Path) -> None:
        moved = {name: names(folder / name) for name in _MOVED}
        self.assertEqual(
            sorted(moved["done"] + moved["duplicate"]), ["a.uff", "b.uff", "d.zip"]
        )
        self.assertEqual(moved["rejected"], ["c.uff"])
        self.assertEqual(claims(folder), [])
        self.assertLessEqual({*names(folder)}, {*_MOVED})
        for place in _MOVED:
            for name in moved[place]:
                path = folder / place / name
                self.assertEqual(path.read_bytes(), _DELIVERED[name])
                self.assertTrue(Path(f"{path}.report.txt").exists())
                self.assertTrue(Path(f"{path}.report.json").exists())
        self.assertEqual(Reading.objects.count(), 3)
        statuses = Counter(FlowFile.objects.values_list("status", flat=True))
        self.assertEqual(statuses, {"imported": 3, "rejected": 1})
        self.assertFalse(ImportJob.objects.running().exists())


class ManyFilesTests(TransactionTestCase):
    """Two senders, one that renames finished files and one that writes slowly."""

    def setUp(self) -> None:
        self.rng = random.Random(SEED)
        self.folder = Path(self.enterContext(tempfile.TemporaryDirectory()))
        self.delivered = {
            f"{number:03}.uff": numbered_file(number) for number in range(_FILES)
        }

    def test_two_watchers_import_each_file_of_two_senders_once(self) -> None:
        watchers = [self.start_watcher() for _ in range(2)]
        self.send_all()
        self.wait_until(lambda: not self.unfinished())
        for watcher in watchers:
            watcher.terminate()
            self.assertEqual(watcher.wait(_SECONDS), 0)
        self.assert_each_is_imported_once()
        say(f"{_FILES} files by two watchers on {connection.vendor}")

    def test_watchers_killed_at_random_moments_lose_nothing(self) -> None:
        senders = threading.Thread(target=self.send_all)
        senders.start()
        kills = 0
        while kills < _POINTS and self.unfinished():
            watcher = self.start_watcher()
            # A watcher that has moved a file is killed at any moment of the next ones.
            moved = len(self.moved())
            self.wait_until(
                lambda: len(self.moved()) > moved or not self.unfinished()  # noqa: B023
            )
            time.sleep(self.rng.uniform(0, 0.3))
            watcher.send_signal(signal.SIGKILL)
            watcher.wait(_SECONDS)
            kills += 1
        senders.join()
        self.assertEqual(self.start_watcher("--once").wait(_SECONDS), 0)
        self.assert_each_is_imported_once()
        say(f"{kills} watchers of {_FILES} files killed on {connection.vendor}")

    def start_watcher(self, *options: str) -> subprocess.Popen[bytes]:
        watcher = start(
            *("watch_folder", str(self.folder), "--interval=0.1", "--settle=0.5"),
            *options,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        self.addCleanup(watcher.wait)
        self.addCleanup(watcher.kill)
        return watcher

    def send_all(self) -> None:
        files = [*self.delivered.items()]
        senders = [
            threading.Thread(target=self.send, args=(files[::2], self.send_by_rename)),
            threading.Thread(target=self.send, args=(files[1::2], self.send_slowly)),
        ]
        for sender in senders:
            sender.start()
        for sender in senders:
            sender.join()

    def send(
        self, files: list[tuple[str, bytes]], method: Callable[[Path, bytes], None]
    ) -> None:
        for name, data in files:
            method(self.folder / name, data)

    def send_by_rename(self, path: Path, data: bytes) -> None:
        partial = path.with_suffix(".uff.part")
        partial.write_bytes(data)
        partial.rename(path)

    def send_slowly(self, path: Path, data: bytes) -> None:
        with path.open("wb", buffering=0) as file:
            for start_at in range(0, len(data), 80):
                file.write(data[start_at : start_at + 80])
                time.sleep(0.01)

    def moved(self) -> list[str]:
        return [name for place in _MOVED for name in names(self.folder / place)]

    def unfinished(self) -> set[str]:
        return {*self.delivered} - {*self.moved()}

    def wait_until(self, is_true: Callable[[], bool]) -> None:
        deadline = time.monotonic() + _SECONDS
        while not is_true():
            self.assertLess(time.monotonic(), deadline, sorted(self.unfinished()))
            time.sleep(0.05)

    def assert_each_is_imported_once(self) -> None:
        self.assertEqual(sorted(names(self.folder / "done")), sorted(self.delivered))
        self.assertEqual(sorted(self.moved()), sorted(self.delivered))
        self.assertEqual(claims(self.folder), [])
        for name, data in self.delivered.items():
            self.assertEqual((self.folder / "done" / name).read_bytes(), data)
        imported = FlowFile.objects.filter(status=FlowFile.Status.IMPORTED)
        self.assertEqual(imported.count(), _FILES)
        self.assertEqual(Reading.objects.count(), _FILES)
        jobs = ImportJob.objects.filter(outcome=ImportJob.Outcome.IMPORTED)
        self.assertEqual(jobs.count(), _FILES)
        self.assertEqual(os.listdir(self.folder / ".processing"), ["lock"])
