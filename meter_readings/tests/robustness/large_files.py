"""Files with many readings, some for the same meters and times."""

from __future__ import annotations

from datetime import date, timedelta

from meter_readings.tests.support.flow_file_builder import (
    flow_file,
    header_line,
    mpan_core,
)

_FIRST_DAY = date(2023, 1, 1)


def large_file(
    *,
    identifier: str,
    meters: range,
    days: range,
    created_at: str = "20240402091500",
    reading_type: str = "R",
    bsc_validation_status: str = "V",
    steps: int = 10,
) -> bytes:
    """Return a file with one reading a day for each meter.

    Files with the same `steps` have the same values for the same meter and day. A file
    has no trailer and therefore one finding.
    """
    lines = []
    for meter in meters:
        lines.append(f"026|{mpan_core(meter)}|{bsc_validation_status}|")
        lines.append(f"027|02|Visit to meter {meter}|")
        lines.append(f"028|LF{meter:06}|{reading_type}|")
        for day in days:
            moment = _FIRST_DAY + timedelta(days=day)
            lines.append(f"030|S|{moment:%Y%m%d}000000|{meter + day * steps}.0|||T|N|")
    header = header_line(file_identifier=identifier, created_at=created_at)
    return flow_file(lines, header=header, trailer=False).encode("ascii")
