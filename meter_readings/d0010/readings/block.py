"""Reading block: the 030 lines of one block, by column."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Collection, Iterable, Iterator
from functools import cached_property
from itertools import chain, compress, repeat
from typing import Any, NamedTuple

from meter_readings.d0010.records import (
    Entry,
    MeterReadingType,
    MpanCore,
    ParentGroup,
    RegisterReading,
    ValidationResult,
)

type Columns = list[list[str]]
type ReadValue = Callable[[str], Any]


class LineRun(NamedTuple):
    """Consecutive 030 lines of one meter: the first line number and the count."""

    mpan: ParentGroup[MpanCore]
    meter: ParentGroup[MeterReadingType]
    line_number: int
    line_count: int

    @property
    def line_numbers(self) -> range:
        return range(self.line_number, self.line_number + self.line_count)


class ReadingBatch(NamedTuple):
    """Readings in file order; none has several 032s, or an empty one.

    `runs` are the meters they belong to. `columns` are the texts of the fields in the
    order of the grammar, one list for each field, without spaces around them.
    `read_value` are functions that return the value of a text, one for each field.
    `results` are the 032s of some readings, by the line number of the reading.
    """

    group: str
    runs: list[LineRun]
    columns: Columns
    read_value: tuple[ReadValue, ...]
    results: dict[int, ValidationResult]

    @property
    def line_count(self) -> int:
        return len(self.columns[0])

    def entries(self) -> Iterator[Entry]:
        """Yield the readings as the grammar would have read them."""
        columns = [
            map(read_value, texts)
            for read_value, texts in zip(self.read_value, self.columns, strict=True)
        ]
        records = map(RegisterReading._make, zip(*columns, strict=True))
        results = self.results
        for run in self.runs:
            for number in run.line_numbers:
                result = (results[number],) if number in results else ()
                record = next(records)
                yield Entry(number, self.group, record, run.mpan, run.meter, result)


class ReadingBlock:
    """The texts of the fields of many lines, and the runs that the lines belong to.

    A row is the index of a line in the block.
    """

    def __init__(self, runs: list[LineRun], columns: Columns) -> None:
        self.runs = runs
        self.columns = columns

    @cached_property
    def line_numbers(self) -> list[int]:
        return [*chain.from_iterable(run.line_numbers for run in self.runs)]

    @cached_property
    def reading_types(self) -> list[str]:
        """The reading type (J0171) of the meter of each line."""
        return [
            *chain.from_iterable(
                repeat(run.meter.record.reading_type, run.line_count)
                for run in self.runs
            )
        ]

    def rows_of(self, line_numbers: Iterable[int]) -> set[int]:
        """Return the rows of lines of the block."""
        return {bisect_left(self.line_numbers, number) for number in line_numbers}

    def line_numbers_of(self, rows: Iterable[int]) -> set[int]:
        """Return the line numbers of rows."""
        return {self.line_numbers[row] for row in rows}

    def split(self, line_numbers: Collection[int]) -> tuple[ReadingBlock, ReadingBlock]:
        """Return the block without these lines, and a block of these lines."""
        if not line_numbers:
            return self, ReadingBlock([], [[] for _ in self.columns])
        is_taken = [number in line_numbers for number in self.line_numbers]
        is_kept = [not each for each in is_taken]
        kept, taken = split_runs(self.runs, line_numbers)
        return (
            ReadingBlock(kept, [[*compress(each, is_kept)] for each in self.columns]),
            ReadingBlock(taken, [[*compress(each, is_taken)] for each in self.columns]),
        )


def split_runs(
    runs: Iterable[LineRun], line_numbers: Collection[int]
) -> tuple[list[LineRun], list[LineRun]]:
    """Return the runs without these lines, and one run for each of these lines."""
    kept, taken = [], []
    numbers = sorted(line_numbers, reverse=True)
    for run in runs:
        mpan, meter, first, count = run
        end = first + count
        if not numbers or numbers[-1] >= end:
            kept.append(run)
            continue
        while numbers and numbers[-1] < end:
            number = numbers.pop()
            if first < number:
                kept.append(LineRun(mpan, meter, first, number - first))
            taken.append(LineRun(mpan, meter, number, 1))
            first = number + 1
        if first < end:
            kept.append(LineRun(mpan, meter, first, end - first))
    return kept, taken
