"""Reads race against imports, corrections and undos: no answer is an old one.

The cache is local memory in one class and Redis in the other.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple
from unittest import skipUnless

from django.contrib.auth.models import User
from django.db import connection
from django.test import Client, TransactionTestCase

from meter_readings import importer
from meter_readings.models import DataVersion, Reading
from meter_readings.tests.robustness import IS_LONG
from meter_readings.tests.support.database_hooks import after_query
from meter_readings.tests.support.import_helpers import NOW
from meter_readings.tests.support.other_connection import in_other_connection
from meter_readings.tests.support.redis_server import (
    IS_INSTALLED,
    IS_REQUIRED,
    REQUIREMENT,
    RedisTestCase,
)

from .testcases import (
    HISTORY,
    LATEST,
    READINGS,
    hits_and_misses,
    import_reading,
    page_url,
    page_value,
    values,
)

READERS = 4
CHANGES = 12 if IS_LONG else 6
VERSION_TABLE = DataVersion._meta.db_table
# The statement that reads the row of a reading, in every answer
READING_ROWS = f'"{Reading._meta.db_table}"."value"'

type Read = Callable[[Client, str], list[str]]


class Observation(NamedTuple):
    """What a reader was answered, and when it asked."""

    url: str
    begun: float
    ended: float
    answer: list[str]


class Change(NamedTuple):
    """What is right from the commit of a change on."""

    begun: float
    committed: float
    value: str


class AnswerRaceTests(TransactionTestCase):
    """Imports are by other connections."""

    def setUp(self) -> None:
        super().setUp()
        User.objects.create_superuser("alice")
        self.client = self.signed_in()
        import_reading(1)
        self.reads: dict[str, Read] = {
            READINGS: values,
            HISTORY: values,
            LATEST: values,
            page_url(): page_value,
        }

    def signed_in(self) -> Client:
        client = Client()
        client.force_login(User.objects.get())
        return client

    def test_an_import_between_the_version_and_the_readings(self) -> None:
        for number, (url, read) in enumerate(self.reads.items(), start=2):
            with self.subTest(url):
                with after_query(VERSION_TABLE, self.correction(number)):
                    read(self.client, url)
                self.assertEqual(read(self.client, url), [f"{number}.0"])

    def test_an_import_after_the_readings_were_read(self) -> None:
        """The version that is read first is then the old one.

        If it were read afterwards, the old answer would have the new version.
        """
        for number, (url, read) in enumerate(self.reads.items(), start=2):
            with self.subTest(url):
                with after_query(READING_ROWS, self.correction(number)):
                    read(self.client, url)
                self.assertEqual(read(self.client, url), [f"{number}.0"])

    def test_an_undo_after_the_readings_were_read(self) -> None:
        for number, (url, read) in enumerate(self.reads.items(), start=2):
            file = import_reading(number)
            undo = lambda: importer.undo_import(flow_file=file, now=NOW)  # noqa: E731
            with self.subTest(url):
                with after_query(READING_ROWS, lambda: in_other_connection(undo)):
                    read(self.client, url)
                self.assertEqual(read(self.client, url), ["1.0"])

    def test_an_uncommitted_change_is_not_seen(self) -> None:
        """A transaction that is rolled back leaves the version that was there."""
        before = DataVersion.objects.current_text()
        self.assertEqual(values(self.client, READINGS), ["1.0"])
        with self.assertRaises(ZeroDivisionError):
            with importer.exclusive_import_lock(now=NOW):
                1 / 0
        self.assertEqual(DataVersion.objects.current_text(), before)
        self.assertEqual(values(self.client, READINGS), ["1.0"])

    def correction(self, number: int) -> Callable[[], None]:
        return lambda: in_other_connection(lambda: import_reading(number))

    def test_readers_race_against_imports_and_undos(self) -> None:
        hits_before, misses_before = hits_and_misses()
        with self.readers() as observations:
            changes = self.make_changes(observations)
        hits, misses = hits_and_misses()
        # Both occurred, again and again.
        self.assertGreater(misses - misses_before, CHANGES)
        self.assertGreater(hits - hits_before, CHANGES)
        certain = 0
        for seen in observations:
            for change, following in zip(changes, changes[1:], strict=False):
                if change.committed < seen.begun and seen.ended < following.begun:
                    self.assertEqual(seen.answer, [change.value], seen.url)
                    certain += 1
        self.assertGreater(certain, CHANGES * READERS)

    def make_changes(self, observations: list[Observation]) -> list[Change]:
        """Import corrections and undo them; return what was right when."""
        changes = [Change(0, time.monotonic(), "1.0")]
        file: Any = None
        for number in range(2, CHANGES + 2):
            begun = time.monotonic()
            if number % 3:
                file, value = import_reading(number), f"{number}.0"
            else:
                importer.undo_import(flow_file=file, now=NOW)
                value = f"{number - 2}.0" if number > 3 else "1.0"
            changes.append(Change(begun, time.monotonic(), value))
            self.wait_for(observations, READERS * 2 * len(self.reads))
        changes.append(Change(time.monotonic(), time.monotonic(), ""))
        return changes

    def wait_for(self, observations: list[Observation], more: int) -> None:
        """Wait until readers have been answered so many times more."""
        enough = len(observations) + more
        limit = time.monotonic() + 60
        while len(observations) < enough:
            self.assertLess(time.monotonic(), limit)
            time.sleep(0.001)

    @contextmanager
    def readers(self) -> Iterator[list[Observation]]:
        """Read all answers again and again in threads, until the end."""
        observations: list[Observation] = []
        errors: list[BaseException] = []
        stop = threading.Event()
        clients = [self.signed_in() for _ in range(READERS)]

        def run(client: Client) -> None:
            try:
                while not stop.is_set():
                    for url, read in self.reads.items():
                        begun = time.monotonic()
                        answer = read(client, url)
                        observations.append(
                            Observation(url, begun, time.monotonic(), answer)
                        )
            except BaseException as error:
                errors.append(error)
            finally:
                connection.close()

        threads = [threading.Thread(target=run, args=[client]) for client in clients]
        for thread in threads:
            thread.start()
        try:
            yield observations
        finally:
            stop.set()
            for thread in threads:
                thread.join()
        self.assertEqual(errors, [])


@skipUnless(IS_REQUIRED or IS_INSTALLED, REQUIREMENT)
class RedisAnswerRaceTests(RedisTestCase, AnswerRaceTests):
    """The same with the answers in Redis."""
