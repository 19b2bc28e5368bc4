"""Helpers that parse and rewrite synthetic flow files."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from meter_readings import d0010, synthetic
from meter_readings.tests.support.flow_file_builder import Parsed, parse

# Later than every synthetic reading that is not deliberately in the future
NOW = datetime(2026, 11, 1, tzinfo=d0010.LONDON)


def bytes_of(lines: Iterable[str]) -> bytes:
    return "".join(lines).encode(synthetic.ENCODING)


def parse_lines(lines: Iterable[str]) -> Parsed:
    return parse(bytes_of(lines), not_after=NOW)


def rewrite(parsed: Parsed) -> bytes:
    """Return the file as the writer writes the parsed records."""
    header, trailer = parsed.parser.header, parsed.parser.trailer
    assert header is not None
    lines = d0010.write_flow_file(header, parsed.entries, trailer)
    return "".join(f"{line}\n" for line in lines).encode("ascii")
