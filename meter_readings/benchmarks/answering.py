"""The API benchmark: how long answers take, how exports compare, what a crowd gets."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import ExitStack

from .comparing import Measured, comparison, fewest
from .crowds import asked_by_all
from .filling import Tell, filled
from .serving import served
from .throwaway import Throwaway

_MOST_TIMES, _MOST_TIMES_RAW = 1.5, 4
_TIMES_A_ROUND = 3


class ApiBenchmark:
    """Measures the API of one database at two sizes, and tells it as a table.

    `clients` ask the larger one all at once; there may be none.
    """

    def __init__(
        self,
        *,
        vendor: str,
        small: int,
        large: int,
        rounds: int,
        clients: int,
        tell: Tell,
    ) -> None:
        self._vendor = vendor
        self._sizes = (small, large)
        self._rounds = rounds
        self._clients = clients
        self._tell = tell

    def table(self) -> Iterator[str]:
        """Yield the lines of the table."""
        yield f"{self._vendor}, best of {self._rounds} rounds"
        with ExitStack() as stack:
            small, large = [
                stack.enter_context(
                    filled(vendor=self._vendor, readings=readings, tell=self._tell)
                )
                for readings in self._sizes
            ]
            yield from self._resources([small, large])
            yield from self._exports(large)
            yield from self._memory([small, large])
            yield from crowd_lines(
                database=large, clients=self._clients, tell=self._tell
            )

    def _resources(self, databases: list[Throwaway]) -> Iterator[str]:
        """Yield how long answers take. The two sizes alternate, round by round."""
        measured: list[list[Measured]] = [[] for _ in databases]
        for number in range(self._rounds):
            self._tell(f"Asking the API, round {number + 1}")
            for database, found in zip(databases, measured, strict=True):
                found.append(database.step("resources", rounds=_TIMES_A_ROUND))
        yield from comparison(
            columns=[f"{size:,}" for size in self._sizes],
            measured=[*map(fewest, measured)],
            most_times=_MOST_TIMES,
        )
        yield f"Wanted: at most {_MOST_TIMES} times as long; as many queries"
        yield ""

    def _memory(self, databases: list[Throwaway]) -> Iterator[str]:
        for size, database in zip(self._sizes, databases, strict=True):
            peak = database.step("export")["peak"]
            yield f"Peak memory of {size:>11,} readings as CSV {peak:>7.0f} MB"

    def _exports(self, database: Throwaway) -> Iterator[str]:
        self._tell("Sending all readings as CSV")
        seconds = database.step("exports", rounds=self._rounds)
        ratio = seconds["export"] / seconds["raw"]
        yield (
            f"CSV, against the driver's cursor and csv.writer {ratio:>6.2f}"
            f" {seconds['export']:>8.2f} s  at most {_MOST_TIMES_RAW}"
        )


def crowd_lines(*, database: Throwaway, clients: int, tell: Tell) -> Iterator[str]:
    """Yield what so many clients are answered that ask gunicorn all at once."""
    if not clients:
        return
    yield ""
    tell(f"Letting {clients} clients ask at once")
    headers = database.step("known")
    addresses = database.step("questions")["addresses"]
    with (
        tempfile.TemporaryFile() as log,
        served(database.environment, log=log) as port,
    ):
        answers = asked_by_all(
            port=port, clients=clients, addresses=addresses, headers=headers
        )
    yield f"{clients} clients at once, {len(addresses)} requests each"
    yield from answers.told()
