"""Synthetic meter points and meters: well formed, and nobody's.

Every number is computed from a seed and an index by integer arithmetic, so that it is
the same on every machine and in every version of Python.
"""

from __future__ import annotations

from typing import NamedTuple

from meter_readings.d0010.mpan import check_digit

from .times import USAGE_UNITS_PER_DAY

# Distributor ids 10 to 23 are the regional ones (J0003).
_FIRST_DISTRIBUTOR, _DISTRIBUTORS = 10, 14

# Follows the distributor id in every synthetic MPAN and in no real one.
SYNTHETIC_PREFIX = "99"

# Every seed has meter points of its own; after `_SEEDS` seeds they repeat.
METER_POINTS_PER_SEED = 10_000_000
_SEEDS = _DISTRIBUTORS * 10

# A register has five digits and one decimal; this many tenths take it back to zero.
_FULL_SCALE = 1_000_000
_MAX_START = 300_000

_MASK_64_BITS = (1 << 64) - 1


class MeterProfile(NamedTuple):
    """Registers (J0010) of a kind of meter, and its usage in tenths of a kWh per day.

    `demand_registers` show a maximum demand, in tenths of a kW, and are reset.
    """

    registers: tuple[str, ...]
    demand_registers: tuple[str, ...] = ()
    daily_usage: int = 80

    @property
    def register_count(self) -> int:
        """Return how many readings one visit gives."""
        return len(self.registers) + len(self.demand_registers)


class Register(NamedTuple):
    """One register of one meter: its value on 1 January 2024 and its daily usage.

    `start` and `daily_usage` are in tenths, the smallest step of a reading (J0040).
    """

    register_id: str
    is_demand: bool
    start: int
    daily_usage: int

    def value_at(self, usage: int) -> int:
        """Return the reading, in tenths, at a `cumulative_usage`."""
        if self.is_demand:
            # A peak is three to four times the usage of an average hour.
            return self.daily_usage * (100 + usage // 1440 % 41) // 800
        advance = self.daily_usage * usage // USAGE_UNITS_PER_DAY
        return (self.start + advance) % _FULL_SCALE


class Meter(NamedTuple):
    """One meter at one meter point."""

    mpan_core: str
    meter_id: str
    registers: list[Register]


def hash64(seed: int, index: int) -> int:
    """Return 64 pseudo-random bits computed from two numbers (SplitMix64)."""
    bits = (seed * 0x9E3779B97F4A7C15 + index * 0xD1B54A32D192ED03) & _MASK_64_BITS
    bits = ((bits ^ (bits >> 30)) * 0xBF58476D1CE4E5B9) & _MASK_64_BITS
    bits = ((bits ^ (bits >> 27)) * 0x94D049BB133111EB) & _MASK_64_BITS
    return bits ^ (bits >> 31)


def mpan_core(*, seed: int, index: int) -> str:
    """Return the MPAN core (J0003) of a synthetic meter point.

    Two digits of distributor, the synthetic prefix, eight digits, the check digit.
    """
    ordinal = seed % _SEEDS * METER_POINTS_PER_SEED + index
    number, distributor = divmod(ordinal, _DISTRIBUTORS)
    digits = f"{_FIRST_DISTRIBUTOR + distributor}{SYNTHETIC_PREFIX}{number:08d}"
    return digits + check_digit(digits)


def meter_id(*, seed: int, index: int) -> str:
    """Return a unique serial number (J0004) of nine or ten characters.

    A third of them have a space inside, as some real ones do.
    """
    first, second = divmod(seed % _SEEDS, 26)
    space = "" if index % 3 else " "
    return f"{chr(65 + first)}{chr(65 + second)}{space}{index:07d}"


def build_meter(*, seed: int, index: int, profile: MeterProfile) -> Meter:
    """Return the synthetic meter of a meter point."""
    cumulative = [(register_id, False) for register_id in profile.registers]
    demand = [(register_id, True) for register_id in profile.demand_registers]
    registers = []
    random_bits = hash64(seed, index)
    for register_id, is_demand in cumulative + demand:
        random_bits = hash64(random_bits, 1)
        start = random_bits % _MAX_START
        # From half to one and a half times the usage of the profile.
        usage = profile.daily_usage * (50 + (random_bits >> 32) % 100) // 100
        registers.append(Register(register_id, is_demand, start, usage))
    return Meter(
        mpan_core(seed=seed, index=index),
        meter_id(seed=seed, index=index),
        registers,
    )
