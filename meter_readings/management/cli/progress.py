"""Progress of an import: a bar on a terminal, a line now and then elsewhere."""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Callable
from contextlib import suppress

from django.core.management.base import OutputWrapper

from meter_readings.importer import FileResult, ImportListener
from meter_readings.importer.formatting import format_progress
from meter_readings.models import ImportJob

_BAR_SECONDS = 0.1
_LINE_SECONDS = 5.0
_BAR_WIDTH = 24
_CLEAR_LINE = "\r\x1b[2K"


class Progress(ImportListener):
    """Shows the phase of the current file, and how much of it is checked."""

    def __init__(
        self,
        stream: OutputWrapper,
        *,
        is_shown: bool = True,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._stream = stream
        self._is_shown = is_shown
        self._is_bar = stream.isatty() and os.environ.get("TERM") != "dumb"
        self._clock = clock
        self._label = ""
        self._phase = ""
        self._is_line_open = False
        # The first line is only written after a wait.
        self._next_at = 0.0 if self._is_bar else clock() + _LINE_SECONDS

    def file_started(self, label: str) -> None:
        """Show the bar at once: the file may have to wait for a lock."""
        self._label, self._phase = label, ""
        if self._is_bar:
            self.progress(ImportJob.Phase.RECEIVING, 0, 0)

    def progress(self, phase: ImportJob.Phase, byte_count: int, size: int) -> None:
        """Show the progress, unless that was done a moment ago."""
        is_new_phase = self._is_bar and phase != self._phase
        if self._is_shown and (is_new_phase or self._clock() >= self._next_at):
            self._phase = phase
            if self._is_bar:
                self._draw(phase, byte_count, size)
            else:
                parts = phase.label.lower(), format_progress(phase, byte_count, size)
                self._write(f"{self._label}: {', '.join(filter(None, parts))}", "\n")
            seconds = _BAR_SECONDS if self._is_bar else _LINE_SECONDS
            self._next_at = self._clock() + seconds

    def file_finished(self, result: FileResult) -> None:
        self.clear()

    def clear(self) -> None:
        """Remove the bar before other text is written."""
        if self._is_line_open:
            self._write(_CLEAR_LINE)
            self._is_line_open = False

    def _draw(self, phase: ImportJob.Phase, byte_count: int, size: int) -> None:
        done = _BAR_WIDTH * byte_count // max(size, 1)
        bar = f"[{'#' * done}{'.' * (_BAR_WIDTH - done)}]"
        is_loading = phase == ImportJob.Phase.LOADING
        parts = [
            phase.label,
            "" if is_loading else bar,
            format_progress(phase, byte_count, size),
        ]
        text = "".join(f"{part} " for part in parts if part)
        columns = max(shutil.get_terminal_size().columns - len(text) - 1, 8)
        self._write(f"{_CLEAR_LINE}{text}{self._label[-columns:]}")
        self._is_line_open = True

    def _write(self, text: str, ending: str = "") -> None:
        # An import does not end because its progress cannot be shown.
        with suppress(OSError):
            self._stream.write(text, style_func=str, ending=ending)
            self._stream.flush()
