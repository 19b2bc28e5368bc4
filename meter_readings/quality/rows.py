"""A current reading as plain numbers, which a million readings can afford."""

from __future__ import annotations

from typing import NamedTuple

from meter_readings.d0010.codes import Basis, ReadingType, reading_types_of

ESTIMATED = frozenset(reading_types_of(Basis.ESTIMATED))


class Row(NamedTuple):
    """A current reading: `at` in seconds since 1970, `value` in thousandths."""

    meter_point_id: int
    meter_id: int
    register_id: str
    at: int
    value: int
    reading_type: str = ReadingType.ROUTINE.value
    is_suspect: bool = False
    is_demand: bool = False
    md_resets: int | None = None
    flow_file_id: int | None = None
    visit_line: int = 0

    @property
    def is_estimated(self) -> bool:
        return self.reading_type in ESTIMATED
