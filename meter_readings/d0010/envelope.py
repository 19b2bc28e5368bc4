"""Validation of the header (ZHV) and the trailer (ZPT)."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from .codes import MarketRole, TestDataFlag
from .field_types import DateTimeType
from .grammar import HEADER, ROUTES, TRAILER, Flow, Group
from .issues import Issue, IssueCode
from .record_reader import truncate_for_display
from .records import Header, Trailer

_FILE_TYPES = {
    "ZHD|": "the pool transfer format (ZHD), not the user file format (ZHV)",
    "ZHF": "the fixed-length format (ZHF), not the delimited one (ZHV)",
    "PK": "a ZIP archive",
    "%PDF": "a PDF document",
    "\x1f": "a gzip archive",
    "<": "an XML or HTML document",
    "{": "a JSON document",
    "ÿþ": "UTF-16 text",
    "þÿ": "UTF-16 text",
}


def guess_file_type(line: str) -> str:
    """Return the type of a file by its first line, or "" if it is unknown."""
    return next(
        (name for start, name in _FILE_TYPES.items() if line.startswith(start)), ""
    )


def check_flow(flow_and_version: str, flow: Flow, line_number: int) -> Issue | None:
    """Return an issue if the header names a different flow or version."""
    if flow_and_version == flow.flow_and_version:
        return None
    same_flow = flow_and_version.startswith(flow.name)
    code = IssueCode.WRONG_VERSION if same_flow else IssueCode.WRONG_FLOW
    return _issue(code, HEADER, 1, line_number, flow_and_version, flow.flow_and_version)


def check_header(
    header: Header, line_number: int, not_after: datetime | None
) -> Iterator[Issue]:
    """Yield the issues of a header."""
    for index, role in (2, header.from_role), (4, header.to_role):
        if role and role not in MarketRole:
            expected = "a market participant role code"
            code = IssueCode.UNKNOWN_ROLE
            yield _issue(code, HEADER, index, line_number, role, expected)
    # ROUTES does not have every role.
    if header.from_role in ROUTES and header.to_role in ROUTES:
        receivers = ROUTES[header.from_role]
        if header.to_role not in receivers:
            found = f"{header.from_role} to {header.to_role}"
            expected = f"{header.from_role} to one of " + " ".join(sorted(receivers))
            code = IssueCode.UNEXPECTED_ROUTE
            yield _issue(code, HEADER, 4, line_number, found, expected)
    flag, operational = header.test_data_flag, TestDataFlag.OPERATIONAL.value
    if flag != operational:
        code = IssueCode.TEST_FILE if flag else IssueCode.NO_TEST_FLAG
        yield _issue(code, HEADER, 10, line_number, flag, operational)
    if not_after is not None and header.file_created_at > not_after:
        found = DateTimeType().write(header.file_created_at)
        code = IssueCode.CREATED_IN_FUTURE
        yield _issue(code, HEADER, 6, line_number, found, "not later than now")


def check_trailer(
    trailer: Trailer,
    header: Header | None,
    line_number: int,
    *,
    group_count: int,
    flow_count: int,
) -> Iterator[Issue]:
    """Yield the issues of a trailer, compared with the header and with the counts."""

    def issue(code: IssueCode, index: int, found: object, expected: object) -> Issue:
        return _issue(code, TRAILER, index, line_number, str(found), str(expected))

    # J1067 has the ten least significant digits of a longer count.
    count = group_count % 10**10
    if trailer.group_count not in (None, count):
        yield issue(IssueCode.GROUP_COUNT_MISMATCH, 1, trailer.group_count, count)
    if trailer.checksum is not None:
        yield issue(
            IssueCode.UNEXPECTED_CHECKSUM, 2, trailer.checksum, "an empty field"
        )
    if trailer.flow_count not in (None, flow_count):
        yield issue(IssueCode.FLOW_COUNT_MISMATCH, 3, trailer.flow_count, flow_count)
    if header is None:
        return
    if trailer.file_identifier != header.file_identifier:
        code = IssueCode.FILE_IDENTIFIER_MISMATCH
        yield issue(code, 0, trailer.file_identifier, header.file_identifier)
    completed_at, created_at = trailer.file_completed_at, header.file_created_at
    if completed_at is not None and completed_at < created_at:
        code = IssueCode.COMPLETED_BEFORE_CREATED
        created = DateTimeType().write(created_at)
        yield issue(code, 4, DateTimeType().write(completed_at), f"{created} or later")


def _issue(
    code: IssueCode,
    group: Group,
    index: int,
    line_number: int,
    found: str,
    expected: str,
) -> Issue:
    field = str(group.fields[index])
    return Issue(
        code, line_number, group.code, field, truncate_for_display(found), expected
    )
