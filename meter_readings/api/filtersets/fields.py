"""Form fields that read the values of query parameters.

Their errors never repeat a value, which may be an MPAN.
"""

from __future__ import annotations

import re
from collections.abc import Collection
from datetime import UTC, date, datetime, timedelta
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.core.validators import (
    MaxValueValidator,
    MinValueValidator,
    RegexValidator,
)

from meter_readings.api.query_parameters import MAX_ID
from meter_readings.d0010 import LONDON, YEARS, codes, midnight, mpan

MAX_MPANS = 200

_INVALID_MPAN = "An MPAN has 13 digits."
_MPAN = re.compile("[0-9]{13}")
_DIGITS = re.compile("[0-9]{1,19}")
_VALUE = re.compile(r"[0-9]+(\.[0-9]+)?")
_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
# A plus sign that was not percent-encoded arrives as a space.
_TIME = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}[T ][0-9]{2}:[0-9]{2}(:[0-9]{2}(\.[0-9]{1,6})?)?"
    r"(Z|[+ -][0-9]{2}:[0-9]{2})?"
)


class MpanField(forms.CharField):
    """A whole MPAN, with or without spaces."""

    default_validators = [RegexValidator(r"\A[0-9]{13}\Z", _INVALID_MPAN)]

    def to_python(self, value: Any) -> str:
        """Return the digits alone."""
        return mpan.normalise_mpan(super().to_python(value) or "")


class _RepeatedInput(forms.TextInput):
    """Reads a list whose values are separated by commas, repeated, or both."""

    def value_from_datadict(self, data: Any, files: Any, name: str) -> str | None:
        return ",".join(data.getlist(name)) or None


class MpanListField(forms.CharField):
    """Whole MPANs, separated by commas or repeated, each with or without spaces."""

    widget = _RepeatedInput

    def clean(self, value: Any) -> list[str]:
        """Return the MPANs without repetitions."""
        mpans = dict.fromkeys(map(mpan.normalise_mpan, super().clean(value).split(",")))
        if not all(map(_MPAN.fullmatch, mpans)):
            raise ValidationError(_INVALID_MPAN, code="invalid")
        if len(mpans) > MAX_MPANS:
            message = f"Give {MAX_MPANS} MPANs at most."
            raise ValidationError(message, code="too_many")
        return list(mpans)


class ReadingTypeField(forms.CharField):
    """A reading type, which is one letter."""

    def to_python(self, value: Any) -> str:
        text: str = super().to_python(value) or ""
        basis = text.lower()
        if basis in {choice for choice, _ in codes.Basis.choices()}:
            message = f"A reading type is a letter. For this, use basis={basis}."
            raise ValidationError(message, code="basis")
        return text


class Sha256Field(forms.CharField):
    """A SHA-256 in hexadecimal digits, in either case."""

    default_validators = [
        RegexValidator(r"\A[0-9a-f]{64}\Z", "Give 64 hexadecimal digits.")
    ]

    def to_python(self, value: Any) -> str:
        """Return the digits in lower case."""
        return (super().to_python(value) or "").lower()


class IdField(forms.IntegerField):
    """Digits alone; IntegerField also accepts `+1` and `1.0`."""

    default_validators = [MinValueValidator(1), MaxValueValidator(MAX_ID)]

    def to_python(self, value: Any) -> int | None:
        return super().to_python(_matching(_DIGITS, value, self))


class ValueField(forms.DecimalField):
    """Digits with a decimal point at most; DecimalField also accepts `1e3`."""

    def to_python(self, value: Any) -> Any:
        return super().to_python(_matching(_VALUE, value, self))


def _matching(pattern: re.Pattern[str], value: Any, field: forms.Field) -> Any:
    """Return the value; raises ValidationError if it is text that does not match."""
    if value not in field.empty_values and not pattern.fullmatch(value):
        raise ValidationError(field.error_messages["invalid"], code="invalid")
    return value


class RangeForm(forms.Form):
    """A form that rejects ranges whose end is before their start."""

    def clean(self) -> dict[str, Any]:
        values = super().clean() or {}
        for name, end in [*values.items()]:
            start_name = _start_name(name)
            start = values.get(start_name)
            if start is not None and end is not None and _is_reversed(start, end):
                message = f"This is before {start_name}."
                self.add_error(name, ValidationError(message, code="reversed"))
        return values


def _is_reversed(start: Any, end: Any) -> bool:
    if isinstance(start, tuple):
        return bool(end[1] <= start[0])
    return bool(end < start)


def _start_name(name: str) -> str:
    """Return the name of the filter that begins a range: date_from for date_to."""
    if name.endswith("_to"):
        return name.removesuffix("_to") + "_from"
    return name.replace("max_", "min_", 1) if name.startswith("max_") else ""


class DayField(forms.DateField):
    """A date of the years that a reading can have."""

    default_error_messages = {"invalid": "Give a date (2024-03-31)."}

    def __init__(self, **options: Any) -> None:
        super().__init__(input_formats=["%Y-%m-%d"], **options)

    def validate(self, value: Any) -> None:
        super().validate(value)
        if value is not None and value.year not in YEARS:
            message = f"Give a date from {YEARS[0]} to {YEARS[-1]}."
            raise ValidationError(message, code="invalid")


class FieldNamesField(forms.CharField):
    """Names of a serializer's fields, separated by commas or repeated."""

    widget = _RepeatedInput

    def __init__(self, *, names: Collection[str], **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self._names = names

    def clean(self, value: Any) -> list[str]:
        names = [name for name in super().clean(value).split(",") if name]
        if not set(names) <= set(self._names):
            message = f"Choose among: {', '.join(self._names)}."
            raise ValidationError(message, code="invalid")
        return names


class DateOrTimeField(forms.Field):
    """A date in the Europe/London time zone, or a time, of London without an offset.

    The value is a pair: the first moment, and the first moment after the last one.
    """

    default_error_messages = {
        "invalid": "Give a date (2024-03-31) or a time (2024-03-31T23:30:00+01:00).",
    }

    def to_python(self, value: Any) -> tuple[datetime, datetime]:
        try:
            return _interval(value)
        except ValueError as error:
            message = self.error_messages["invalid"]
            raise ValidationError(message, code="invalid") from error


def _interval(text: str) -> tuple[datetime, datetime]:
    """Return when a date or time begins and ends; raises ValueError."""
    if _DATE.fullmatch(text):
        day = _clamp_year(date.fromisoformat(text))
        return midnight(day), midnight(day + timedelta(days=1))
    if not _TIME.fullmatch(text):
        raise ValueError("This is neither a date nor a time.")
    time = _clamp_year(datetime.fromisoformat(text[:11] + text[11:].replace(" ", "+")))
    if time.tzinfo is None:
        time = time.replace(tzinfo=LONDON)
    time = time.astimezone(UTC)
    # The database stores microseconds.
    return time, time + timedelta(microseconds=1)


def _clamp_year[Day: date](day: Day) -> Day:
    """Return the date or time in a year next to those a reading can have.

    Times in the first and the last year of the calendar may not exist in UTC.
    """
    year = min(max(day.year, YEARS.start - 1), YEARS.stop)
    # 29 February does not exist in every year.
    return day if year == day.year else day.replace(year=year, day=1)
