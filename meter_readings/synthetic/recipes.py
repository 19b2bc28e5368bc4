"""The sample files by name: what each is about and which faults are in it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from datetime import date, datetime
from typing import NamedTuple

from meter_readings.d0010 import FaultCode
from meter_readings.d0010.codes import MarketRole

from . import histories, occasions, parts, premises, rounds
from .flow_files import flow_file_lines
from .parts import Part
from .times import at


class Recipe(NamedTuple):
    """One sample file: `name` without its ending, `about` in one sentence.

    `faults` are those that are in it on purpose; all but the rejected ones load.
    """

    name: str
    about: str
    lines: Callable[[], Iterator[str]]
    faults: frozenset[FaultCode] = frozenset()

    @property
    def filename(self) -> str:
        """Return the name of the file, which says what it is."""
        return f"{self.name}.uff"

    @property
    def is_rejected(self) -> bool:
        """Return whether the file is meant to be refused."""
        return self.name.startswith("rejected")


def _recipe(
    about: str,
    story: Callable[[], Iterable[Part]],
    created_at: datetime,
    *,
    from_role: MarketRole = MarketRole.NHH_DATA_COLLECTOR,
    to_role: MarketRole = MarketRole.SUPPLIER,
    faults: Iterable[FaultCode] = (),
) -> Recipe:
    """Return the recipe of a file that tells a story, named after it."""

    name = story.__name__
    identifier = parts.file_identifier(name)
    header = parts.header(identifier, created_at, from_role=from_role, to_role=to_role)
    return Recipe(
        name, about, lambda: parts.flow_file(header, story()), frozenset(faults)
    )


# Ten faults for which the whole file is refused, and two that alone would not matter.
_REFUSED = (
    FaultCode.MPAN_NOT_13_DIGITS,
    FaultCode.MPAN_CHECK_DIGIT,
    FaultCode.MISSING,
    FaultCode.UNKNOWN_CODE,
    FaultCode.NEGATIVE,
    FaultCode.NOT_A_NUMBER,
    FaultCode.NOT_A_TIME,
    FaultCode.READ_IN_FUTURE,
    FaultCode.NOT_A_TRUTH,
    FaultCode.ORPHAN_GROUP,
    FaultCode.UNKNOWN_GROUP,
    FaultCode.FILE_IDENTIFIER_DIFFERS,
)
_CUT_SHORT = (
    FaultCode.CUT_SHORT,
    FaultCode.NO_TRAILER,
    FaultCode.NO_PIPE_AT_END,
    FaultCode.TOO_FEW_CELLS,
    FaultCode.NOT_A_TIME,
    FaultCode.MISSING,
    FaultCode.MISSING_CODE,
)


def _rejected_faults() -> Iterator[str]:
    return flow_file_lines(
        meter_points=24,
        readings=40,
        seed=130,
        from_date=date(2026, 4, 1),
        faults=_REFUSED,
    )


def _rejected_cut_short() -> Iterator[str]:
    return flow_file_lines(
        meter_points=10,
        readings=20,
        seed=131,
        from_date=date(2026, 4, 1),
        faults=[FaultCode.CUT_SHORT],
    )


_ALL = (
    _recipe(
        "Readings taken in the nights when the clocks change.",
        occasions.clock_change,
        at(2026, 4, 2, 6, 15),
        faults=[FaultCode.AMBIGUOUS_TIME, FaultCode.NONEXISTENT_TIME],
    ),
    _recipe(
        "Shops and offices: day, night and weekend, and maximum demand.",
        premises.commercial,
        at(2026, 3, 20, 6, 15),
    ),
    _recipe(
        "Homes with a cheaper night: two registers under various names.",
        premises.economy_7,
        at(2026, 3, 2, 6, 15),
    ),
    _recipe(
        "Every group of the catalogue, and the ways in which they nest.",
        occasions.every_group,
        at(2026, 4, 10, 6, 15),
    ),
    _recipe(
        "A half-hourly collector's readings, a second before midnight.",
        premises.half_hourly_reconciliation,
        at(2026, 4, 4, 6, 15),
        from_role=MarketRole.HH_DATA_COLLECTOR,
    ),
    _recipe(
        "Two years of six meter points begin: estimates, one too high, and no access.",
        histories.history_2025_10_first_year,
        at(2025, 10, 30, 6, 15),
    ),
    _recipe(
        "A meter exchanged, one that passes 99999.9, one that stands still.",
        histories.history_2026_08_second_year,
        at(2026, 8, 28, 6, 15),
    ),
    _recipe(
        "A month's round of the six, with three wrong readings.",
        histories.history_2026_09_round,
        at(2026, 9, 24, 6, 15),
    ),
    _recipe(
        "What became of the three: modified, withdrawn and replaced, failed.",
        histories.history_2026_10_corrections,
        at(2026, 10, 6, 6, 15),
    ),
    _recipe(
        "The latest round of the six; some readings of the month before come again.",
        histories.history_2026_10_round,
        at(2026, 10, 22, 6, 15),
    ),
    _recipe(
        "Readings that load with a warning each, under a mistyped MPAN among others.",
        histories.history_2026_10_warnings,
        at(2026, 10, 28, 6, 15),
        faults=[
            FaultCode.MPAN_CHECK_DIGIT,
            FaultCode.NOT_MIDNIGHT,
            FaultCode.SUSPECT_WITHOUT_RESULT,
            FaultCode.MD_RESET_INCOMPLETE,
        ],
    ),
    _recipe(
        "Factories whose maximum demand is reset every month.",
        premises.industrial_maximum_demand,
        at(2026, 4, 7, 6, 15),
    ),
    _recipe(
        "Meters exchanged: the old one's last reading, the new one's first.",
        rounds.meter_exchange,
        at(2026, 6, 26, 6, 15),
    ),
    _recipe(
        "Token meters, collected electronically.",
        premises.prepayment,
        at(2026, 4, 16, 6, 15),
    ),
    _recipe(
        "Meters of many makes, and the least and the most that they can show.",
        occasions.register_showcase,
        at(2026, 1, 16, 6, 15),
    ),
    Recipe(
        "rejected_cut_short",
        "A file that ends in the middle of a line.",
        _rejected_cut_short,
        frozenset(_CUT_SHORT),
    ),
    Recipe(
        "rejected_faults",
        "A file with a dozen different faults.",
        _rejected_faults,
        frozenset(_REFUSED),
    ),
    _recipe(
        "Homes with smart meters, read from afar every week.",
        premises.residential_smart,
        at(2026, 4, 23, 6, 15),
        from_role=MarketRole.SUPPLIER,
        to_role=MarketRole.NHH_DATA_COLLECTOR,
    ),
    _recipe(
        "Thirteen months of twelve meter points of the routine round.",
        rounds.routine_history,
        at(2026, 5, 1, 6, 15),
    ),
    _recipe(
        "A month's round of two hundred meter points.",
        rounds.routine_round,
        at(2026, 6, 1, 6, 15),
    ),
    _recipe(
        "What became of the round: withdrawn, modified, validated, failed, accepted.",
        rounds.routine_round_corrections,
        at(2026, 6, 15, 6, 15),
    ),
    _recipe(
        "Three meters, read every half hour of a day.",
        occasions.several_readings_a_day,
        at(2026, 5, 7, 6, 15),
    ),
    _recipe(
        "Cafés and workshops: whatever can happen on a round.",
        premises.small_business,
        at(2026, 5, 22, 6, 15),
    ),
)

RECIPES = {recipe.name: recipe for recipe in _ALL}
