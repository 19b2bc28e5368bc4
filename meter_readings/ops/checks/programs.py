"""Programs of the operating system that checks ask."""

from __future__ import annotations

import shutil
import subprocess

_TIMEOUT_SECONDS = 10


def output_of(program: str, *arguments: str) -> str:
    """Return what a program prints; "" if it is not installed or fails."""
    if shutil.which(program) is None:
        return ""
    result = subprocess.run(
        [program, *arguments],
        capture_output=True,
        text=True,
        check=False,
        timeout=_TIMEOUT_SECONDS,
    )
    return "" if result.returncode else result.stdout.strip()
