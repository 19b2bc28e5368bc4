"""A cache in files in which nobody's count is lost."""

from __future__ import annotations

import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor

from django.test import SimpleTestCase

from config.counting import CountingFileCache
from config.environment import PROJECT_ROOT

PROCESSES, TIMES = 4, 50
# What one process does: begin the count where nobody has, and add to it.
PROGRAM = f"""
import sys
from config.counting import CountingFileCache
cache = CountingFileCache(sys.argv[1], {{}})
cache.add("count", 0)
for _ in range({TIMES}):
    cache.incr("count")
"""


class CountingTests(SimpleTestCase):
    def setUp(self) -> None:
        self.folder = self.enterContext(tempfile.TemporaryDirectory())
        self.cache = CountingFileCache(self.folder, {})

    def test_many_processes_count_together(self) -> None:
        command = [sys.executable, "-c", PROGRAM, self.folder]
        programs = [
            subprocess.Popen(command, cwd=PROJECT_ROOT) for _ in range(PROCESSES)
        ]
        self.assertEqual([program.wait() for program in programs], [0] * PROCESSES)
        self.assertEqual(self.cache.get("count"), PROCESSES * TIMES)

    def test_many_threads_count_together(self) -> None:
        self.cache.add("count", 0)
        with ThreadPoolExecutor(8) as threads:
            counts = [*threads.map(lambda _: self.cache.incr("count"), range(50))]
        self.assertEqual(sorted(counts), [*range(1, 51)])

    def test_of_many_one_begins_a_count(self) -> None:
        with ThreadPoolExecutor(8) as threads:
            added = [*threads.map(lambda _: self.cache.add("count", 0), range(50))]
        self.assertEqual(added.count(True), 1)

    def test_what_was_never_begun_cannot_be_counted(self) -> None:
        with self.assertRaises(ValueError):
            self.cache.incr("count")

    def test_clearing_it_leaves_those_who_count_alone(self) -> None:
        self.cache.add("count", 0)
        self.cache.clear()
        self.assertIs(self.cache.add("count", 0), True)
