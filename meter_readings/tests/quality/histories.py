"""Small histories of meter points, and what the rules raise about them."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from meter_readings.d0010 import LONDON
from meter_readings.quality.calendar import SECONDS_PER_DAY
from meter_readings.quality.evaluation import Raised, evaluate
from meter_readings.quality.history import MeterPoint, meters_of
from meter_readings.quality.rows import Row
from meter_readings.quality.thresholds import Thresholds


def seconds(day: str) -> int:
    """Return a UK local day, with or without a time, in seconds since 1970."""
    time = datetime.strptime(day.ljust(14, "0"), "%Y%m%d%H%M%S")
    return int(time.replace(tzinfo=LONDON).timestamp())


def register(
    *readings: str, register_id: str = "S", meter: int = 1, **values: Any
) -> list[Row]:
    """Return readings of a register, each like `20240101 1234.5` or `... R`."""
    rows = []
    for line, reading in enumerate(readings):
        day, value, *reading_type = reading.split()
        rows.append(
            Row(
                meter_point_id=1,
                meter_id=meter,
                register_id=register_id,
                at=seconds(day),
                value=round(float(value) * 1000),
                reading_type=(reading_type or ["R"])[0],
                **{"flow_file_id": 1, "visit_line": line} | values,
            )
        )
    return rows


def monthly(*values: float | str, start: str = "20240101", **options: Any) -> list[Row]:
    """Return readings 30 days apart; a value may have a type, like `99.0 D`."""
    first = datetime.strptime(start, "%Y%m%d")
    days = (first + timedelta(days=30 * number) for number in range(len(values)))
    return register(
        *(f"{day:%Y%m%d} {value}" for day, value in zip(days, values)), **options
    )


def usual(count: int = 8, start: float = 10_000, step: float = 200) -> list[float]:
    """Return the values of a register of regular use."""
    return [start + step * number for number in range(count)]


def meter_point(
    *registers: list[Row],
    now: str = "",
    thresholds: Thresholds = Thresholds(),
    **known: Any,
) -> MeterPoint:
    """Return a meter point; `now` is by default the day after the latest reading."""
    rows = [row for each in registers for row in each]
    day_after = max(row.at for row in rows) + SECONDS_PER_DAY
    return MeterPoint(
        meters_of(rows, thresholds),
        now=seconds(now) if now else day_after,
        thresholds=thresholds,
        **known,
    )


def raised(*registers: list[Row], **options: Any) -> list[Raised]:
    return list(evaluate(meter_point(*registers, **options)))


def codes(*registers: list[Row], **options: Any) -> list[str]:
    """Return what is raised, each as the rule and the reading's value."""
    return [
        f"{each.rule.code} {each.row.value / 1000:.1f}"
        for each in raised(*registers, **options)
    ]
