"""Bulk reader of register readings: reads all 030 lines of a block by column.

Nearly every line of a D0010 is a 030, and most texts of its fields recur: register,
time, flag, method. The bulk reader splits many lines in one step and reads each
distinct text, or each form of number and time, once. The issues of a text are reported
for all lines that have it. So a line with an issue takes longer than others, and the
lines beside it do not.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Sequence
from itertools import repeat
from typing import NamedTuple

from meter_readings.d0010.grammar import Group
from meter_readings.d0010.issues import IssueCode, RepeatedIssue
from meter_readings.d0010.record_reader import fit_fields, truncate_for_display
from meter_readings.d0010.records import Entry, ValidationResult

from .block import Columns, LineRun, ReadingBatch, ReadingBlock
from .columns import TextIssues, columns_of
from .rules import FieldIssue, LineIssue, ReadingRules

# Columns cannot tell such a 032 from none.
_EMPTY_RESULT = ValidationResult("", None)

type ReportRepeated = Callable[[RepeatedIssue], None]


class BulkRead(NamedTuple):
    """The readings of a block, most of them in a batch.

    `invalid` are the line numbers of the readings that cannot be loaded.
    """

    batch: ReadingBatch | None
    entries: list[Entry]
    invalid: set[int]


class BulkReadingReader:
    """Buffers 030 lines and reads them by column.

    The lines consist of printable ASCII characters, and each ends with a line feed.
    """

    def __init__(
        self, group: Group, rules: ReadingRules, report: ReportRepeated
    ) -> None:
        self._group = group
        self._rules = rules
        self._report = report
        self._columns = columns_of(group, rules)
        self._read_value = tuple(column.read_value for column in self._columns)
        self._width = len(group.fields) + 1
        self._runs: list[LineRun] = []
        self._texts: list[str] = []
        # The 032 of a reading, by its line number
        self._results: dict[int, ValidationResult] = {}

    def forget(self) -> None:
        """Forget all texts, because the rules have changed."""
        for column in self._columns:
            column.forget()

    def feed(self, run: LineRun, text: str) -> None:
        """Buffer the lines of a run."""
        self._runs.append(run)
        self._texts.append(text)

    def add_result(self, line_number: int, result: ValidationResult) -> None:
        """Add the only 032 of a buffered reading, which is not the last one."""
        self._results[line_number] = result

    def take_last_line(self) -> tuple[LineRun, str]:
        """Remove the last line from the buffer, and return it without its line feed."""
        mpan, meter, first, count = self._runs.pop()
        if count > 1:
            self._runs.append(LineRun(mpan, meter, first, count - 1))
        before, line_feed, line = self._texts.pop()[:-1].rpartition("\n")
        if before:
            self._texts.append(before + line_feed)
        return LineRun(mpan, meter, first + count - 1, 1), line

    def flush(self) -> BulkRead:
        """Empty the buffer: read its lines, and report their issues."""
        runs, texts = self._runs, self._texts
        self._runs, self._texts = [], []
        if not runs:
            return BulkRead(None, [], set())
        columns, invalid_lines = self._split(texts), set[int]()
        if not columns:
            counts = map(str.count, texts, repeat("|"))
            uneven = [
                index
                for index, (run, count) in enumerate(zip(runs, counts, strict=True))
                if count != run.line_count * self._width
            ]
            invalid_lines = self._fit_lines(runs, texts, uneven)
            columns = self._split(texts)
        if not columns:
            # A run has lines with too many fields and lines with too few.
            invalid_lines |= self._fit_lines(runs, texts, range(len(runs)))
            columns = self._split(texts)
        block = ReadingBlock(runs, columns)
        return self._read(block, block.rows_of(invalid_lines))

    def _split(self, texts: Iterable[str]) -> Columns:
        """Return the texts by field; none if a line has too many or too few fields."""
        width, text = self._width, "".join(texts)
        if text.count("|") != text.count("\n") * width:
            return []
        cells = text.split("|")
        # Each line has `width` pipes if its line feed is before its code.
        codes = {"\n" + cells[0], *cells[width:-1:width]}
        if codes != {"\n" + self._group.code} or cells[-1] != "\n":
            return []
        return [cells[index::width] for index in range(1, width)]

    def _fit_lines(
        self, runs: Sequence[LineRun], texts: list[str], indexes: Iterable[int]
    ) -> set[int]:
        """Change the lines of some runs so that each has the right number of fields.

        The issues of the lines that are changed are reported. Return the numbers of
        those that are invalid.
        """
        code, width = self._group.code, self._width
        invalid_lines = set[int]()
        found: defaultdict[tuple[IssueCode, str], dict[int, str]] = defaultdict(dict)
        for index in indexes:
            lines = texts[index][:-1].split("\n")
            for row, line in enumerate(lines):
                if line.count("|") == width and line[-1] == "|":
                    continue
                cells, issues, is_valid = fit_fields(line, width - 1)
                number = runs[index].line_number + row
                for issue, text, expected in issues:
                    found[issue, expected][number] = truncate_for_display(text)
                if not is_valid:
                    invalid_lines.add(number)
                lines[row] = "|".join((code, *cells, ""))
            texts[index] = "\n".join((*lines, ""))
        for (issue, expected), texts_found in found.items():
            numbers, shown = [*texts_found], [*texts_found.values()]
            self._report(RepeatedIssue(issue, numbers, code, "", shown, expected))
        return invalid_lines

    def _read(self, block: ReadingBlock, invalid: set[int]) -> BulkRead:
        """Report the issues of a block; return its readings.

        `invalid` are the rows of invalid lines, to which those of invalid texts and of
        readings in the future are added.
        """
        results, self._results = self._results, {}
        # Readings that become entries: their columns do not say all of them.
        as_entries = block.rows_of(
            number for number, result in results.items() if result == _EMPTY_RESULT
        )
        future = self._report_text_issues(block, invalid, as_entries)
        issues = self._rules.md_reset_issues(block.columns)
        self._report_line_issues(block, issues, invalid)
        invalid |= future
        with_result = block.rows_of(results)
        issues = self._rules.flag_issues(block.columns, with_result)
        self._report_line_issues(block, issues, invalid)
        invalid_lines = block.line_numbers_of(invalid)
        taken_lines = block.line_numbers_of(as_entries - invalid)
        readings, _ = block.split(invalid_lines)
        rest, taken = readings.split(taken_lines)
        batch = self._batch(rest, results, invalid_lines | taken_lines)
        entries = [*self._batch(taken, results).entries()]
        return BulkRead(batch if rest.runs else None, entries, invalid_lines)

    def _batch(
        self,
        block: ReadingBlock,
        results: dict[int, ValidationResult],
        lines_left_out: Collection[int] = (),
    ) -> ReadingBatch:
        of_batch = {
            number: result
            for number, result in results.items()
            if number not in lines_left_out
        }
        code, read_value = self._group.code, self._read_value
        return ReadingBatch(code, block.runs, block.columns, read_value, of_batch)

    def _report_text_issues(
        self, block: ReadingBlock, invalid: set[int], as_entries: set[int]
    ) -> set[int]:
        """Report the issues of the texts; return the rows in the future.

        The rows of invalid texts are added to `invalid`, those of times that do not
        exist to `as_entries`.
        """
        columns = zip(self._columns, block.columns, strict=True)
        found = [
            (index, issues, rows)
            for index, (column, texts) in enumerate(columns)
            for issues, rows in column.rows_by_issues(texts).items()
        ]
        future: set[int] = set()
        for _, issues, rows in found:
            if not issues.is_valid:
                invalid.update(rows)
            if issues.has(IssueCode.READ_IN_FUTURE):
                future.update(rows)
            if issues.has(IssueCode.NONEXISTENT_TIME):
                as_entries.update(rows)
        for index, issues, rows in found:
            self._report_issues_of_rows(block, index, issues, rows, invalid)
        return future

    def _report_issues_of_rows(
        self,
        block: ReadingBlock,
        index: int,
        issues: TextIssues,
        rows: list[int],
        invalid: set[int],
    ) -> None:
        """Report the issues of texts of a field, and make the texts canonical.

        No rule applies to the rows that are `invalid`.
        """
        texts, canonical = block.columns[index], issues.canonical
        for issue in issues.issues:
            self._report_rows(block, index, issue, rows, shows_text=canonical is None)
        for issue in issues.rule_issues:
            exempt = self._rules.exempt_reading_type(issue.code)
            types = block.reading_types
            valid = [r for r in rows if types[r] != exempt and r not in invalid]
            self._report_rows(block, index, issue, valid, shows_text=canonical is None)
        if canonical is not None:
            for row in rows:
                texts[row] = canonical

    def _report_line_issues(
        self, block: ReadingBlock, issues: Iterable[LineIssue], invalid: set[int]
    ) -> None:
        """Report issues, but not of the rows that are `invalid`."""
        for index, issue, rows in issues:
            valid = [row for row in rows if row not in invalid]
            self._report_rows(block, index, issue, valid)

    def _report_rows(
        self,
        block: ReadingBlock,
        index: int,
        issue: FieldIssue,
        rows: list[int],
        *,
        shows_text: bool = False,
    ) -> None:
        """Report an issue of a field; `shows_text`: what was found is the text."""
        if rows:
            texts, numbers = block.columns[index], block.line_numbers
            found = (
                [*map(texts.__getitem__, rows)]
                if shows_text
                else [issue.found] * len(rows)
            )
            self._report(
                RepeatedIssue(
                    issue.code,
                    [*map(numbers.__getitem__, rows)],
                    self._group.code,
                    str(self._group.fields[index]),
                    found,
                    issue.expected,
                )
            )
