"""Mutated files are imported without a crash, and stored as they should be."""

from __future__ import annotations

import hashlib
import time
from collections import Counter
from pathlib import Path
from tempfile import mkdtemp

from django.db import connection
from django.test import TransactionTestCase

from . import amount, say
from .subprocesses import Program, folder

MUTANTS = amount("D0010_MUTATIONS", 300)


class MutatedFileTests(TransactionTestCase):
    """Mutated files are imported, and the database compared with the reference model.

    The printed digest covers all results, rows and findings, and is the same on every
    database.
    """

    def test_mutated_files_are_stored_as_the_reference_model_says(self) -> None:
        failed_files = Path(mkdtemp(prefix="d0010_mutants_"))
        outcomes: Counter[str] = Counter()
        failures: list[str] = []
        digest, started = hashlib.sha256(), time.monotonic()
        with folder() as media:
            arguments = (MUTANTS, failed_files)
            with Program("mutation_program", *arguments, MEDIA_ROOT=media) as program:
                for batch in program.answers():
                    outcomes.update(batch["outcomes"])
                    failures += batch["failures"]
                    digest.update(batch["digest"].encode())
        seconds = time.monotonic() - started
        say(
            f"{MUTANTS:,} mutants on {connection.vendor}: {dict(outcomes)},"
            f" {seconds / MUTANTS * 1000:.1f} ms each, digest {digest.hexdigest()[:16]}"
        )
        if failures:
            self.fail("\n\n".join(failures))
        self.assertEqual(outcomes.total(), MUTANTS)
        failed_files.rmdir()
