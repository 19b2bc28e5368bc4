"""Killed processes: a file is stored whole or not at all, and no lock remains."""

from __future__ import annotations

import hashlib
import io
import os
import random
import signal
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack
from itertools import pairwise
from pathlib import Path
from typing import Any, NamedTuple

from django.db import OperationalError, connection
from django.db.backends.utils import CursorWrapper
from django.test import TransactionTestCase

from meter_readings import importer
from meter_readings.models import (
    Finding,
    FlowFile,
    ImportJob,
    Meter,
    MeterPoint,
    SiteVisit,
)

from . import IS_LONG, NOW, SEED, amount, database_state, reference_model, say
from .large_files import large_file
from .subprocesses import Program, folder

KILLS = amount("D0010_KILLS", 4)

# Those of the file whose import is killed, which has 20,000 or 6,000 readings
_METERS, _DAYS = (400, 50) if IS_LONG else (240, 25)

# PostgreSQL notices a lost client only after the current statement.
_TIMEOUT_SECONDS = 60

# When processes are killed: a phase and a range within it. The commit ends loading.
_AIMS = (
    ("receiving", 0.0, 1.0),
    ("validating", 0.0, 1.0),
    ("loading", 0.0, 1.0),
    ("loading", 0.0, 1.0),
    ("loading", 0.9, 1.1),
)
_PHASES = ("receiving", "validating", "loading")

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
    reading.bsc_validation_status, reading.version_status
FROM meter_readings_reading AS reading
LEFT JOIN meter_readings_flowfile AS file ON file.id = reading.flow_file_id
LEFT JOIN meter_readings_meter AS meter ON meter.id = reading.meter_id
LEFT JOIN meter_readings_meterpoint AS point ON point.id = meter.meter_point_id
ORDER BY 1, 2
"""


class Stored(NamedTuple):
    """The state of the database: counts, and a hash of all readings."""

    meter_points: int
    meters: int
    site_visits: int
    readings: str


class Aim(NamedTuple):
    """When to kill: a delay in seconds after the start of a phase."""

    phase: str
    delay: float


class Killed(NamedTuple):
    """The last phase of a killed process, and whether it reported its result."""

    phase: str
    is_acknowledged: bool


class KilledProcessTests(TransactionTestCase):
    """A file with many readings and another with many of the same meters."""

    def setUp(self) -> None:
        self.rng = random.Random(SEED)
        resources = ExitStack()
        self.addCleanup(resources.close)
        self.folder = Path(resources.enter_context(folder()))
        self.program = resources.enter_context(Program("import_program"))
        self.assertEqual(self.program.answer(), {"ready": True})
        self._import(FIRST, "first.uff")
        self.nothing = _stored()
        second = _second(0)
        self._import(second, "second.uff")
        self._compare_with_reference_model(second)
        self.all = _stored()
        started = time.monotonic()
        _undo(second)
        self.undo_seconds = time.monotonic() - started
        self.assertEqual(_stored(), self.nothing)

    def test_killed_import_leaves_all_of_its_file_or_none(self) -> None:
        results: Counter[str] = Counter()
        durations = self._phase_durations()
        for number in range(1, KILLS + 1):
            phase, begin, end = self.rng.choice(_AIMS)
            aim = Aim(phase, durations[phase] * self.rng.uniform(begin, end))
            with self.subTest(seed=SEED, kill=number, aim=aim):
                results[self._kill_import(_second(number), aim)] += 1
        say(f"{KILLS} imports killed on {connection.vendor}: {dict(results)}")

    def test_killed_undo_removes_all_of_a_file_or_none(self) -> None:
        results: Counter[str] = Counter()
        for number in range(1, KILLS // 4 + 1):
            data = _second(number)
            self._import(data, "second.uff")
            delay = self.undo_seconds * self.rng.uniform(0, 2)
            with self.subTest(seed=SEED, kill=number, delay=delay):
                results[self._kill_undo(data, Aim("receiving", delay))] += 1
        say(f"{KILLS // 4} undos killed on {connection.vendor}: {dict(results)}")

    def _kill_import(self, data: bytes, aim: Aim) -> str:
        """Kill an import, check the database, and import the file again."""
        path = self._written(data)
        killed = self._kill(aim, do="import", path=str(path), filename=path.name)
        is_stored = _rows_of(data) == (1, 1)
        if not is_stored:
            self.assertEqual(_rows_of(data), (0, 0))
            self.assertFalse(killed.is_acknowledged, "An acknowledged file is lost.")
        self.assertEqual(_stored(), self.all if is_stored else self.nothing)
        self.assertEqual(
            self._import(data, path.name),
            (
                ImportJob.Outcome.ALREADY_IMPORTED
                if is_stored
                else ImportJob.Outcome.IMPORTED
            ),
        )
        self.assertEqual(_stored(), self.all)
        self.assertFalse(ImportJob.objects.running().exists())
        _undo(data)
        self.assertEqual(_stored(), self.nothing)
        if killed.is_acknowledged:
            return "acknowledged"
        return "committed" if is_stored else killed.phase

    def _kill_undo(self, data: bytes, aim: Aim) -> str:
        """Kill an undo, check the database, and undo again if necessary."""
        killed = self._kill(aim, do="undo", sha256=hashlib.sha256(data).hexdigest())
        is_stored = _is_imported(data)
        if is_stored:
            self.assertFalse(killed.is_acknowledged, "An undone file is back.")
        self.assertEqual(_stored(), self.all if is_stored else self.nothing)
        if is_stored:
            _undo(data)
        self.assertFalse(ImportJob.objects.running().exists())
        self.assertEqual(_stored(), self.nothing)
        return "stored" if is_stored else "undone"

    def _kill(self, aim: Aim, **request: str) -> Killed:
        """Send a request, and kill the process that handles it."""
        child, phase, is_acknowledged = 0, "", False
        for answer in self._answers(request):
            child = answer.get("child", child)
            phase = answer.get("phase", phase)
            is_acknowledged |= "outcome" in answer
            if answer.get("phase") == aim.phase:
                time.sleep(aim.delay)
                # Its process id is not reused before it is reaped.
                os.kill(child, signal.SIGKILL)
                self.program.ask(do="reap")
        self._wait_until_nothing_is_locked()
        return Killed(phase, is_acknowledged)

    def _phase_durations(self) -> dict[str, float]:
        """Return the seconds of each phase of an uninterrupted import."""
        data = _second(-1)
        path = self._written(data)
        request = {"do": "import", "path": str(path), "filename": path.name}
        moments = []
        for answer in self._answers(request):
            if "phase" in answer or "outcome" in answer:
                moments.append(time.monotonic())
            if "outcome" in answer:
                self.program.ask(do="reap")
        _undo(data)
        durations = [later - earlier for earlier, later in pairwise(moments)]
        return dict(zip(_PHASES, durations, strict=True))

    def _answers(self, request: dict[str, str]) -> Iterator[dict[str, Any]]:
        """Send a request to a child process; yield its answers until it ends."""
        self.program.ask(in_child=True, **request)
        for answer in self.program.answers():
            self.assertNotIn("error", answer)
            if "ended" in answer:
                return
            yield answer

    def _written(self, data: bytes) -> Path:
        path = self.folder / "second.uff"
        path.write_bytes(data)
        return path

    def _import(self, data: bytes, filename: str) -> ImportJob.Outcome:
        result = importer.import_flow_file(
            stream=io.BytesIO(data), filename=filename, now=NOW
        )
        assert result.flow_file is not None
        with result.flow_file.content.open() as content:
            self.assertEqual(content.read(), data)
        return result.outcome

    def _compare_with_reference_model(self, second: bytes) -> None:
        reference = reference_model.ReferenceDatabase().add_imported(
            reference_model.parse_file(FIRST, "first.uff"),
            reference_model.parse_file(second, "second.uff"),
        )
        self.assertEqual(
            reference.contents().differences(database_state.contents()), []
        )

    def _wait_until_nothing_is_locked(self) -> None:
        """Wait until PostgreSQL has released the locks; SQLite has none to release."""
        deadline = time.monotonic() + _TIMEOUT_SECONDS
        while _is_locked():
            self.assertEqual(connection.vendor, "postgresql", "A lock is taken.")
            self.assertLess(time.monotonic(), deadline, "A lock is still taken.")
            time.sleep(0.01)


def _second(number: int) -> bytes:
    """Return the file whose import is killed, with its own identifier."""
    return large_file(
        identifier=f"SECOND{number:04}", meters=range(_METERS), days=range(_DAYS)
    )


def _rows_of(data: bytes) -> tuple[int, int]:
    """Return the number of rows and findings of a file."""
    sha256 = hashlib.sha256(data).hexdigest()
    rows = FlowFile.objects.filter(sha256=sha256)
    return rows.count(), Finding.objects.filter(flow_file__in=rows).count()


def _is_imported(data: bytes) -> bool:
    sha256 = hashlib.sha256(data).hexdigest()
    status = FlowFile.objects.values_list("status", flat=True).get(sha256=sha256)
    return status == FlowFile.Status.IMPORTED


def _undo(data: bytes) -> None:
    sha256 = hashlib.sha256(data).hexdigest()
    importer.undo_import(flow_file=FlowFile.objects.get(sha256=sha256), now=NOW)


def _stored() -> Stored:
    with connection.cursor() as cursor:
        cursor.execute(_READINGS)
        digest = hashlib.sha256(repr(cursor.fetchall()).encode()).hexdigest()
    return Stored(
        MeterPoint.objects.count(),
        Meter.objects.count(),
        SiteVisit.objects.count(),
        digest,
    )


def _is_locked() -> bool:
    """Return whether another connection is busy or has a lock."""
    with connection.cursor() as cursor:
        if connection.vendor == "sqlite":
            return _is_sqlite_locked(cursor)
        cursor.execute(
            "SELECT COUNT(*) FROM pg_stat_activity WHERE datname = current_database()"
            " AND pid <> pg_backend_pid() AND backend_type = 'client backend'"
            " AND state <> 'idle'"
        )
        return bool(cursor.fetchone()[0])


def _is_sqlite_locked(cursor: CursorWrapper) -> bool:
    """Return whether the write lock is taken."""
    cursor.execute("PRAGMA busy_timeout")
    (lock_timeout,) = cursor.fetchone()
    cursor.execute("PRAGMA busy_timeout = 0")
    try:
        cursor.execute("BEGIN IMMEDIATE")
        cursor.execute("ROLLBACK")
    except OperationalError:
        return True
    finally:
        cursor.execute(f"PRAGMA busy_timeout = {lock_timeout}")
    return False
