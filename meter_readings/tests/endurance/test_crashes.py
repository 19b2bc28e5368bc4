"""A process killed at any moment leaves all of its file or nothing, and no lock."""

from __future__ import annotations

import hashlib
import io
import os
import random
import signal
import time
from collections import Counter
from pathlib import Path
from typing import Any, NamedTuple

from django.db import connection
from django.test import TransactionTestCase

from meter_readings import importer
from meter_readings.importer import Outcome
from meter_readings.models import Finding, FlowFile, Meter, MeterPoint, SiteVisit

from . import NOW, SEED, amount, expected, held, say
from .large_files import large_file
from .programs import Program, folder

KILLS = amount("D0010_KILLS", 12)

# A server notices that its client is gone when the statement it is at is over.
_PATIENCE_SECONDS = 60

# What is aimed at: a phase, and from where to where in it. The commit ends loading.
_AIMS = (
    ("receiving", 0.0, 1.0),
    ("checking", 0.0, 1.0),
    ("loading", 0.0, 1.0),
    ("loading", 0.0, 1.0),
    ("loading", 0.9, 1.1),
)
_PHASES = ("receiving", "checking", "loading")

FIRST = large_file(
    identifier="FIRST",
    created_at="20240403091500",
    meters=range(150, 250),
    days=range(30),
    steps=11,
)

_READINGS = """
SELECT CASE WHEN file.file_identifier = 'FIRST' THEN 1 ELSE 2 END,
    reading.line_number, point.mpan, meter.serial_number, reading.register_id,
    CAST(reading.read_at AS text), CAST(reading.value AS text), reading.reading_type,
    reading.bsc_validation_status, reading.standing
FROM meter_readings_reading AS reading
LEFT JOIN meter_readings_flowfile AS file ON file.id = reading.flow_file_id
LEFT JOIN meter_readings_meter AS meter ON meter.id = reading.meter_id
LEFT JOIN meter_readings_meterpoint AS point ON point.id = meter.meter_point_id
ORDER BY 1, 2
"""


class Held(NamedTuple):
    """What tells whether a file is there: counts, and a hash of every reading."""

    meter_points: int
    meters: int
    site_visits: int
    readings: str


class Killed(NamedTuple):
    """What was seen of an import that was killed."""

    phase: str
    is_acknowledged: bool


class KilledImportTests(TransactionTestCase):
    """A file of 20,000 readings, beside one that speaks of many of the same."""

    def setUp(self) -> None:
        self.chance = random.Random(SEED)
        kept = folder()
        self.addCleanup(kept.cleanup)
        self.folder = Path(kept.name)
        self._import(FIRST, "first.uff")
        self.nothing = _held()
        second = _second(0)
        self._import(second, "second.uff")
        self._compare_with_memory(second)
        self.all = _held()
        _undo(second)
        self.assertEqual(_held(), self.nothing)

    def test_leaves_all_of_its_file_or_none_of_it(self) -> None:
        seen: Counter[str] = Counter()
        with Program("importing") as program:
            self.assertEqual(program.answer(), {"ready": True})
            lengths = self._lengths_of_phases(program)
            for number in range(1, KILLS + 1):
                with self.subTest(seed=SEED, kill=number):
                    seen[self._kill_one(program, number, lengths)] += 1
        say(f"{KILLS} imports killed on {connection.vendor}: {dict(seen)}")

    def _kill_one(
        self, program: Program, number: int, lengths: dict[str, float]
    ) -> str:
        """Kill an import, look at what it left, and import the file again."""
        data = _second(number)
        killed = self._kill(program, data, lengths)
        self._wait_until_nothing_is_locked()
        is_held = _rows_of(data) == (1, 1)
        if not is_held:
            self.assertEqual(_rows_of(data), (0, 0))
            self.assertFalse(killed.is_acknowledged, "An acknowledged file is lost.")
        self.assertEqual(_held(), self.all if is_held else self.nothing)
        self.assertEqual(
            self._import(data, "second.uff"),
            Outcome.ALREADY_IMPORTED if is_held else Outcome.IMPORTED,
        )
        self.assertEqual(_held(), self.all)
        _undo(data)
        self.assertEqual(_held(), self.nothing)
        if killed.is_acknowledged:
            return "acknowledged"
        return "committed" if is_held else killed.phase

    def _kill(self, program: Program, data: bytes, lengths: dict[str, float]) -> Killed:
        """Let the program import a file, and kill it at some moment."""
        aim, begin, end = self.chance.choice(_AIMS)
        delay = lengths[aim] * self.chance.uniform(begin, end)
        child, phase, is_acknowledged = 0, "", False
        for answer in self._answers_about(program, data):
            child = answer.get("child", child)
            phase = answer.get("phase", phase)
            is_acknowledged |= "outcome" in answer
            if answer.get("phase") == aim:
                time.sleep(delay)
                # Until it is reaped, its number is nobody else's.
                os.kill(child, signal.SIGKILL)
                program.ask(do="reap")
        return Killed(phase, is_acknowledged)

    def _lengths_of_phases(self, program: Program) -> dict[str, float]:
        """Return how long an import that is left alone is in each phase."""
        data = _second(-1)
        moments = []
        for answer in self._answers_about(program, data):
            if "phase" in answer or "outcome" in answer:
                moments.append(time.monotonic())
            if "outcome" in answer:
                program.ask(do="reap")
        _undo(data)
        lengths = [later - earlier for earlier, later in zip(moments, moments[1:])]
        return dict(zip(_PHASES, lengths, strict=True))

    def _answers_about(self, program: Program, data: bytes) -> Any:
        """Ask a program to import a file; yield what it says until that is over."""
        path = self.folder / "second.uff"
        path.write_bytes(data)
        program.ask(do="import", in_child=True, path=str(path), filename=path.name)
        for answer in program.answers():
            self.assertNotIn("error", answer)
            if "ended" in answer:
                return
            yield answer

    def _import(self, data: bytes, filename: str) -> Outcome:
        result = importer.import_flow_file(
            stream=io.BytesIO(data), filename=filename, now=NOW
        )
        assert result.flow_file is not None
        with result.flow_file.content.open() as content:
            self.assertEqual(content.read(), data)
        return result.outcome

    def _compare_with_memory(self, second: bytes) -> None:
        shelf = expected.Shelf().hold(
            expected.read(FIRST, "first.uff"), expected.read(second, "second.uff")
        )
        self.assertEqual(shelf.contents().differences(held.contents()), [])

    def _wait_until_nothing_is_locked(self) -> None:
        """Wait until a server has noticed; where there is none, there is no wait."""
        deadline = time.monotonic() + _PATIENCE_SECONDS
        while _is_locked():
            self.assertEqual(connection.vendor, "postgresql")
            self.assertLess(time.monotonic(), deadline, "A lock is still held.")
            time.sleep(0.01)


def _second(number: int) -> bytes:
    """Return the file that is imported under a kill, with an identifier of its own."""
    return large_file(
        identifier=f"SECOND{number:04}", meters=range(400), days=range(50)
    )


def _rows_of(data: bytes) -> tuple[int, int]:
    """Return how many rows and findings there are of a file that was not undone."""
    sha256 = hashlib.sha256(data).hexdigest()
    rows = FlowFile.objects.filter(sha256=sha256)
    return rows.count(), Finding.objects.filter(flow_file__in=rows).count()


def _undo(data: bytes) -> None:
    sha256 = hashlib.sha256(data).hexdigest()
    importer.undo_import(flow_file=FlowFile.objects.get(sha256=sha256), now=NOW)


def _held() -> Held:
    with connection.cursor() as cursor:
        cursor.execute(_READINGS)
        digest = hashlib.sha256(repr(cursor.fetchall()).encode()).hexdigest()
    return Held(
        MeterPoint.objects.count(),
        Meter.objects.count(),
        SiteVisit.objects.count(),
        digest,
    )


def _is_locked() -> bool:
    """Return whether any other connection holds a lock, or is there at all."""
    with connection.cursor() as cursor:
        if connection.vendor == "sqlite":
            cursor.execute("PRAGMA busy_timeout = 0")
            cursor.execute("BEGIN IMMEDIATE")
            cursor.execute("ROLLBACK")
            return False
        cursor.execute(
            "SELECT COUNT(*) FROM pg_stat_activity"
            " WHERE datname = current_database() AND pid <> pg_backend_pid()"
            " AND backend_type = 'client backend'"
        )
        return bool(cursor.fetchone()[0])
