"""Scanning: finds the files of a folder that their sender has finished."""

from __future__ import annotations

import logging
import os
import stat
import time
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from meter_readings.d0010.mpan import mask_mpans
from meter_readings.importer import is_partial_name, os_error_reason

from .opening import FileStamp, NotPlainFile, open_plain_file

logger = logging.getLogger(__name__)

# A file without a trailer at its end may be the beginning of one: it waits longer.
_FACTOR_WITHOUT_TRAILER = 6

# More than the longest usual trailer
_TAIL_BYTES = 512


class Candidate(NamedTuple):
    """A file that can be claimed, and its stamp at the latest scan."""

    name: str
    stamp: FileStamp


class Scanner:
    """Scans a folder again and again, and remembers what it has seen.

    A file is complete when two scans have found the same size and time, and when it has
    been unchanged for `settle` seconds, or six times as long if no trailer (ZPT) is at
    its end. The time since the first scan counts, or the age of the file if that is
    more: the clock of a network drive may be wrong.
    """

    def __init__(
        self,
        folder: Path,
        *,
        settle: float,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._folder = folder
        self._settle = settle
        self._monotonic = monotonic
        self._seen: dict[str, tuple[FileStamp, float]] = {}
        self._logged: set[tuple[str, str]] = set()

    def scan(self) -> list[Candidate]:
        """Return the finished files by name; raises OSError if it cannot be listed."""
        now = self._monotonic()
        seen = {}
        candidates = []
        with os.scandir(self._folder) as entries:
            names = {entry.name for entry in entries}
        for name in sorted(names):
            if is_partial_name(name):
                continue
            reason = ""
            try:
                status = (self._folder / name).lstat()
                if stat.S_ISDIR(status.st_mode):
                    continue
                reason = _reason_to_ignore(status)
                if not reason:
                    stamp = FileStamp.of(status)
                    previous, since = self._seen.get(name, (None, now))
                    if previous != stamp:
                        since = now
                    seen[name] = stamp, since
                    if previous == stamp and self._is_finished(name, status, since):
                        candidates.append(Candidate(name, stamp))
            except FileNotFoundError:
                continue  # Its sender, or another watcher, has taken it away.
            except NotPlainFile as error:
                reason = str(error)
            except OSError as error:
                reason = os_error_reason(error)
            if reason:
                self.log_ignored(name, reason)
        self._seen = seen
        self._logged = {
            (name, reason) for name, reason in self._logged if name in names
        }
        return candidates

    def _is_finished(self, name: str, status: os.stat_result, since: float) -> bool:
        age = time.time() - max(status.st_mtime, status.st_ctime)
        still = max(age, self._monotonic() - since)
        if still < self._settle:
            return False
        with open_plain_file(self._folder / name) as file:
            file.seek(max(0, status.st_size - _TAIL_BYTES))
            tail = file.read(_TAIL_BYTES)
        last_line = tail.rstrip(b"\r\n").rpartition(b"\n")[2]
        needed = 1 if last_line.startswith(b"ZPT|") else _FACTOR_WITHOUT_TRAILER
        return still >= self._settle * needed

    def log_ignored(self, name: str, reason: str) -> None:
        """Log that a file stays where it is, once for each reason."""
        if (name, reason) not in self._logged:
            self._logged.add((name, reason))
            fields = {
                "folder": str(self._folder),
                "filename": mask_mpans(name),
                "reason": reason,
            }
            logger.warning(
                "File in a watched folder ignored.", extra={"fields": fields}
            )


def _reason_to_ignore(status: os.stat_result) -> str:
    if stat.S_ISLNK(status.st_mode):
        return "it is a symbolic link"
    if not stat.S_ISREG(status.st_mode):
        return "it is not a file"
    # A sender that links and then unlinks leaves one name in a moment.
    if status.st_nlink > 1:
        return "it has another name (a hard link)"
    return ""
