"""A made-up file, read as any other is."""

from __future__ import annotations

import io
from collections.abc import Iterable
from datetime import datetime

from meter_readings import d0010, synthetic
from meter_readings.tests.flow_file_builder import Parsed, parse

# Later than any made-up reading that is not meant to be in the future.
NOW = datetime(2026, 11, 1, tzinfo=d0010.LONDON)


def bytes_of(lines: Iterable[str]) -> bytes:
    """Return what is written to a file."""
    stream = io.BytesIO()
    synthetic.write_lines(stream, lines)
    return stream.getvalue()


def read(lines: Iterable[str]) -> Parsed:
    """Return what the parser makes of the lines."""
    return parse(bytes_of(lines), not_after=NOW)


def rewritten(parsed: Parsed) -> bytes:
    """Return a file as the writer writes what was read from it."""
    header, trailer = parsed.parser.header, parsed.parser.trailer
    assert header is not None
    lines = d0010.write_flow_file(header, parsed.entries, trailer)
    return "".join(f"{line}\n" for line in lines).encode("ascii")
