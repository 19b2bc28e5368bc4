"""Robustness tests: mutated files, crashes, races and orders of arrival.

They compare the database with `reference_model.ReferenceDatabase`, which computes in
memory what must be stored. `D0010_…` variables set the amounts, which `LONG=1 .ci/run`
raises. Every random choice follows from D0010_SEED, which is printed.
"""

from __future__ import annotations

import os
import random
import sys
from collections.abc import Iterable
from datetime import UTC, datetime
from unittest import skipUnless

SEED = int(os.environ.get("D0010_SEED", "20240402"))

# Readings later than this are in the future.
NOW = datetime(2024, 6, 1, 12, 0, tzinfo=UTC)


IS_LONG = bool(os.environ.get("LONG"))
only_long = skipUnless(IS_LONG, "only LONG=1 .ci/run runs it")


def examples(number: int) -> int:
    """Return how many random examples a property test takes."""
    return number if IS_LONG else number // 4


def amount(name: str, default: int) -> int:
    """Return a number from the environment, or the default."""
    return int(os.environ.get(name) or default)


def chosen[T](cases: Iterable[T]) -> list[T]:
    """Return a random choice of D0010_COMBINATIONS cases, in their order."""
    every = list(cases)
    number = min(amount("D0010_COMBINATIONS", 60), len(every))
    indexes = random.Random(SEED).sample(range(len(every)), number)
    return [every[index] for index in sorted(indexes)]


def say(text: str) -> None:
    """Print a line of its own between the test runner's dots."""
    print(f"\n{text} (seed {SEED})", file=sys.stderr, flush=True)
