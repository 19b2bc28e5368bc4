"""The page benchmark: how long every page takes with few readings and with many."""

from __future__ import annotations

from collections.abc import Iterator

from .comparing import Measured, comparison
from .filling import Tell, filled
from .pages import FURTHER

_MOST_TIMES = 3


class PageBenchmark:
    """Measures the pages of one database at two sizes, and tells them as a table."""

    def __init__(
        self, *, vendor: str, small: int, large: int, rounds: int, tell: Tell
    ) -> None:
        self._vendor = vendor
        self._sizes = (small, large)
        self._rounds = rounds
        self._tell = tell

    def table(self) -> Iterator[str]:
        """Yield the lines of the table."""
        yield f"{self._vendor}, best of {self._rounds} rounds"
        measured = [self._pages(size) for size in self._sizes]
        yield from comparison(
            columns=[f"{size:,}" for size in self._sizes],
            measured=measured,
            most_times=_MOST_TIMES,
            by_choice=(FURTHER,),
        )
        yield f"Wanted: at most {_MOST_TIMES} times as long, but for what is by choice"

    def _pages(self, readings: int) -> Measured:
        """Return what each page takes with so many readings."""
        with filled(
            vendor=self._vendor, readings=readings, tell=self._tell
        ) as database:
            self._tell(f"Looking at pages with {readings:,} readings")
            return database.step("pages", rounds=self._rounds)
