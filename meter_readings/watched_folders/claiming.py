"""Claiming: takes a file out of its folder, so that one watcher imports it.

A claim is a folder of its own below `.processing`, on the same file system, that is
named by its time and by how often a process has begun to import its file. Whoever has
the lock of the watched folder owns every claim in it: those that are there already were
left by a watcher that is no more.
"""

from __future__ import annotations

import logging
import os
import re
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import IO, Any

from meter_readings.importer import os_error_reason

from .scanning import Candidate

# Windows has no fcntl.
fcntl: Any = import_module("fcntl") if find_spec("fcntl") else None

logger = logging.getLogger(__name__)

PROCESSING = ".processing"

_TIME = "%Y%m%dT%H%M%S.%fZ"
_CLAIM = re.compile(r"([0-9]{8}T[0-9]{6}\.[0-9]{6}Z)-([0-9]+)")

# The reports of a claim. No file that is claimed has a name with a dot in front.
TEXT_REPORT, JSON_REPORT = ".report.txt", ".report.json"


@contextmanager
def folder_lock(folder: Path) -> Iterator[bool]:
    """Lock a watched folder; yields False if another watcher has locked it.

    The operating system removes the lock when the process ends, however it ends. Raises
    OSError if the folder is missing or read-only.
    """
    processing = folder / PROCESSING
    with suppress(FileExistsError):
        processing.mkdir(mode=0o700)
    with (processing / "lock").open("ab") as file:
        yield _lock(file, folder)


def _lock(file: IO[bytes], folder: Path) -> bool:
    if fcntl is None:
        return True
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError:
        _warn_of_missing_locks(folder)
    return True


@cache
def _warn_of_missing_locks(folder: Path) -> None:
    logger.warning(
        "The file system of a watched folder has no locks: run one watcher only.",
        extra={"fields": {"folder": str(folder)}},
    )


class ClaimRefused(Exception):
    """The file may not be taken out of its folder."""


@dataclass(frozen=True)
class Claim:
    """A file that this watcher may import: its folder below `.processing`, its name."""

    folder: Path
    directory: Path
    name: str

    @property
    def path(self) -> Path:
        return self.directory / self.name

    @property
    def time_text(self) -> str:
        """The time of the claim, which no other claim in this folder has."""
        return self.directory.name.rpartition("-")[0]

    @property
    def claimed_at(self) -> datetime:
        return datetime.strptime(self.time_text, _TIME).replace(tzinfo=UTC)

    @property
    def attempt(self) -> int:
        return int(self.directory.name.rpartition("-")[2])

    def with_attempt(self, number: int) -> Claim:
        """Return the claim with its number of attempts, which is in its name."""
        directory = self.directory.with_name(f"{self.time_text}-{number}")
        os.rename(self.directory, directory)
        return Claim(self.folder, directory, self.name)

    def give_back(self) -> None:
        """Return the file to its folder, unless another with its name has arrived."""
        # A link, because a renamed file would replace the other one.
        with suppress(OSError):
            os.link(self.path, self.folder / self.name)
            os.unlink(self.path)
            self.remove()

    def remove(self) -> None:
        """Remove what is left of the claim when its file has been moved."""
        with suppress(OSError):
            for name in (TEXT_REPORT, JSON_REPORT):
                (self.directory / name).unlink(missing_ok=True)
            self.directory.rmdir()


def take(folder: Path, candidate: Candidate, *, now: datetime) -> Claim | None:
    """Claim a file; returns None if it is gone.

    Raises ClaimRefused, and OSError if nothing can be claimed in this folder.
    """
    claim = Claim(folder, _new_directory(folder, now), candidate.name)
    try:
        os.rename(folder / candidate.name, claim.path)
    except FileNotFoundError:
        claim.remove()
        return None
    except OSError as error:
        claim.remove()
        raise ClaimRefused(os_error_reason(error)) from error
    return claim


def _new_directory(folder: Path, now: datetime) -> Path:
    """Create a folder of a claim; its time is later if another claim has the same."""
    while True:
        name = f"{now.astimezone(UTC).strftime(_TIME)}-1"
        try:
            (folder / PROCESSING / name).mkdir(mode=0o700)
        except FileExistsError:
            now += timedelta(microseconds=1)
        else:
            return folder / PROCESSING / name


def left_claims(folder: Path) -> list[Claim]:
    """Return the claims in a folder, the oldest first; empty ones are removed."""
    claims = []
    for directory in sorted((folder / PROCESSING).iterdir()):
        if _CLAIM.fullmatch(directory.name):
            names = [name for name in os.listdir(directory) if name[0] != "."]
            claims += [Claim(folder, directory, name) for name in names[:1]]
            if not names:
                Claim(folder, directory, "").remove()
    return claims
