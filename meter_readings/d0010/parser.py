"""From the bytes of a flow file to what it says, a block of lines at a time.

Every fault is reported and reading goes on. The parser holds one block and the groups
that are open and nothing else, so a file of any size takes the same memory.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import datetime
from typing import BinaryIO, cast

from . import envelope, grammar
from .bulk_reader import BulkReadingReader, LineRun, ReadingBatch, split_runs
from .grammar import Flow
from .group_reader import GroupReader
from .issues import Issue, IssueCode
from .lines import LONGEST_LINE, Block, LineReader
from .record_reader import RecordReader, Report, shortened
from .records import Entry, Header, ParentGroup, Trailer

_new = tuple.__new__  # what the class of a NamedTuple calls, without its wrapper

_NON_ASCII = re.compile(r"[^\x00-\x7f]")

# A stretch with an uncommon line is halved until so few are left, then read by table.
_FEW_LINES = 16

type Batch = list[Entry] | ReadingBatch


class _StopReading(Exception):
    """What follows is another language: reading on would only make noise."""


class FlowFileParser:
    """Reads one flow file; iterate it once to get its entries in file order.

    `report` receives every fault, those of one block of lines in no set order. A
    reading taken after `not_after` (an aware datetime) is a fault; None lets every
    time pass. When the iteration is over, `header`, `trailer` and the counts say what
    was found.
    """

    def __init__(
        self,
        stream: BinaryIO,
        *,
        report: Report,
        not_after: datetime | None = None,
        flow: Flow = grammar.D0010,
    ) -> None:
        self.header: Header | None = None
        self.trailer: Trailer | None = None
        self.header_text = ""
        self.trailer_text = ""
        self.lines = LineReader(stream)
        self.line_count = 0
        self.group_count = 0
        self._flow = flow
        self._not_after = not_after
        self._report = report
        self._envelope = RecordReader(report)
        self._groups = GroupReader(flow, report, not_after)
        self._columns = BulkReadingReader(flow.reading, self._groups.is_common)
        self._trailer_line_number = 0
        self._is_begun = False
        self._runs: list[LineRun] = []
        self._waiting: list[str] = []
        self._latest_waits = False
        self._batches: list[Batch] = []
        self._openers = {
            flow.mpan.code + "|": self._groups.open_mpan,
            flow.meter.code + "|": self._groups.open_meter,
        }
        self._start_of_reading = start = flow.reading.code + "|"
        # Runs of readings, and every other line by itself
        self._pieces = re.compile(rf"(?:{re.escape(start)}.*+\n)++|.*+\n")
        self._continuations = {flow.result.code, flow.reading_visit.code}

    @property
    def flow_count(self) -> int:
        """Return how many 026 groups were read."""
        return self._groups.flow_count

    @property
    def invalid_reading_count(self) -> int:
        """Return how many 030 groups were read from which no reading could be had."""
        return self._groups.invalid_reading_count

    def __iter__(self) -> Iterator[Entry]:
        for batches in self._blocks():
            entries: list[Entry] = []
            for batch in batches:
                if isinstance(batch, ReadingBatch):
                    entries.extend(batch.entries())
                else:
                    entries.extend(batch)
            yield from sorted(entries, key=lambda entry: entry.line_number)

    def batches(self) -> Iterator[Batch]:
        """Yield entries as they are best loaded: common readings by columns.

        Those of one block of lines come in no set order. A batch is to be used before
        the next is asked for.
        """
        for batches in self._blocks():
            yield from batches

    def _blocks(self) -> Iterator[list[Batch]]:
        """Yield what each block of lines completes."""
        latest_line = ""
        try:
            for block in self.lines:
                if block.plain:
                    self._read_plain_lines(block.text)
                else:
                    self._read_lines(block)
                latest_line = block.text.rpartition("\n")[2]
                yield self._take_batches()
            self._groups.close_mpan()
            yield self._take_batches()
            self._check_end(latest_line)
        except _StopReading:
            self._groups.close_meter()
            yield self._take_batches()

    def _take_batches(self) -> list[Batch]:
        batches = [*self._batches, self._groups.pop_completed()]
        self._batches = []
        return batches

    # Lines

    def _read_plain_lines(self, text: str) -> None:
        """Read printable ASCII: runs of readings wait, to be read by columns."""
        groups, number = self._groups, self.line_count
        for piece in self._pieces.findall(text + "\n"):
            opener = self._openers.get(piece[:4])
            if opener is not None and groups.mpan is not None:
                number += 1
                groups.line_number = number
                self.group_count += 1
                self._latest_waits = False
                opener(piece[:-1])
            elif piece[:4] == self._start_of_reading and isinstance(
                groups.meter, ParentGroup
            ):
                count = piece.count("\n")
                number += count
                self._waiting.append(piece)
                self._end_run(number + 1, count)
            else:
                self.line_count = number
                self._read_uncommon(piece[:-1])
                number = self.line_count
        self.line_count = number
        self._read_waiting()

    def _read_uncommon(self, piece: str) -> None:
        """Read lines one by one; a 032 or 033 among them may speak of what waits."""
        for line in piece.split("\n"):
            self.line_count += 1
            self._groups.line_number = self.line_count
            is_next = line.partition("|")[0] in self._continuations
            if is_next and self._latest_waits:
                self._open_latest()
            self._read_line(line)

    def _read_waiting(self) -> None:
        """Read what waits by columns, but for a reading that may not be complete."""
        if self._latest_waits:
            self._open_latest()
        self._read_columns(self._runs, "".join(self._waiting))
        self._runs = []
        self._waiting.clear()

    def _end_run(self, end: int, count: int) -> None:
        """Put down whose the latest waiting lines are, the last just before `end`."""
        groups = self._groups
        groups.mark_reading_seen()
        assert isinstance(groups.mpan, ParentGroup)
        assert isinstance(groups.meter, ParentGroup)
        run = groups.mpan, groups.meter, end - count, count
        self._runs.append(_new(LineRun, run))
        self._latest_waits = True
        self.group_count += count

    def _open_latest(self) -> None:
        """Read the latest waiting line by itself: 032s and 033s may follow it."""
        self._latest_waits = False
        mpan, meter, first, count = self._runs.pop()
        if count > 1:
            self._runs.append(LineRun(mpan, meter, first, count - 1))
        latest = LineRun(mpan, meter, first + count - 1, 1)
        before, line_feed, line = self._waiting.pop()[:-1].rpartition("\n")
        if before:
            self._waiting.append(before + line_feed)
        self._groups.reopen_last_reading(latest, line, self._columns.read_line(line))

    def _read_columns(self, runs: list[LineRun], text: str) -> None:
        """Read lines by columns; where one is uncommon, halve until it is alone."""
        if not text:
            return
        columns = self._columns.read(runs, text)
        if columns is not None:
            self._batches.append(columns)
            return
        lines = text.splitlines(keepends=True)  # plain text: at line feeds alone
        if len(lines) > _FEW_LINES:
            half = len(lines) // 2
            former, latter = split_runs(runs, half)
            self._read_columns(former, "".join(lines[:half]))
            self._read_columns(latter, "".join(lines[half:]))
            return
        begin = 0
        for run in runs:
            some = [line[:-1] for line in lines[begin : begin + run.line_count]]
            self._groups.read_run(run, some)
            begin += run.line_count

    def _read_lines(self, block: Block) -> None:
        """Read lines whose characters must be looked at."""
        for line in block.lines:
            self.line_count += 1
            self._groups.line_number = self.line_count
            if _NON_ASCII.search(line):
                self._say(
                    IssueCode.NON_ASCII_CHARACTER, line, "printable ASCII", line[:3]
                )
            if len(line) > LONGEST_LINE:
                self._refuse_long_line(line)
            self._read_line(line)

    def _read_line(self, line: str) -> None:
        code = line.partition("|")[0]
        action = self._groups.actions.get(code)
        if action is None and not line.strip(" "):
            return
        self._begin(code, line)
        if self.trailer_text:
            expected = "nothing after the trailer"
            self._say(
                IssueCode.DATA_AFTER_TRAILER, line, expected, grammar.TRAILER.code
            )
        elif action is not None:
            self.group_count += 1
            self._latest_waits = False
            action(line)
        elif code == grammar.HEADER.code:
            self._read_header(line)
        elif code == grammar.TRAILER.code:
            self._latest_waits = False
            self._groups.close_mpan()
            self.trailer_text, self._trailer_line_number = line, self.line_count
            record = self._envelope.read(grammar.TRAILER, line, self.line_count)
            self.trailer = cast(Trailer | None, record)
        else:
            self.group_count += 1
            known = "one of " + " ".join(self._groups.actions)
            self._say(IssueCode.UNKNOWN_GROUP, line, known, code[:3])

    def _refuse_long_line(self, line: str) -> None:
        """Report the line at which the reading of lines has ended."""
        self._begin(line.partition("|")[0], line)
        expected = f"at most {LONGEST_LINE} characters"
        self._say(IssueCode.LINE_TOO_LONG, line, expected, line[:3])
        raise _StopReading

    # The envelope

    def _begin(self, code: str, line: str) -> None:
        """Report a first line that is no header; stop at another kind of file."""
        if self._is_begun:
            return
        self._is_begun = True
        if code == grammar.HEADER.code:
            return
        expected = f"ZHV|…|{self._flow.flow_and_version}|…"
        if code in self._groups.actions or code == grammar.TRAILER.code:
            self._say(IssueCode.NO_HEADER, line, expected, grammar.HEADER.code)
            return
        if kind := envelope.guess_file_type(line):
            expected += f" (this looks like {kind})"
        self._say(IssueCode.NOT_A_FLOW_FILE, line, expected, grammar.HEADER.code)
        raise _StopReading

    def _read_header(self, line: str) -> None:
        number, code = self.line_count, grammar.HEADER.code
        # What came before is judged without it.
        self._read_waiting()
        if self.header_text:
            self._say(IssueCode.SECOND_HEADER, line, "one header, at the top", code)
            return
        self.header_text = line
        if self.lines.has_byte_order_mark:
            self._say(IssueCode.BYTE_ORDER_MARK, "", "plain ASCII", code)
        header = cast(Header | None, self._envelope.read(grammar.HEADER, line, number))
        flow_and_version = (
            line.split("|", 3)[2].strip(" ") if line.count("|") > 1 else ""
        )
        if issue := envelope.check_flow(flow_and_version, self._flow, number):
            if flow_and_version:
                self._report(issue)
            raise _StopReading
        if header is not None:
            self.header = self._groups.header = header
            for issue in envelope.check_header(header, number, self._not_after):
                self._report(issue)

    def _check_end(self, latest_line: str) -> None:
        """Report how the file ends, and what the trailer counted otherwise."""
        if not self._is_begun:
            self._report(Issue(IssueCode.EMPTY_FILE, expected="a ZHV header"))
            return
        if not self.flow_count:
            self._report(Issue(IssueCode.NO_MPAN, expected="at least one 026 group"))
        if not self.trailer_text:
            self._report(Issue(IssueCode.NO_TRAILER, expected="a ZPT trailer"))
            if not (self.lines.ends_with_newline or latest_line.endswith("|")):
                expected = "a whole line, ending with a pipe"
                self._say(IssueCode.TRUNCATED, latest_line, expected)
        elif self.trailer is not None:
            for issue in envelope.check_trailer(
                self.trailer,
                self.header,
                self._trailer_line_number,
                group_count=self.group_count,
                flow_count=self.flow_count,
            ):
                self._report(issue)

    def _say(self, code: IssueCode, found: str, expected: str, group: str = "") -> None:
        if not (group.isascii() and group.isprintable()):
            group = ""
        self._report(
            Issue(code, self.line_count, group, "", shortened(found), expected)
        )
