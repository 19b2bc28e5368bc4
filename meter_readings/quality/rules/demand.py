"""Rules about maximum-demand registers, which are never compared."""

from __future__ import annotations

from meter_readings.d0010.codes import ReasonCode
from meter_readings.models import Severity
from meter_readings.quality.history import Register

from .base import Raised, register_rule, units

_MIN_NINES = 3


@register_rule(
    "Several MD resets",
    Severity.WARNING,
    ReasonCode.SEVERAL_DEMAND_RESETS,
    condition="more than one reset since the last reading (J1013 > 1)",
)
def md_resets(register: Register) -> Raised:
    """The maximum-demand register was reset more than once since the last reading."""
    for row in register.accepted:
        if row.md_resets is not None and row.md_resets > 1:
            yield row, f"{row.md_resets} resets."


@register_rule(
    "MD zero",
    Severity.WARNING,
    ReasonCode.ZERO_DEMAND,
    condition="0.0 on a demand register",
)
def md_zero(register: Register) -> Raised:
    """The maximum demand is zero. It is not raised where the place is vacant."""
    if register.is_demand:
        point = register.meter.point
        for row in register.accepted:
            if row.value == 0 and not point.is_vacant(row.at):
                yield row, "The demand is 0.0."


@register_rule(
    "MD full scale",
    Severity.ERROR,
    ReasonCode.FULL_SCALE_DEMAND,
    condition="all nines on a demand register",
)
def md_full_scale(register: Register) -> Raised:
    """The maximum demand is the largest value that the register can show."""
    if register.is_demand:
        for row in register.accepted:
            shown = str(row.value).rstrip("0")
            if len(shown) >= _MIN_NINES and not shown.strip("9"):
                yield row, f"The demand is {units(row.value)}."
