"""Applies the rules to one meter point."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from .history import MeterPoint
from .rows import Row
from .rules import METER_POINT_RULES, REGISTER_RULES, QualityRule, gaps


class Raised(NamedTuple):
    """What a rule says about a reading."""

    rule: QualityRule
    row: Row
    explanation: str


# The only rule of a plain register: it depends on the time, not on the readings.
_RULES_OF_PLAIN = [each for each in REGISTER_RULES if each.check is gaps.silent]


def evaluate(point: MeterPoint) -> Iterator[Raised]:
    """Yield everything that the rules raise at a meter point."""
    for meter in point.meters:
        for register in meter.registers:
            rules = _RULES_OF_PLAIN if register.is_plain else REGISTER_RULES
            for rule, check in rules:
                for row, explanation in check(register):
                    yield Raised(rule, row, explanation)
    for rule, check_point in METER_POINT_RULES:
        for row, explanation in check_point(point):
            yield Raised(rule, row, explanation)
