"""What benchmarks measure in processes of their own: imports, undoings, dry runs."""

from __future__ import annotations

import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

from django.db import connection
from django.utils import timezone

from meter_readings import importer, synthetic
from meter_readings.models import FlowFile

from .temp_database import peak_megabytes


class Times(NamedTuple):
    """The seconds of a measurement, and the seconds of CPU time of its process."""

    seconds: float
    cpu_seconds: float


class Stopwatch:
    """Measures from its creation on."""

    def __init__(self) -> None:
        self._start = Times(time.perf_counter(), time.process_time())

    def read(self) -> Times:
        return Times(
            time.perf_counter() - self._start.seconds,
            time.process_time() - self._start.cpu_seconds,
        )


def write_flow_file(path: Path, **options: Any) -> None:
    """Write a synthetic flow file; the options are those of `flow_file_lines`."""
    with path.open("w", encoding=synthetic.ENCODING, newline="") as file:
        file.writelines(synthetic.flow_file_lines(**options))


def import_file(*, path: str) -> dict[str, Any]:
    """Import a file; return the Times, the peak memory in MB and the flow file."""
    stopwatch = Stopwatch()
    with open(path, "rb") as stream:
        result = importer.import_flow_file(
            stream=stream, filename=Path(path).name, now=timezone.now()
        )
    times = stopwatch.read()
    assert result.outcome == "imported" and result.flow_file, result
    return {
        "times": times,
        "peak": peak_megabytes(),
        "flow_file": result.flow_file.pk,
    }


def undo_file(*, flow_file: int, is_analyzed: bool) -> Times:
    """Undo an import, with statistics of the tables taken before if `is_analyzed`."""
    if is_analyzed:
        with connection.cursor() as cursor:
            cursor.execute("ANALYZE")
    imported = FlowFile.objects.get(pk=flow_file)
    stopwatch = Stopwatch()
    importer.undo_import(flow_file=imported, now=timezone.now())
    return stopwatch.read()


def time_dry_runs(
    *, smallest: str, paths: Sequence[str], rounds: int
) -> list[tuple[float, float]]:
    """Return the CPU seconds of a dry run of each file, and of splitting its lines.

    They are the minimum of the rounds. What a dry run of the smallest file takes is
    subtracted.
    """
    _time_dry_run(smallest)  # The first run of a process takes longer.
    start_up = min(_time_dry_run(smallest) for _ in range(rounds))
    return [
        (
            min(_time_dry_run(path) for _ in range(rounds)) - start_up,
            min(_time_splitting(path) for _ in range(rounds)),
        )
        for path in paths
    ]


def _time_dry_run(path: str) -> float:
    stopwatch = Stopwatch()
    with open(path, "rb") as stream:
        result = importer.import_flow_file(
            stream=stream, filename=Path(path).name, now=timezone.now(), dry_run=True
        )
    seconds = stopwatch.read().cpu_seconds
    assert result.outcome == "checked", result
    return seconds


def _time_splitting(path: str) -> float:
    stopwatch = Stopwatch()
    with open(path, encoding="ascii") as lines:
        for line in lines:
            line.split("|")
    return stopwatch.read().cpu_seconds
