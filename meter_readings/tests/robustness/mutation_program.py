"""A program that imports mutated files and compares the database after each batch.

Its arguments are the number of files and a folder for those that fail. It reports each
batch and stops after some failures. Of the files that must be rejected, some are really
imported, so that their findings are stored; the others in a dry run, which must store
nothing.
"""

from __future__ import annotations

import hashlib
import io
import os
import random
import shutil
import sys
import traceback
from collections import Counter
from pathlib import Path
from typing import Any
from unittest.mock import patch

from django.conf import settings
from django.db import connection

from meter_readings import importer
from meter_readings.models import FlowFile

from . import NOW, SEED, database_state, mutations, reference_model
from .database_state import result_of
from .subprocesses import say

_BATCH = 50
_MAX_FAILURES = 3
_MAX_DIFFERENCES = 10
_REAL_EVERY = 10
# Small blocks let a small file be read as a large one is.
_BLOCK_SIZES = (1 << 18, 300, 1 << 18, 100, 1 << 18)
# Every tenth batch is undone file by file; the others are deleted.
_UNDONE_EVERY = 10


def main() -> None:
    """Import the mutated files."""
    count = int(sys.argv[1])
    batches = Batches(Path(sys.argv[2]))
    _disable_fsync()
    # A run that was killed may have left its rows.
    database_state.empty()
    for begin in range(0, count, _BATCH):
        say(**batches.run(range(begin, min(begin + _BATCH, count))))
        if batches.failure_count >= _MAX_FAILURES:
            break


class Batches:
    """Imports batches of mutated files, each into an empty database."""

    def __init__(self, folder: Path) -> None:
        self.failure_count = 0
        self._folder = folder
        self._reference = reference_model.ReferenceDatabase()
        self._outcomes: Counter[str] = Counter()
        self._failures: list[str] = []
        self._mutants: dict[str, mutations.Mutant] = {}
        self._digest = hashlib.sha256()

    def run(self, numbers: range) -> dict[str, Any]:
        """Import one batch; return its outcomes, failures and digest."""
        self._reference, self._outcomes = reference_model.ReferenceDatabase(), Counter()
        self._failures, self._mutants, self._digest = [], {}, hashlib.sha256()
        for number in numbers:
            self._import(mutations.mutant(number))
        self._compare(f"after mutants {numbers[0]} to {numbers[-1]}")
        if numbers[0] // _BATCH % _UNDONE_EVERY == 0:
            self._undo_all(random.Random(numbers[0]))
        database_state.empty()
        shutil.rmtree(settings.MEDIA_ROOT)
        self.failure_count += len(self._failures)
        return {
            "digest": self._digest.hexdigest(),
            "outcomes": self._outcomes,
            "failures": self._failures,
        }

    def _import(self, mutant: mutations.Mutant) -> None:
        file = reference_model.parse_file(mutant.data, mutant.filename, mutant.policy)
        self._mutants[file.sha256] = mutant
        is_dry = file.is_rejected and mutant.number % _REAL_EVERY > 0
        expected = self._reference.import_file(file, dry_run=is_dry)
        block_size = _BLOCK_SIZES[mutant.number % len(_BLOCK_SIZES)]
        try:
            with patch("meter_readings.d0010.lines.BLOCK_SIZE", block_size):
                result = importer.import_flow_file(
                    stream=io.BytesIO(mutant.data),
                    filename=mutant.filename,
                    policy=mutant.policy,
                    now=NOW,
                    dry_run=is_dry,
                )
        except Exception:
            self._fail(mutant, traceback.format_exc())
            return
        self._outcomes[result.outcome.value] += 1
        actual = result_of(result)
        self._digest.update(repr(actual._replace(finding_counts={})).encode())
        if actual != expected:
            self._fail(mutant, f"expected {expected}\n     got {actual}")

    def _compare(self, when: str) -> None:
        expected, actual = self._reference.contents(), database_state.contents()
        self._digest.update(actual.digest.encode())
        if expected != actual:
            differences = expected.differences(actual)
            for sha256, mutant in self._mutants.items():
                if any(sha256 in difference for difference in differences):
                    self._store(mutant)
            shown = "\n".join(differences[:_MAX_DIFFERENCES])
            self._failures.append(
                f"The database differs {when}; files are in {self._folder}:\n{shown}"
            )

    def _undo_all(self, rng: random.Random) -> None:
        """Undo all imports of the batch in random order; compare the database."""
        files = [*FlowFile.objects.filter(status=FlowFile.Status.IMPORTED)]
        rng.shuffle(files)
        for flow_file in files:
            actual = importer.undo_import(flow_file=flow_file, now=NOW)
            expected = self._reference.undo(flow_file.sha256)
            if actual != expected:
                self._failures.append(
                    f"Undo of {flow_file.filename}: {actual}, expected {expected}"
                )
        self._compare("after all imports were undone")

    def _fail(self, mutant: mutations.Mutant, reason: str) -> None:
        path = self._store(mutant)
        self._failures.append(
            f"Mutant {mutant.number} ({mutant.policy}), stored as {path}:\n{reason}"
        )

    def _store(self, mutant: mutations.Mutant) -> Path:
        path = self._folder / f"{SEED}-{mutant.filename}"
        path.write_bytes(mutant.data)
        return path


def _disable_fsync() -> None:
    """Turn off waiting for the disk."""
    os.fsync = lambda handle: None
    if connection.vendor == "sqlite":
        connection.cursor().execute("PRAGMA synchronous = OFF")
    else:
        connection.cursor().execute("SET synchronous_commit = off")
