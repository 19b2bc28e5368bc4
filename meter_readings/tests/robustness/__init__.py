"""Robustness tests: mutated files, crashes, races and orders of arrival.

They compare the database with `reference_model.ReferenceDatabase`, which computes in
memory what must be stored. `D0010_…` variables set the amounts, which `LONG=1 .ci/run`
raises. Every random choice follows from D0010_SEED, which is printed.
"""

from __future__ import annotations

import os
import sys
from datetime import UTC, datetime

SEED = int(os.environ.get("D0010_SEED", "20240402"))

# Readings later than this are in the future.
NOW = datetime(2024, 6, 1, 12, 0, tzinfo=UTC)


def amount(name: str, default: int) -> int:
    """Return a number from the environment, or the default."""
    return int(os.environ.get(name) or default)


def say(text: str) -> None:
    """Print a line of its own between the test runner's dots."""
    print(f"\n{text} (seed {SEED})", file=sys.stderr, flush=True)
