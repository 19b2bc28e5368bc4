"""The environment of processes that tests start."""

from __future__ import annotations

import os


def environment_without_coverage() -> dict[str, str]:
    """Return the environment without the variables that start coverage.

    Coverage doubles the time that a process takes to start.
    """
    return {
        name: value
        for name, value in os.environ.items()
        if not name.startswith("COVERAGE_PROCESS")
    }
