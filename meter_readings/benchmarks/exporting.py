"""How fast the API sends all readings as CSV, and how much memory that takes."""

from __future__ import annotations

import csv
import os
import time
from collections.abc import Callable
from typing import Any

from django.db import connection, transaction
from django.test import Client
from django.urls import reverse

from .asking import signed_in
from .throwaway import peak_megabytes


def measure_export() -> dict[str, float]:
    """Send all readings once; return how many bytes and the peak memory in MB."""
    return {"bytes": _send(signed_in()), "peak": peak_megabytes()}


def compare_exports(*, rounds: int) -> dict[str, float]:
    """Return the fewest seconds of the export, and of its query written down raw.

    Raw is the driver's own cursor given to csv.writer, with the very query that the
    export asks. The rounds of the two alternate.
    """
    client = signed_in()
    queries = _Queries()
    with connection.execute_wrapper(queries):
        _send(client)
    export, raw = [], []
    for _ in range(rounds):
        raw.append(_seconds(lambda: _write_raw(*queries.longest)))
        export.append(_seconds(lambda: _send(client)))
    return {"export": min(export), "raw": min(raw)}


class _Queries:
    """Remembers the longest query that passes: the one with every column."""

    longest: tuple[str, Any] = ("", ())

    def __call__(
        self, execute: Any, sql: str, params: Any, many: bool, context: Any
    ) -> Any:
        self.longest = max(self.longest, (sql, params), key=lambda query: len(query[0]))
        return execute(sql, params, many, context)


def _seconds(deed: Callable[[], object]) -> float:
    begin = time.perf_counter()
    deed()
    return time.perf_counter() - begin


def _send(client: Client) -> int:
    """Take in an export as a server sends it; return how many bytes it has."""
    response: Any = client.get(reverse("api:reading-list"), {"format": "csv"})
    assert response.status_code == 200, response.status_code
    return sum(map(len, response.streaming_content))


def _write_raw(sql: str, params: Any) -> None:
    with (
        open(os.devnull, "w", encoding="utf-8", newline="") as file,
        transaction.atomic(),
        connection.chunked_cursor() as cursor,
    ):
        cursor.execute(sql, params)
        # Django's cursors wrap each row; the one inside is the driver's.
        csv.writer(file).writerows(cursor.cursor)
