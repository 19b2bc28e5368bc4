"""The quality rules, by code: small functions that raise readings, and why."""

from __future__ import annotations

from . import comparisons, demand, gaps, meters, values
from .base import METER_POINT_RULES, REGISTER_RULES, QualityRule

RULES: dict[str, QualityRule] = {
    rule.code: rule for rule, _ in (*REGISTER_RULES, *METER_POINT_RULES)
}

__all__ = [
    "METER_POINT_RULES",
    "REGISTER_RULES",
    "RULES",
    "QualityRule",
    "comparisons",
    "demand",
    "gaps",
    "meters",
    "values",
]
