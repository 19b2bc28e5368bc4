"""The attempt as it goes on: its ImportJob row, and the door's own progress."""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import datetime
from types import TracebackType
from typing import Any, Self

from django.contrib.auth.models import User
from django.db import Error, OperationalError
from django.utils import timezone

from meter_readings.models import FlowFile, ImportJob, Policy

_HEARTBEAT_SECONDS = 2.0

# Phase, bytes dealt with, bytes in all.
type OnProgress = Callable[[ImportJob.Phase, int, int], None]


class Job:
    """Writes down how an attempt goes; a dry run (`is_kept` false) leaves no row.

    A context manager: leaving it by an exception marks the attempt as broken off.
    """

    def __init__(
        self,
        *,
        filename: str,
        policy: Policy,
        channel: ImportJob.Channel,
        requested_by: User | None,
        now: datetime,
        is_kept: bool,
        on_progress: OnProgress | None = None,
    ) -> None:
        self._row = ImportJob(
            filename=filename,
            policy=policy,
            channel=channel,
            requested_by=requested_by,
            started_at=now,
            heartbeat_at=now,
        )
        self._is_kept = is_kept
        self._on_progress = on_progress
        self._size = 0
        self._next_beat = 0.0

    def __enter__(self) -> Self:
        self._save()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if error is not None:
            self._row.state = ImportJob.State.FAILED
            # What had come of it is undone with the transaction.
            self._row.outcome, self._row.flow_file, self._row.counts = "", None, {}
            # The kind alone: an exception's words can hold what a file said.
            self._row.message = f"Broken off by {type(error).__name__}."
            self._row.finished_at = timezone.now()
            try:
                self._save()
            except Error:
                pass  # what broke the attempt off matters more; the row stays running

    def set_file(self, sha256: str, size: int) -> None:
        """Put down which bytes the attempt is about."""
        self._row.sha256, self._size = sha256, size
        self.enter(ImportJob.Phase.CHECKING)

    def enter(self, phase: ImportJob.Phase) -> None:
        """Begin a phase."""
        self._row.phase = phase
        self._save()
        self._tell(self._row.bytes_processed)

    def set_progress(
        self, byte_count: int, pause: Callable[[], AbstractContextManager[None]]
    ) -> None:
        """Put down how many bytes are checked; write it down every other second.

        `pause` makes the connection free for it.
        """
        self._row.bytes_processed = byte_count
        self._tell(byte_count)
        if time.monotonic() >= self._next_beat:
            with pause():
                try:
                    self._save()
                except OperationalError:
                    pass  # it is only a heartbeat: the next one may get through

    def finish(
        self, outcome: str, flow_file: FlowFile | None, counts: dict[str, Any]
    ) -> None:
        """Put down what came of the attempt."""
        self._row.state = ImportJob.State.FINISHED
        self._row.outcome = outcome
        self._row.flow_file = flow_file
        self._row.counts = counts
        self._row.finished_at = timezone.now()
        self._save()

    def _tell(self, byte_count: int) -> None:
        if self._on_progress is not None:
            phase = ImportJob.Phase(self._row.phase)
            self._on_progress(phase, byte_count, self._size)

    def _save(self) -> None:
        self._next_beat = time.monotonic() + _HEARTBEAT_SECONDS
        self._row.heartbeat_at = timezone.now()
        if self._is_kept:
            self._row.save()
