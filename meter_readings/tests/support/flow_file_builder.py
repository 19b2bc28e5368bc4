"""Builders of flow files and parsers of whole files, for tests.

The groups of a file are written in the test, so that its input is visible:

    parsed = parse(flow_file('''
        026|2000000000015|V|
        028|TST0000001|R|
        030|S|20240401000000|99.0|||T|N|
        '''))
    parsed.codes == []
"""

from __future__ import annotations

import io
from collections.abc import Iterable
from contextlib import AbstractContextManager
from inspect import cleandoc
from pathlib import Path
from typing import Any, NamedTuple
from unittest.mock import patch

from meter_readings.d0010 import Entry, FlowFileParser, Issue, mpan

# One line of each group, without an issue
HEADER_LINE = "ZHV|TEST000001|D0010002|D|UDMS|X|MRCY|20240402091500||||OPER|"
MPAN_LINE = "026|2000000000015|V|"
METER_LINE = "028|TST0000001|R|"
READING_LINE = "030|S|20240401000000|99.0|||T|N|"

# A file with every group. Its only issue is the test data flag.
EVERY_GROUP = """\
ZHV|TEST000001|D0010002|D|UDMS|X|MRCY|20240402091500||||TR01|
026|1000000000003|V|
027|02|Synthetic note|
028|TST0000001|R|
030|01|20240401000000|12345.0|||T|P|
030|MD|20240401000000|41.5|20240301000000|1|T|P|
026|2000000000015|F|
028|TST0000002|R|
029|20||
030|S|20240401000000|99.0|||F|N|
032|05|F|
033|27||
ZPT|TEST000001|11||2|20240402091501|
"""

# A published sample of another party, which may be absent
SAMPLE_PATH = (
    Path(__file__).resolve().parents[4]
    / "shared/samples/DTC5259515123502080915D0010.uff"
)


def header_line(
    *,
    file_identifier: str = "TEST000001",
    flow_and_version: str = "D0010002",
    from_role: str = "D",
    from_participant: str = "UDMS",
    to_role: str = "X",
    to_participant: str = "MRCY",
    created_at: str = "20240402091500",
    test_data_flag: str = "OPER",
) -> str:
    """Return a ZHV; without arguments it is HEADER_LINE."""
    return (
        f"ZHV|{file_identifier}|{flow_and_version}|{from_role}|{from_participant}|"
        f"{to_role}|{to_participant}|{created_at}||||{test_data_flag}|"
    )


def trailer_line(
    groups: str | Iterable[str],
    *,
    file_identifier: str = "TEST000001",
    completed_at: str = "20240402091501",
) -> str:
    """Return a ZPT with the counts of these groups."""
    lines = [line for line in lines_of(groups) if line.strip()]
    flow_count = sum(line.startswith("026|") for line in lines)
    return f"ZPT|{file_identifier}|{len(lines)}||{flow_count}|{completed_at}|"


def flow_file(
    groups: str | Iterable[str],
    *,
    header: str = HEADER_LINE,
    trailer: bool = True,
    line_ending: str = "\n",
) -> str:
    """Return the text of a file: a header, groups and a trailer with the right counts.

    `groups` is a list of lines, or a text whose common indentation is removed.
    """
    lines = [header, *lines_of(groups)]
    if trailer:
        identifier = (header.split("|") + [""])[1]
        lines.append(trailer_line(lines[1:], file_identifier=identifier))
    return "".join(line + line_ending for line in lines)


def flow_file_of_readings(*readings: str, header: str = HEADER_LINE) -> str:
    """Return a file with these 030s and their children, all of one meter."""
    return flow_file([MPAN_LINE, METER_LINE, *readings], header=header)


def lines_of(groups: str | Iterable[str]) -> list[str]:
    """Return the lines of an indented text; a list of lines is not changed."""
    return cleandoc(groups).splitlines() if isinstance(groups, str) else [*groups]


def mpan_core(number: int, *, distributor_id: str = "20") -> str:
    """Return a valid MPAN core, a different one for each number."""
    first_twelve = f"{distributor_id}{number:010d}"
    return first_twelve + mpan.check_digit(first_twelve)


class Parsed(NamedTuple):
    """The result of parsing a file."""

    entries: list[Entry]
    issues: list[Issue]
    parser: FlowFileParser

    @property
    def issue(self) -> Issue:
        """Return the only issue."""
        [issue] = self.issues
        return issue

    @property
    def codes(self) -> list[str]:
        """Return the issue codes, sorted."""
        return sorted(issue.code.value for issue in self.issues)

    @property
    def records(self) -> list[tuple[Any, ...]]:
        """Return the records of the entries, in file order."""
        return [entry.record for entry in self.entries]


def parse(text: str | bytes, **options: Any) -> Parsed:
    """Parse a whole file; `options` are those of FlowFileParser."""
    issues: list[Issue] = []
    data = text.encode("utf-8") if isinstance(text, str) else text
    parser = FlowFileParser(io.BytesIO(data), report=issues.append, **options)
    return Parsed(list(parser), issues, parser)


def parse_by_grammar(text: str | bytes, **options: Any) -> Parsed:
    """Parse a whole file line by line, without the bulk reader."""
    with read_by_grammar():
        return parse(text, **options)


def read_by_grammar() -> AbstractContextManager[object]:
    """Make parsers read every line by itself, without the bulk reader."""

    def read_lines(parser: FlowFileParser, text: str) -> None:
        parser._read_lines(text.split("\n"))

    return patch.object(FlowFileParser, "_read_plain_lines", read_lines)


def parse_in_blocks_of(size: int, text: str | bytes, **options: Any) -> Parsed:
    """Parse a whole file in blocks of `size` bytes."""
    with patch("meter_readings.d0010.lines.BLOCK_SIZE", size):
        return parse(text, **options)
