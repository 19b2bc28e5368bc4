"""Parser of D0010 flow files: from a binary stream to entries and issues.

It reads one block of lines at a time, splits it into lines and passes each line to the
reader of its group. Every issue is reported, and parsing goes on. Memory use does not
depend on the size of the file.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import BinaryIO, cast

from . import envelope, grammar
from .grammar import Flow
from .group_reader import GroupReader
from .issues import Issue, IssueCode, RepeatedIssue
from .lines import LONGEST_LINE, PADDING, Block, LineReader
from .meter_pattern import meter_pattern
from .readings.block import ReadingBatch
from .readings.bulk_reader import ReportRepeated
from .readings.reader import Batch
from .record_reader import RecordReader, Report, truncate_for_display
from .records import Entry, Header, ParentGroup, Trailer

_NON_ASCII = re.compile(r"[^\x00-\x7f]")
# Consecutive lines that are too long or have other characters than printable ASCII
_OTHER_LINES = re.compile(
    rf"(?:^(?:.*[^ -~\n].*|.{{{LONGEST_LINE + 1},}})\n)+", re.MULTILINE
)


class _AbortParsing(Exception):
    """The rest of the file is not D0010; stop parsing."""


class FlowFileParser:
    """Parser of one flow file; it can be iterated once, and yields entries.

    `report` is called with every issue; one that many lines have is passed to
    `report_repeated` instead, if that is given. The issues of one block of lines come
    in no particular order. A reading taken after `not_after`, an aware datetime, is an
    issue.
    After the iteration `header`, `trailer` and the counts are complete.
    """

    def __init__(
        self,
        stream: BinaryIO,
        *,
        report: Report,
        report_repeated: ReportRepeated | None = None,
        not_after: datetime | None = None,
        flow: Flow = grammar.D0010,
    ) -> None:
        self.header: Header | None = None
        self.trailer: Trailer | None = None
        self.header_text = ""
        self.trailer_text = ""
        self.lines = LineReader(stream)
        self.group_count = 0
        self._flow = flow
        self._not_after = not_after
        self._report = report
        self._envelope = RecordReader(report)
        self._groups = GroupReader(
            flow, report, report_repeated or self._report_each, not_after
        )
        self._trailer_line_number = 0
        self._is_begun = False
        # Groups that are read at once where a 026 is open
        self._actions = {
            f"{code}|": action for code, action in self._groups.actions.items()
        }
        self._pieces = meter_pattern(flow)

    @property
    def line_count(self) -> int:
        return self._groups.line_number

    @property
    def flow_count(self) -> int:
        """Number of 026 groups, as in the trailer (J1066)."""
        return self._groups.flow_count

    @property
    def invalid_reading_count(self) -> int:
        """Number of 030 groups that are not among the entries."""
        return self._groups.invalid_reading_count

    def __iter__(self) -> Iterator[Entry]:
        """Yield the entries in file order; keeps those after an open group."""
        entries: list[Entry] = []
        for batches in self._blocks():
            for batch in batches:
                if isinstance(batch, ReadingBatch):
                    entries.extend(batch.entries())
                else:
                    entries.extend(batch)
            entries.sort(key=lambda entry: entry.line_number)
            first_open = self._groups.open_line_number
            if first_open is not None:
                complete = [each for each in entries if each.line_number < first_open]
            else:
                complete = entries
            yield from complete
            entries = entries[len(complete) :]

    def batches(self) -> Iterator[Batch]:
        """Yield the entries in batches, plain readings by column: the quickest to load.

        They come in no particular order; a group with children in several blocks of
        lines comes after them. Each must be used before the next one is requested.
        """
        for batches in self._blocks():
            yield from batches

    def _blocks(self) -> Iterator[list[Batch]]:
        """Yield the batches of each block of lines."""
        last_line = ""
        try:
            for block in self.lines:
                if block.is_printable_ascii:
                    self._read_plain_lines(block.text)
                else:
                    self._read_mixed_lines(block)
                last_line = block.text.rpartition("\n")[2]
                yield self._groups.pop_completed()
            self._groups.close_mpan()
            yield self._groups.pop_completed()
            self._check_end(last_line)
        except _AbortParsing:
            self._groups.close_meter()
            yield self._groups.pop_completed()

    # Lines

    def _read_plain_lines(self, text: str) -> None:
        """Read lines of printable ASCII; buffer consecutive readings."""
        groups = self._groups
        for *meter, readings, others, line in self._pieces.findall(text + "\n"):
            mpan_core, status, meter_id, reading_type = meter
            if line:
                self._read_plain_line(line[:-1])
                continue
            if meter_id:
                if groups.mpan is not None and groups.open_mpan_and_meter(*meter):
                    self.group_count += bool(mpan_core) + 1
                else:
                    if mpan_core:
                        code = self._flow.mpan.code
                        self._read_plain_line(f"{code}|{mpan_core}|{status}|")
                    code = self._flow.meter.code
                    self._read_plain_line(f"{code}|{meter_id}|{reading_type}|")
            if isinstance(groups.meter, ParentGroup):
                self.group_count += groups.buffer_readings(readings, others)
            else:
                for line in (readings + others)[:-1].split("\n"):
                    self._read_plain_line(line)

    def _read_plain_line(self, line: str) -> None:
        """Read a line of printable ASCII."""
        groups, prefix = self._groups, line[:4]
        groups.line_number += 1
        if prefix in self._actions and groups.mpan is not None:
            self.group_count += 1
            self._actions[prefix](line)
        else:
            self._read_line(line)

    def _read_mixed_lines(self, block: Block) -> None:
        """Read lines some of which are too long or have other characters."""
        text, end = block.text + "\n", 0
        for others in _OTHER_LINES.finditer(text):
            if end < others.start():
                self._read_plain_lines(text[end : others.start() - 1])
            self._read_lines(others[0][:-1].split("\n"))
            end = others.end()
        if end < len(text):
            self._read_plain_lines(text[end:-1])

    def _read_lines(self, lines: Iterable[str]) -> None:
        """Read lines that may be too long or have other characters."""
        for line in lines:
            self._groups.line_number += 1
            if _NON_ASCII.search(line):
                code = IssueCode.NON_ASCII_CHARACTER
                self._report_issue(code, line, "printable ASCII", line[:3])
            if len(line) > LONGEST_LINE:
                self._check_first_line(line.partition("|")[0], line)
                code = IssueCode.LINE_TOO_LONG
                expected = f"at most {LONGEST_LINE} characters"
                self._report_issue(code, line, expected, line[:3])
                raise _AbortParsing
            self._read_line(line)

    def _read_line(self, line: str) -> None:
        """Pass a line to the reader of its group."""
        code = line.partition("|")[0]
        action = self._groups.actions.get(code)
        if action is None and not line.strip(" "):
            return
        self._check_first_line(code, line)
        if self.trailer_text:
            self._report_after_trailer(line)
        elif action is not None:
            self.group_count += 1
            action(line)
        elif code == grammar.HEADER.code:
            self._read_header(line)
        elif code == grammar.TRAILER.code:
            self._read_trailer(line)
        else:
            self.group_count += 1
            expected = "one of " + " ".join(self._groups.actions)
            self._report_issue(IssueCode.UNKNOWN_GROUP, line, expected, code[:3])

    # The envelope

    def _check_first_line(self, code: str, line: str) -> None:
        """Report a first line that is not a header; stop at another type of file."""
        if self._is_begun:
            return
        self._is_begun = True
        header = grammar.HEADER.code
        if code == header:
            return
        expected = f"ZHV|…|{self._flow.flow_and_version}|…"
        if code in self._groups.actions or code == grammar.TRAILER.code:
            self._report_issue(IssueCode.NO_HEADER, line, expected, header)
            return
        if file_type := envelope.guess_file_type(line):
            expected += f" (this looks like {file_type})"
        self._report_issue(IssueCode.NOT_A_FLOW_FILE, line, expected, header)
        raise _AbortParsing

    def _read_header(self, line: str) -> None:
        number, code = self.line_count, grammar.HEADER.code
        if self.header_text:
            expected = "one header, in the first line"
            self._report_issue(IssueCode.SECOND_HEADER, line, expected, code)
            return
        self.header_text = line
        if self.lines.has_byte_order_mark:
            self._report_issue(IssueCode.BYTE_ORDER_MARK, "", "plain ASCII", code)
        header = cast(Header | None, self._envelope.read(grammar.HEADER, line, number))
        flow_and_version = (
            line.split("|", 3)[2].strip(" ") if line.count("|") > 1 else ""
        )
        if issue := envelope.check_flow(flow_and_version, self._flow, number):
            if flow_and_version:
                self._report(issue)
            raise _AbortParsing
        if header is not None:
            self.header = header
            self._groups.set_header(header)
            for issue in envelope.check_header(header, number, self._not_after):
                self._report(issue)

    def _read_trailer(self, line: str) -> None:
        self._groups.close_mpan()
        text = line.rstrip(PADDING)
        self.trailer_text, self._trailer_line_number = text, self.line_count
        record = self._envelope.read(grammar.TRAILER, text, self.line_count)
        self.trailer = cast(Trailer | None, record)
        if text != line:
            self._report_after_trailer(line[len(text) :])

    def _report_after_trailer(self, text: str) -> None:
        is_data = text.strip(PADDING + " ")
        code = (
            IssueCode.DATA_AFTER_TRAILER if is_data else IssueCode.PADDING_AFTER_TRAILER
        )
        expected = "nothing after the trailer"
        self._report_issue(code, text, expected, grammar.TRAILER.code)

    def _check_end(self, last_line: str) -> None:
        """Report a missing, truncated or wrong end of the file."""
        if not self._is_begun:
            self._report(Issue(IssueCode.EMPTY_FILE, expected="a ZHV header"))
            return
        if not self.flow_count:
            self._report(Issue(IssueCode.NO_MPAN, expected="at least one 026 group"))
        if not self.trailer_text:
            self._report(Issue(IssueCode.NO_TRAILER, expected="a ZPT trailer"))
            if not (self.lines.ends_with_newline or last_line.endswith("|")):
                expected = "a whole line, ending with a pipe"
                self._report_issue(IssueCode.TRUNCATED, last_line, expected)
        elif self.trailer is not None:
            for issue in envelope.check_trailer(
                self.trailer,
                self.header,
                self._trailer_line_number,
                group_count=self.group_count,
                flow_count=self.flow_count,
            ):
                self._report(issue)

    def _report_each(self, repeated: RepeatedIssue) -> None:
        for issue in repeated.issues():
            self._report(issue)

    def _report_issue(
        self, code: IssueCode, found: str, expected: str, group: str = ""
    ) -> None:
        if not (group.isascii() and group.isprintable()):
            group = ""
        shown = truncate_for_display(found)
        self._report(Issue(code, self.line_count, group, "", shown, expected))
