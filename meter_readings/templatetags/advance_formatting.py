"""How advances look on every page."""

from __future__ import annotations

from decimal import Decimal

from django import template

from meter_readings.queries.advances import Left

from .formatting import register_reading

register = template.Library()

_MINUS = "\N{MINUS SIGN}"

_WHY_LEFT_OUT = {
    Left.NOT_CURRENT_Q: "Does not count",
    Left.DEMAND: "Demand",
    Left.NOT_FOR_CONSUMPTION: "Not for consumption",
    Left.SUSPECT: "Suspect, not compared",
    None: "None before it",
}


@register.filter
def units(number: Decimal) -> str:
    """Return register units as a reading is shown, with a minus where they are less."""
    shown = register_reading(abs(number))
    return _MINUS + shown if number < 0 else shown


@register.filter
def why_none(left: Left | None) -> str:
    """Return why there is no advance to a reading."""
    return _WHY_LEFT_OUT[left]
