"""A hundred thousand spoiled files: no crash, and every row as it must be."""

from __future__ import annotations

import hashlib
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from pathlib import Path
from tempfile import mkdtemp
from typing import Any

from django.db import connection
from django.test import TransactionTestCase

from . import amount, say
from .importing_mutants import BATCH
from .programs import Program, folder

MUTANTS = amount("D0010_MUTATIONS", 3000)
PROCESSES = amount("D0010_MUTATION_PROCESSES", 2)


class MutatedFileTests(TransactionTestCase):
    """Mutants are imported for real, and all that is held compared with memory.

    The digest printed is of every verdict's rows: the same on every database.
    """

    def test_do_no_harm_and_are_stored_as_they_must_be(self) -> None:
        kept = Path(mkdtemp(prefix="d0010_mutants_"))
        # A database is copied whole only when nobody is connected to it.
        connection.close()
        with ExitStack() as stack:
            environments = [
                stack.enter_context(_place_of_its_own(n)) for n in range(PROCESSES)
            ]
            started = time.monotonic()
            with ThreadPoolExecutor(PROCESSES) as threads:
                jobs = [
                    threads.submit(_import_share, number, kept, environment)
                    for number, environment in enumerate(environments)
                ]
            batches = [batch for job in jobs for batch in job.result()]
        seconds = time.monotonic() - started
        outcomes: Counter[str] = Counter()
        digest = hashlib.sha256()
        for batch in sorted(batches, key=lambda batch: batch["first"]):
            outcomes.update(batch["outcomes"])
            digest.update(batch["digest"].encode())
        say(
            f"{MUTANTS:,} mutants on {connection.vendor}: {dict(outcomes)},"
            f" {seconds / MUTANTS * 1000:.1f} ms each, digest {digest.hexdigest()[:16]}"
        )
        failures = [failure for batch in batches for failure in batch["failures"]]
        if failures:
            self.fail("\n\n".join(failures))
        self.assertEqual(outcomes.total(), MUTANTS)
        kept.rmdir()


def _import_share(
    number: int, kept: Path, environment: dict[str, str]
) -> list[dict[str, Any]]:
    """Let a process import every so many-th batch; return what it says of each."""
    arguments = (number * BATCH, MUTANTS, PROCESSES * BATCH, kept)
    with Program("importing_mutants", *arguments, **environment) as program:
        return [*program.answers()]


@contextmanager
def _place_of_its_own(number: int) -> Iterator[dict[str, str]]:
    """Make a process a copy of the test's database; yield how it is told of it."""
    creation, suffix = connection.creation, f"mutants_{number}"
    creation.clone_test_db(suffix=suffix, verbosity=0)
    name = str(creation.get_test_db_clone_settings(suffix)["NAME"])
    variable = "DB_NAME" if connection.vendor == "postgresql" else "SQLITE_PATH"
    try:
        with folder() as media:
            yield {variable: name, "MEDIA_ROOT": media}
    finally:
        creation.destroy_test_db(suffix=suffix, verbosity=0)
