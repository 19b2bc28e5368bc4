"""What a user may enter: the rules of the import policies for a single reading."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import NamedTuple

from meter_readings.d0010 import LONDON, codes
from meter_readings.d0010.field_types import YEARS
from meter_readings.models import VALUE_DIGITS, VALUE_PLACES, Reading

_VALUE_LIMIT = Decimal(10) ** (VALUE_DIGITS - VALUE_PLACES)

# The separator of a flow file cannot be written in a field of one.
_SEPARATOR = "|"


class InvalidCorrection(ValueError):
    """What a user entered is not possible; the message says what to do instead.

    `field` is the field to change; "" if it is none of them.
    """

    def __init__(self, message: str, field: str = "") -> None:
        super().__init__(message)
        self.field = field


class ReadingValues(NamedTuple):
    """What a user states about a reading."""

    register_id: str
    read_at: datetime
    value: Decimal
    is_valid: bool


def require_reason(reason: str) -> str:
    """Return the reason without spaces around it; raise InvalidCorrection for none."""
    text = reason.strip()
    if not text:
        raise InvalidCorrection("Give a reason.", "reason")
    return text


def require_possible(values: ReadingValues, now: datetime) -> None:
    """Raise InvalidCorrection for values that no import would accept."""
    value = values.value
    exponent = value.as_tuple().exponent
    if not value.is_finite() or value < 0:
        raise InvalidCorrection("A reading is not negative.", "value")
    if value >= _VALUE_LIMIT or not isinstance(exponent, int):
        raise InvalidCorrection("A reading has at most 9 digits.", "value")
    if exponent < -VALUE_PLACES:
        raise InvalidCorrection("A reading has at most 3 decimals.", "value")
    register_id = values.register_id
    if (
        not 1 <= len(register_id) <= 2
        or not register_id.isprintable()
        or register_id != register_id.strip()
        or _SEPARATOR in register_id
    ):
        raise InvalidCorrection("A register has one or two characters.", "register_id")
    if values.read_at > now:
        raise InvalidCorrection("The time is in the future.", "read_at")
    if values.read_at.astimezone(LONDON).year not in YEARS:
        raise InvalidCorrection(
            f"The year is before {YEARS.start} or after {YEARS.stop - 1}.", "read_at"
        )


def require_type(reading_type: str) -> None:
    """Raise InvalidCorrection for a type that a user cannot give to a reading."""
    withdrawn = codes.ReadingType.WITHDRAWN
    if reading_type == withdrawn or reading_type not in codes.ReadingType:
        raise InvalidCorrection("Choose a reading type.", "reading_type")


def require_change(reading: Reading, values: ReadingValues) -> None:
    """Raise InvalidCorrection if the values are those of the reading."""
    same = ReadingValues(
        reading.register_id, reading.read_at, reading.value, not reading.is_suspect
    )
    if values == same:
        raise InvalidCorrection("Nothing differs from the current reading.")
