"""A watched folder: what one poll does, and what it does after an error."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from django.db import (
    Error,
    InterfaceError,
    OperationalError,
    connection,
)
from django.utils import timezone

from meter_readings.d0010.mpan import mask_mpans
from meter_readings.importer import (
    ImportLockTimeout,
    ImportOptions,
    JobCancelled,
    os_error_reason,
)

from .claiming import Claim, ClaimRefused, folder_lock, left_claims, take
from .importing import (
    MAX_ATTEMPTS,
    Handled,
    give_up,
    import_claim,
    is_imported,
    is_site_error,
    reject,
)
from .moving import move
from .opening import FileChanged, FileStamp, NotPlainFile
from .scanning import Candidate, Scanner
from .stopping import Stop

logger = logging.getLogger(__name__)

_MAX_DELAY_SECONDS = 300.0


@dataclass(frozen=True)
class WatchOptions:
    """How folders are watched; `on_moved` receives each file that has left one."""

    import_options: ImportOptions
    interval: float
    settle: float
    on_moved: Callable[[Handled], None]


class WatchedFolder:
    """A folder that is polled. After an error the polls become rarer, and go on."""

    def __init__(self, path: Path, options: WatchOptions, stop: Stop) -> None:
        self.path = path
        self.error = ""
        self._options = options
        self._stop = stop
        self._scanner = Scanner(path, settle=options.settle)
        self._failures = 0
        self._next_poll_at = 0.0
        self._is_locked = True
        # By the name of their claim: files that are imported and could not be moved,
        # and files whose import failed, which are tried again after all others.
        self._handled: dict[str, Handled] = {}
        self._postponed: dict[str, FileStamp | None] = {}

    def poll(self) -> None:
        """Import and move what has arrived, unless an error makes it wait."""
        if time.monotonic() < self._next_poll_at:
            return
        try:
            move_error = self._scan()
            if move_error is not None:
                raise move_error
        except BrokenPipeError:
            raise  # Nobody reads the output.
        except Exception as error:
            self._set_error(error)
        else:
            self._clear_error()

    def close(self) -> None:
        """Do not count the attempts of claims that stay, as their process goes on."""
        try:
            with folder_lock(self.path) as is_locked:
                for claim in left_claims(self.path) if is_locked else []:
                    if claim.directory.name in {*self._handled, *self._postponed}:
                        claim.with_attempt(0)
        except OSError as error:
            self._set_error(error)

    def _scan(self) -> OSError | None:
        """Return the first error of a move: others are imported nevertheless."""
        move_error = None
        candidates = self._scanner.scan()
        with folder_lock(self.path) as is_locked:
            self._set_locked(is_locked)
            for claim, stamp in self._claims(candidates) if is_locked else ():
                handled = self._handle(claim, stamp)
                if handled is not None:
                    error = self._move(claim, handled)
                    move_error = move_error or error
                if self._stop.is_requested:
                    break
        return move_error

    def _claims(
        self, candidates: list[Candidate]
    ) -> Iterator[tuple[Claim, FileStamp | None]]:
        """Yield claims that were left, then new ones, then those that have failed."""
        left = left_claims(self.path)
        if left or candidates:
            # While the database cannot be reached, files stay where they are.
            connection.ensure_connection()
        postponed = []
        for claim in left:
            if claim.directory.name in self._postponed:
                postponed.append(claim)
            elif claim.directory.name in self._handled:
                yield claim, None
            else:
                yield claim.with_attempt(claim.attempt + 1), None
        for candidate in candidates:
            claimed = self._take(candidate)
            if claimed is not None:
                yield claimed, candidate.stamp
        for claim in postponed:
            yield claim, self._postponed.pop(claim.directory.name)

    def _take(self, candidate: Candidate) -> Claim | None:
        try:
            return take(self.path, candidate, now=timezone.now())
        except ClaimRefused as error:
            self._scanner.log_ignored(candidate.name, str(error))
            return None

    def _handle(self, claim: Claim, stamp: FileStamp | None) -> Handled | None:
        """Import the file of a claim; returns None if it is to be tried again."""
        handled = self._handled.pop(claim.directory.name, None)
        if handled is not None:
            return handled
        try:
            if claim.attempt > MAX_ATTEMPTS and not is_imported(claim):
                return give_up(claim, "its process was killed")
            return import_claim(
                claim,
                stamp=stamp,
                options=self._options.import_options,
                interruptible=self._stop.interruptible,
            )
        except (FileChanged, NotPlainFile):
            claim.give_back()
        except JobCancelled:
            return reject(claim, "cancelled by a user")
        except KeyboardInterrupt:
            self._log("Import of a watched file interrupted.", claim)
        except Exception as error:
            if is_site_error(error):
                self._postponed[claim.directory.name] = stamp
                raise
            # Only the type: the message of an exception may quote the file.
            reason = type(error).__name__
            self._log("Import of a watched file failed.", claim, reason=reason)
            if claim.attempt >= MAX_ATTEMPTS:
                return give_up(claim, reason)
            claim = claim.with_attempt(claim.attempt + 1)
            self._postponed[claim.directory.name] = stamp
        return None

    def _move(self, claim: Claim, handled: Handled) -> OSError | None:
        """Move the file of a claim; returns the error that prevents it for now."""
        try:
            move(claim, handled.destination)
        except OSError as error:
            self._handled[claim.directory.name] = handled
            return error
        self._log("Watched file moved.", claim, result=str(handled.destination))
        self._options.on_moved(handled)
        return None

    def _log(self, message: str, claim: Claim, **fields: str) -> None:
        common = {"folder": str(self.path), "filename": mask_mpans(claim.name)}
        logger.info(message, extra={"fields": common | fields})

    def _set_locked(self, is_locked: bool) -> None:
        if not is_locked and self._is_locked:
            logger.info(
                "Another watcher works in a watched folder.",
                extra={"fields": {"folder": str(self.path)}},
            )
        self._is_locked = is_locked

    def _set_error(self, error: Exception) -> None:
        """Log an error that is not the present one, and wait longer each time."""
        reason = _reason(error)
        delay = min(self._options.interval * 2**self._failures, _MAX_DELAY_SECONDS)
        self._failures += 1
        self._next_poll_at = time.monotonic() + delay
        if reason != self.error:
            fields = {
                "folder": str(self.path),
                "path": mask_mpans(str(getattr(error, "filename", None) or "")),
                "reason": reason,
            }
            logger.error("Watched folder in error.", extra={"fields": fields})
        self.error = reason

    def _clear_error(self) -> None:
        if self.error:
            logger.info(
                "Watched folder in order again.",
                extra={"fields": {"folder": str(self.path)}},
            )
        self.error = ""
        self._failures = 0


def _reason(error: Exception) -> str:
    """Return what is wrong, without values of a file or of a row."""
    if isinstance(error, OSError):
        return os_error_reason(error)
    if isinstance(error, ImportLockTimeout):
        return error.reason
    if isinstance(error, Error) and not isinstance(
        error, OperationalError | InterfaceError
    ):
        return type(error).__name__
    message = str(error).strip().partition("\n")[0]
    return mask_mpans(message) if is_site_error(error) else type(error).__name__
