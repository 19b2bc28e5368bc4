"""A hundred thousand spoiled files: no crash, and every row as it must be."""

from __future__ import annotations

import hashlib
import time
from collections import Counter
from pathlib import Path
from tempfile import mkdtemp

from django.db import connection, connections
from django.test import TransactionTestCase

from . import amount, say
from .programs import Program, folder

MUTANTS = amount("D0010_MUTATIONS", 3000)


class MutatedFileTests(TransactionTestCase):
    """Each mutant is imported for real and all that is held compared."""

    def test_do_no_harm_and_are_stored_as_they_must_be(self) -> None:
        kept, started = Path(mkdtemp(prefix="d0010_mutants_")), time.monotonic()
        connections.close_all()
        outcomes: Counter[str] = Counter()
        failures: list[str] = []
        digest = hashlib.sha256()
        with folder() as media:
            arguments = (0, MUTANTS, kept)
            with Program("importing_mutants", *arguments, MEDIA_ROOT=media) as program:
                for batch in program.answers():
                    outcomes.update(batch["outcomes"])
                    failures += batch["failures"]
                    digest.update(batch["digest"].encode())
        seconds = time.monotonic() - started
        say(
            f"{MUTANTS:,} mutants on {connection.vendor}: {dict(outcomes)},"
            f" {seconds / MUTANTS * 1000:.1f} ms each, digest {digest.hexdigest()[:16]}"
        )
        self.assertEqual(failures, [])
        self.assertEqual(outcomes.total(), MUTANTS)
        kept.rmdir()
