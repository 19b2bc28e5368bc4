"""What can be said of a file from its first and last line (ZHV and ZPT)."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from .codes import MarketRole, TestDataFlag
from .field_types import Moment
from .grammar import HEADER, ROUTES, TRAILER, Flow, Group
from .issues import Issue, IssueCode
from .record_reader import shortened
from .records import Header, Trailer

_KINDS = {
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
    """Return what a file looks like whose first line is no header, or ""."""
    return next((kind for start, kind in _KINDS.items() if line.startswith(start)), "")


def check_flow(flow_and_version: str, flow: Flow, line_number: int) -> Issue | None:
    """Return the fault of a header that names another flow or another version."""
    if flow_and_version == flow.flow_and_version:
        return None
    same_flow = flow_and_version.startswith(flow.name)
    code = IssueCode.WRONG_VERSION if same_flow else IssueCode.WRONG_FLOW
    return _fault(code, HEADER, 1, line_number, flow_and_version, flow.flow_and_version)


def check_header(
    header: Header, line_number: int, not_after: datetime | None
) -> Iterator[Issue]:
    """Yield what is odd about a header of the right flow."""
    for index, role in (2, header.from_role), (4, header.to_role):
        if role and role not in MarketRole:
            expected = "a market participant role code"
            code = IssueCode.UNKNOWN_ROLE
            yield _fault(code, HEADER, index, line_number, role, expected)
    # Only roles whose letters are sure stand in the route table (DTC-F v15.4).
    if header.from_role in ROUTES and header.to_role in ROUTES:
        receivers = ROUTES[header.from_role]
        if header.to_role not in receivers:
            found = f"{header.from_role} to {header.to_role}"
            expected = f"{header.from_role} to one of " + " ".join(sorted(receivers))
            code = IssueCode.UNEXPECTED_ROUTE
            yield _fault(code, HEADER, 4, line_number, found, expected)
    flag, operational = header.test_data_flag, TestDataFlag.OPERATIONAL.value
    if flag != operational:
        code = IssueCode.TEST_FILE if flag else IssueCode.NO_TEST_FLAG
        yield _fault(code, HEADER, 10, line_number, flag, operational)
    if not_after is not None and header.file_created_at > not_after:
        found = Moment().write(header.file_created_at)
        code = IssueCode.CREATED_IN_FUTURE
        yield _fault(code, HEADER, 6, line_number, found, "not later than now")


def check_trailer(
    trailer: Trailer,
    header: Header | None,
    line_number: int,
    *,
    group_count: int,
    flow_count: int,
) -> Iterator[Issue]:
    """Yield where a trailer disagrees with the header and with what was counted."""

    def issue(code: IssueCode, index: int, found: object, expected: object) -> Issue:
        return _fault(code, TRAILER, index, line_number, str(found), str(expected))

    # J1067: only the ten least significant digits of a longer count are written.
    counted = group_count % 10**10
    if trailer.group_count not in (None, counted):
        yield issue(IssueCode.GROUP_COUNT_MISMATCH, 1, trailer.group_count, counted)
    if trailer.checksum is not None:
        yield issue(IssueCode.UNEXPECTED_CHECKSUM, 2, trailer.checksum, "an empty cell")
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
        created = Moment().write(created_at)
        yield issue(code, 4, Moment().write(completed_at), f"{created} or later")


def _fault(
    code: IssueCode,
    group: Group,
    index: int,
    line_number: int,
    found: str,
    expected: str,
) -> Issue:
    field = str(group.fields[index])
    return Issue(code, line_number, group.code, field, shortened(found), expected)
