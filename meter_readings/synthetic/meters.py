"""Made-up meter points and meters: right in form, and nobody's.

Every number follows from a seed and an index, by integer arithmetic alone, so that
it is the same on every machine and in every version of Python.
"""

from __future__ import annotations

from typing import NamedTuple

from meter_readings.d0010.mpan import check_digit

from .times import AVERAGE_DAY

# Distributor ids 10 to 23 are the regional ones (J0003).
_FIRST_DISTRIBUTOR, _DISTRIBUTORS = 10, 14

# What stands after the distributor id in every synthetic MPAN, and in no real one.
SYNTHETIC_MARK = "99"

# Each seed has so many meter points of its own; then the seeds begin anew.
METER_POINTS_A_SEED = 10_000_000
_SEEDS = _DISTRIBUTORS * 10

# A second meter at the same meter point, after an exchange.
_NEW_METER = METER_POINTS_A_SEED // 2

# Five digits and one decimal: where a register goes back to zero, in tenths.
_FULL_SCALE = 1_000_000
_HIGHEST_START = 300_000

_SIXTY_FOUR_BITS = (1 << 64) - 1


class Kind(NamedTuple):
    """A kind of meter: its registers (J0010) and what it uses in tenths of a kWh a day.

    `demand_registers` hold a highest demand, in tenths of a kW, and are reset.
    """

    registers: tuple[str, ...]
    demand_registers: tuple[str, ...] = ()
    daily_usage: int = 80

    @property
    def register_count(self) -> int:
        """Return how many readings one visit to such a meter brings."""
        return len(self.registers) + len(self.demand_registers)


class Register(NamedTuple):
    """One register of one meter: where it stood in 2024 and what a day adds.

    `start` and `daily_usage` are in tenths, the smallest step of a reading (J0040).
    """

    register_id: str
    is_demand: bool
    start: int
    daily_usage: int

    def value_at(self, usage: int) -> int:
        """Return the reading, in tenths, when the year's usage is so far on."""
        if self.is_demand:
            # An average hour's use three to four times over, as peaks are.
            return self.daily_usage * (100 + usage // 1440 % 41) // 800
        return (self.start + self.daily_usage * usage // AVERAGE_DAY) % _FULL_SCALE


class Meter(NamedTuple):
    """One meter at one meter point; `chance` is a number from which to choose."""

    mpan_core: str
    meter_id: str
    registers: list[Register]
    chance: int


def scattered(seed: int, index: int) -> int:
    """Return 64 bits that look like chance and are always the same for the same two."""
    bits = (seed * 0x9E3779B97F4A7C15 + index * 0xD1B54A32D192ED03) & _SIXTY_FOUR_BITS
    bits = ((bits ^ (bits >> 30)) * 0xBF58476D1CE4E5B9) & _SIXTY_FOUR_BITS
    bits = ((bits ^ (bits >> 27)) * 0x94D049BB133111EB) & _SIXTY_FOUR_BITS
    return bits ^ (bits >> 31)


def mpan_core(*, seed: int, index: int) -> str:
    """Return the MPAN core (J0003) of a synthetic meter point.

    Two digits of distributor, the synthetic mark, eight digits, the check digit.
    """
    ordinal = seed % _SEEDS * METER_POINTS_A_SEED + index
    number, distributor = divmod(ordinal, _DISTRIBUTORS)
    digits = f"{_FIRST_DISTRIBUTOR + distributor}{SYNTHETIC_MARK}{number:08d}"
    return digits + check_digit(digits)


def is_synthetic(mpan: str) -> bool:
    """Return whether an MPAN core is one of those that are made here."""
    distributor, mark = mpan[:2], mpan[2:4]
    regional = range(_FIRST_DISTRIBUTOR, _FIRST_DISTRIBUTOR + _DISTRIBUTORS)
    return mark == SYNTHETIC_MARK and distributor in map(str, regional)


def meter_id(*, seed: int, index: int) -> str:
    """Return the serial number (J0004) of a synthetic meter: unique, ten characters.

    A third of them have a space inside, as real ones do.
    """
    first, second = divmod(seed % _SEEDS, 26)
    space = "" if index % 3 else " "
    return f"{chr(65 + first)}{chr(65 + second)}{space}{index:07d}"


def meter(*, seed: int, index: int, kind: Kind, is_new: bool = False) -> Meter:
    """Return the synthetic meter of a meter point, or the one fitted after it."""
    chance = scattered(seed, index + _NEW_METER if is_new else index)
    cumulative = [(register_id, False) for register_id in kind.registers]
    demand = [(register_id, True) for register_id in kind.demand_registers]
    registers = []
    bits = chance
    for register_id, is_demand in cumulative + demand:
        bits = scattered(bits, 1)
        start = bits % _HIGHEST_START
        # From half of what its kind uses to one and a half times that.
        usage = kind.daily_usage * (50 + (bits >> 32) % 100) // 100
        registers.append(Register(register_id, is_demand, start, usage))
    return Meter(
        mpan_core(seed=seed, index=index),
        meter_id(seed=seed, index=index + _NEW_METER if is_new else index),
        registers,
        chance,
    )
