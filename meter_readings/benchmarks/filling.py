"""What the databases hold that pages and the API are measured on."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

from meter_readings import synthetic
from meter_readings.d0010 import LONDON

from .throwaway import Throwaway, throwaway

type Tell = Callable[[str], object]

_MONTHS = 12
_READINGS_OF_A_METER = 10
# So much of a file is said again by another.
_SAID_AGAIN = 10


@contextmanager
def filled(*, vendor: str, readings: int, tell: Tell) -> Iterator[Throwaway]:
    """Make a database that holds so many readings, some of which are said twice."""
    with (
        tempfile.TemporaryDirectory(prefix="d0010_benchmark_") as name,
        throwaway(vendor) as database,
    ):
        tell(f"Importing {readings:,} readings")
        _fill(database, Path(name), readings)
        yield database


def _fill(database: Throwaway, folder: Path, readings: int) -> None:
    again = readings // (_SAID_AGAIN + 1)
    resent_at = datetime(2026, 2, 3, 6, tzinfo=LONDON)
    for filename, number, asked in (
        ("first.uff", readings - again, {"file_identifier": "FIRST"}),
        ("again.uff", again, {"file_identifier": "AGAIN", "created_at": resent_at}),
    ):
        if not number:
            continue  # too few to say any again
        path = folder / filename
        with path.open("wb") as file:
            lines = synthetic.flow_file_lines(
                meter_points=max(number // _READINGS_OF_A_METER, 1),
                readings=number,
                months=_MONTHS,
                **asked,
            )
            synthetic.write_lines(file, lines)
        result = database.step("import", path=str(path))
        assert result["outcome"] == "imported", result
        path.unlink()
    database.step("tidy")
