"""Eight processes at once: a file is imported once, without a deadlock."""

from __future__ import annotations

import hashlib
import random
import time
from collections import Counter
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from django.db import connection
from django.test import TransactionTestCase

from meter_readings.models import FlowFile

from . import SEED, amount, database_state, reference_model, say
from .large_files import large_file
from .subprocesses import Program, folder

PROCESSES = 8
ROUNDS = amount("D0010_RACE_ROUNDS", 1)

# How long before the common start the requests are sent.
_NOTICE_SECONDS = 0.05


class RaceTests(TransactionTestCase):
    """Several processes start at the same moment, in several rounds."""

    def setUp(self) -> None:
        self.rng = random.Random(SEED)
        # This runs last, because a process reports its deadlocks when it ends.
        self.addCleanup(self._assert_no_new_deadlock, _deadlock_count())
        resources = ExitStack()
        self.addCleanup(resources.close)
        self.folder = Path(resources.enter_context(folder()))
        self.programs = [
            resources.enter_context(Program("import_program")) for _ in range(PROCESSES)
        ]
        for program in self.programs:
            self.assertEqual(program.answer(), {"ready": True})

    def test_concurrent_imports_of_a_file_load_it_once(self) -> None:
        for number in range(ROUNDS):
            data = large_file(
                identifier=f"SAME{number}", meters=range(40), days=range(40)
            )
            with self.subTest(seed=SEED, round=number):
                self._import_by_all(data)
                answers = self._send_at_once([_undo_request(data)] * PROCESSES)
                self.assertEqual(
                    _outcomes(answers), {"undone": 1, "not-imported": PROCESSES - 1}
                )
                self._assert_stored([])
                self._import_by_all(data)
            database_state.empty()
        say(f"{2 * ROUNDS} races for one file on {connection.vendor}")

    def test_concurrent_imports_of_a_bad_file_reject_it_once(self) -> None:
        for number in range(ROUNDS):
            good = large_file(
                identifier=f"BAD{number}", meters=range(40), days=range(10)
            )
            data = good.replace(b"9.0|||T|N|", b"NaN|||T|N|")
            with self.subTest(seed=SEED, round=number):
                answers = self._send_at_once([self._import_request(data)] * PROCESSES)
                self.assertEqual(_outcomes(answers), {"rejected": PROCESSES})
                self.assertEqual(len({answer["flow_file"] for answer in answers}), 1)
                self.assertEqual(FlowFile.objects.count(), 1)
                self._assert_stored([])
            database_state.empty()
        say(f"{ROUNDS} races of rejected files on {connection.vendor}")

    def test_concurrent_imports_for_the_same_meters_all_load(self) -> None:
        for number in range(ROUNDS):
            files = [self._overlapping_file(index) for index in range(PROCESSES)]
            undone, remaining = files[::2], files[1::2]
            with self.subTest(seed=SEED, round=number):
                answers = self._send_at_once(
                    [self._import_request(data) for data in files]
                )
                self.assertEqual(_outcomes(answers), {"imported": PROCESSES})
                self._assert_stored(files)
                answers = self._send_at_once([_undo_request(data) for data in undone])
                self.assertEqual(_outcomes(answers), {"undone": len(undone)})
                self._assert_stored(remaining)
            database_state.empty()
        say(f"{ROUNDS} races for the same meters on {connection.vendor}")

    def test_concurrent_import_and_undo_act_as_if_in_sequence(self) -> None:
        for number in range(ROUNDS):
            one, another, new = (self._overlapping_file(index) for index in range(3))
            self._send_at_once([self._import_request(data) for data in (one, another)])
            requests = [
                (data, _undo_request(data)) for data in (one, one, another, another)
            ]
            requests += [
                (data, self._import_request(data)) for data in (one, one, another, new)
            ]
            self.rng.shuffle(requests)
            with self.subTest(seed=SEED, round=number):
                answers = self._send_at_once([request for _, request in requests])
                balance = Counter({one: 1, another: 1, new: 0})
                for (data, _), answer in zip(requests, answers, strict=True):
                    outcome = answer["outcome"]
                    balance[data] += (outcome == "imported") - (outcome == "undone")
                self.assertLessEqual({*balance.values()}, {0, 1})
                self._assert_stored([*balance.elements()])
            database_state.empty()
        say(f"{ROUNDS} races of imports and undos on {connection.vendor}")

    def _import_by_all(self, data: bytes) -> None:
        answers = self._send_at_once([self._import_request(data)] * PROCESSES)
        self.assertEqual(
            _outcomes(answers), {"imported": 1, "already-imported": PROCESSES - 1}
        )
        self.assertEqual(len({answer["flow_file"] for answer in answers}), 1)
        self._assert_stored([data])

    def _send_at_once(self, requests: list[dict[str, Any]]) -> list[dict[str, Any]]:
        """Send each process a request for the same moment; return the answers."""
        start = time.time() + _NOTICE_SECONDS
        programs = self.programs[: len(requests)]
        for program, request in zip(programs, requests, strict=True):
            program.ask(**request, at=start)
        answers = [program.answer() for program in programs]
        for answer in answers:
            self.assertNotIn("error", answer)
        return answers

    def _import_request(self, data: bytes) -> dict[str, Any]:
        name = f"{hashlib.sha256(data).hexdigest()}.uff"
        path = self.folder / name
        path.write_bytes(data)
        return {"do": "import", "path": str(path), "filename": name}

    def _overlapping_file(self, number: int) -> bytes:
        """Return a file whose meters and days overlap with those of others."""
        first_meter, first_day = self.rng.randrange(20), self.rng.randrange(20)
        return large_file(
            identifier=f"OTHER{number}",
            created_at=self.rng.choice(["20240402091500", "20240403091500"]),
            meters=range(first_meter, first_meter + 20),
            days=range(first_day, first_day + 20),
            reading_type=self.rng.choice("RRRCW"),
            bsc_validation_status=self.rng.choice("VVF"),
            steps=self.rng.choice([10, 11]),
        )

    def _assert_stored(self, files: list[bytes]) -> None:
        """Compare all but files and findings, which depend on the order of imports."""
        reference = reference_model.ReferenceDatabase().add_imported(
            *(reference_model.parse_file(data, "") for data in files)
        )
        expected = reference.contents()._replace(files=[], findings=[])
        actual = database_state.contents()._replace(files=[], findings=[])
        self.assertEqual(expected.differences(actual), [])
        imported = FlowFile.objects.filter(status=FlowFile.Status.IMPORTED)
        self.assertEqual(imported.count(), len(files))

    def _assert_no_new_deadlock(self, before: int) -> None:
        self.assertEqual(_deadlock_count(), before)


def _undo_request(data: bytes) -> dict[str, Any]:
    return {"do": "undo", "sha256": hashlib.sha256(data).hexdigest()}


def _outcomes(answers: list[dict[str, Any]]) -> Counter[str]:
    return Counter(answer["outcome"] for answer in answers)


def _deadlock_count() -> int:
    """Return the number of deadlocks in the database."""
    if connection.vendor == "sqlite":
        return 0
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_stat_clear_snapshot()")
        cursor.execute(
            "SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()"
        )
        return int(cursor.fetchone()[0])
