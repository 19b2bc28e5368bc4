"""Recording of exports at their end, when it is known how many rows they had."""

from __future__ import annotations

from collections.abc import Generator, Mapping
from contextlib import closing
from typing import Any

from django.db.models import Model

from meter_readings.models import AuditEvent

from .actors import current_actor
from .recording import record_access


class RecordedExport:
    """An export that is streamed, and recorded at its end with its number of rows.

    It is created in the request, whose actor it remembers, because a response is
    streamed when its request is over.
    """

    def __init__(
        self, target: Model | type[Model], *, details: Mapping[str, Any]
    ) -> None:
        self._target, self._details = target, dict(details)
        self._actor = current_actor()
        self._rows: int | None = None

    def counted(
        self, lines: Generator[str], *, header_lines: int = 0, row_prefix: str = ""
    ) -> Generator[str]:
        """Yield the lines, and count those that begin with `row_prefix` as rows."""
        rows = -header_lines
        with closing(lines):
            for line in lines:
                rows += line.startswith(row_prefix)
                self._rows = max(rows, 0)
                yield line

    def recorded(self, chunks: Generator[bytes]) -> Generator[bytes]:
        """Yield the chunks, then record the export.

        One that is interrupted is recorded as incomplete, with the rows read until
        then. The chunks are read from a snapshot, in which nothing can be recorded.
        """
        is_complete = False
        try:
            with closing(chunks):
                yield from chunks
            is_complete = True
        finally:
            details = dict(self._details)
            if self._rows is not None:
                details["rows"] = self._rows
            if not is_complete:
                details["incomplete"] = True
            record_access(
                AuditEvent.Action.EXPORT,
                self._target,
                details=details,
                actor=self._actor,
            )
