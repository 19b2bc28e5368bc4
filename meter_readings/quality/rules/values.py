"""Rules about values that no register shows: they are removed before comparing."""

from __future__ import annotations

from meter_readings.d0010.codes import ReasonCode
from meter_readings.models import Severity
from meter_readings.quality.history import ERROR_CODES, Register

from .base import Raised, register_rule, units


@register_rule(
    "Error code as value",
    Severity.ERROR,
    None,
    condition="value 4294967.295 or 2147483.647, also with one decimal (SMETS)",
)
def error_code(register: Register) -> Raised:
    """The value is an error code that smart meters send when they have no value."""
    for row in register.accepted:
        if row.value in ERROR_CODES:
            yield row, f"{units(row.value)} is an error code."


@register_rule(
    "Too many digits",
    Severity.ERROR,
    ReasonCode.DIGITS_INCORRECT,
    condition="more integer digits than the register has (J0478)",
)
def digits(register: Register) -> Raised:
    """The value has more digits than the register.

    A D0010 does not state the number of digits: the value has more than any meter, or
    more than the reading before it, which no usual advance explains.
    """
    for row in register.accepted:
        if row.value not in ERROR_CODES and register.has_too_many_digits(row):
            limit = register.thresholds.max_digits
            yield row, f"{units(row.value)} has more than {limit} digits."
    for earlier, row in register.compared.too_wide:
        yield row, f"{units(row.value)} after {units(earlier.value)} has a digit more."
