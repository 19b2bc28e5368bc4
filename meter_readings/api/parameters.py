"""The types of query parameters: what each takes, refuses, and says of itself.

What is refused is named and never repeated: it may be somebody's MPAN.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any, cast

import django_filters
from django import forms
from django.core.exceptions import ValidationError
from django.core.validators import RegexValidator
from django.db.models import QuerySet
from drf_spectacular.drainage import set_override

from meter_readings.d0010 import LONDON, YEARS, midnight, mpan
from meter_readings.d0010.codes import CodeList
from meter_readings.models import VALUE_DIGITS, VALUE_PLACES

# The largest number of a row.
LARGEST_ID = 2**63 - 1
_LONGEST_SEARCH = 100
# How many meter points may be asked for at once.
MOST_MPANS = 200

_NOT_BLANK = r"^[^\x00]*[^\x00\s][^\x00]*$"
_THIRTEEN_DIGITS = re.compile("[0-9]{13}")
_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
# A plus that was not escaped has become a space.
_TIME = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}[T ][0-9]{2}:[0-9]{2}(:[0-9]{2}(\.[0-9]{1,6})?)?"
    r"(Z|[+ -][0-9]{2}:[0-9]{2})?"
)


class Parameter(django_filters.Filter):
    """Base of all: a form field, the schema of its values, and what it means."""

    field_class: type[forms.Field] = forms.CharField

    def __init__(
        self,
        meaning: str,
        column: str | None = None,
        lookup: str = "exact",
        *,
        schema: dict[str, Any],
        **field: Any,
    ) -> None:
        super().__init__(column, lookup, help_text=meaning, **field)
        set_override(self, "field", {**schema, "description": meaning})

    def filter(self, rows: QuerySet, value: Any) -> QuerySet:
        """Return the rows that match, by the query's own method where it has one."""
        by_name = getattr(self.parent, f"filter_{self.field_name}", None)
        if by_name is not None:
            return cast(QuerySet, by_name(rows, value))
        return rows.filter(**{f"{self.field_name}__{self.lookup_expr}": value})


class Text(Parameter):
    """A text as it is stored, whole."""

    def __init__(self, longest: int, meaning: str, column: str | None = None) -> None:
        schema = _text(longest)
        super().__init__(
            meaning, column, schema=schema, max_length=longest, strip=False
        )


class Search(Parameter):
    """What a person would type into a search box."""

    def __init__(self, meaning: str) -> None:
        schema = _text(_LONGEST_SEARCH)
        super().__init__(meaning, schema=schema, max_length=_LONGEST_SEARCH)


class Sha256(Parameter):
    """A whole hash, in either case."""

    def __init__(self, meaning: str) -> None:
        pattern = "^[0-9A-Fa-f]{64}$"
        super().__init__(
            meaning,
            schema={"type": "string", "pattern": pattern},
            validators=[_matches(r"[0-9A-Fa-f]{64}", "Give 64 hexadecimal digits.")],
        )

    def filter(self, rows: QuerySet, value: str) -> QuerySet:
        """Return the rows with this hash."""
        return rows.filter(sha256=value.lower())


class Mpan(Parameter):
    """A whole MPAN, spaced or not."""

    class field_class(forms.CharField):
        """Takes the spaces out."""

        def to_python(self, value: Any) -> str:
            """Return the digits alone."""
            return mpan.typed(super().to_python(value) or "")

    def __init__(self, meaning: str, column: str | None = None) -> None:
        super().__init__(
            meaning,
            column,
            schema={"type": "string", "pattern": "^[0-9]( ?[0-9]){12}$"},
            validators=[_matches("[0-9]{13}", "An MPAN has 13 digits.")],
        )


class Mpans(Parameter):
    """Whole MPANs, each spaced or not; at least one."""

    class field_class(forms.CharField):
        """Takes what stands between commas."""

        def clean(self, value: Any) -> list[str]:
            """Return the MPANs, each once."""
            numbers = dict.fromkeys(map(mpan.typed, super().clean(value).split(",")))
            if not all(map(_THIRTEEN_DIGITS.fullmatch, numbers)):
                raise ValidationError("An MPAN has 13 digits.", code="invalid")
            if len(numbers) > MOST_MPANS:
                message = f"Ask for {MOST_MPANS} at most."
                raise ValidationError(message, code="too_many")
            return list(numbers)

    def __init__(self, meaning: str) -> None:
        # Spaces are taken here too, but so many MPANs with them fit into no address.
        items = {"type": "string", "pattern": "^[0-9]{13}$"}
        limits = {"minItems": 1, "maxItems": MOST_MPANS}
        super().__init__(
            meaning, schema={"type": "array", "items": items, **limits}, required=True
        )


class Code(Parameter):
    """A code of the catalogue; one that it does not list may be asked for too."""

    def __init__(
        self, listed: type[CodeList], longest: int, meaning: str, column: str = ""
    ) -> None:
        codes = "".join(f"\n* `{code.value}` – {code.label}" for code in listed)
        super().__init__(
            f"{meaning}\n{codes}",
            column or None,
            schema=_text(longest),
            max_length=longest,
        )


class Choice(Parameter):
    """One of a few words."""

    field_class = forms.ChoiceField

    def __init__(
        self, choices: Iterable[tuple[str, str]], meaning: str, column: str = ""
    ) -> None:
        choices = list(choices)
        words = [word for word, _ in choices]
        message = f"Choose one of: {', '.join(words)}."
        super().__init__(
            meaning,
            column or None,
            schema={"type": "string", "enum": words},
            choices=choices,
            error_messages={"invalid_choice": message},
        )


class FieldNames(Parameter):
    """Some of a row's fields, by their names."""

    class field_class(forms.CharField):
        """Takes names that commas separate."""

        def __init__(self, *, names: Collection[str], **options: Any) -> None:
            super().__init__(**options)
            self._names = names

        def clean(self, value: Any) -> list[str]:
            """Return the names; refuses those that there are not."""
            wanted = [name for name in super().clean(value).split(",") if name]
            if not set(wanted) <= set(self._names):
                message = f"Choose among: {', '.join(self._names)}."
                raise ValidationError(message, code="invalid")
            return wanted

    def __init__(self, names: Collection[str], meaning: str) -> None:
        super().__init__(
            meaning,
            schema={
                "type": "array",
                "items": {"type": "string", "enum": list(names)},
                "minItems": 1,
            },
            names=names,
        )


class TrueOrFalse(Parameter):
    """A yes or a no."""

    class field_class(forms.TypedChoiceField):
        """Knows two words."""

    def __init__(self, meaning: str) -> None:
        super().__init__(
            meaning,
            schema={"type": "boolean"},
            choices=[("true", "true"), ("false", "false")],
            coerce=lambda word: word == "true",
            empty_value=None,
            error_messages={"invalid_choice": "Choose one of: true, false."},
        )


class Number(Parameter):
    """The number of a row or of a line."""

    field_class = forms.IntegerField

    def __init__(self, meaning: str, column: str | None = None) -> None:
        limits = {"minimum": 1, "maximum": LARGEST_ID}
        super().__init__(
            meaning,
            column,
            schema={"type": "integer", **limits},
            min_value=1,
            max_value=LARGEST_ID,
        )


class Amount(Parameter):
    """The value of a register, not negative."""

    field_class = forms.DecimalField

    def __init__(self, meaning: str, column: str, lookup: str) -> None:
        whole = VALUE_DIGITS - VALUE_PLACES
        super().__init__(
            meaning,
            column,
            lookup,
            schema={
                "type": "string",
                "pattern": rf"^[0-9]{{1,{whole}}}(\.[0-9]{{1,{VALUE_PLACES}}})?$",
            },
            min_value=Decimal(0),
            max_digits=VALUE_DIGITS,
            decimal_places=VALUE_PLACES,
        )


class _MomentField(forms.Field):
    """A date in London, or a time; without an offset it is London's.

    It becomes the first moment that is meant and the one at which it is over.
    """

    default_error_messages = {
        "invalid": "Give a date (2024-03-31) or a time (2024-03-31T23:30:00+01:00).",
    }

    def to_python(self, value: Any) -> tuple[datetime, datetime] | None:
        """Return when what is meant begins and ends."""
        if value in self.empty_values:
            return None
        try:
            return _moments(value)
        except ValueError as error:
            message = self.error_messages["invalid"]
            raise ValidationError(message, code="invalid") from error


def _moments(text: str) -> tuple[datetime, datetime]:
    """Return when a date or time begins and ends; raises ValueError."""
    if _DATE.fullmatch(text):
        day = _held(date.fromisoformat(text))
        return midnight(day), midnight(day + timedelta(days=1))
    if not _TIME.fullmatch(text):
        raise ValueError("Neither a date nor a time.")
    moment = _held(datetime.fromisoformat(text[:11] + text[11:].replace(" ", "+")))
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=LONDON)
    # What is read then is read before the next microsecond.
    moment = moment.astimezone(UTC)
    return moment, moment + timedelta(microseconds=1)


def _held[Day: date](day: Day) -> Day:
    """Return a date or time, moved to a year next to those of which anything is held.

    Not every time beyond can be kept in UTC.
    """
    year = min(max(day.year, YEARS.start - 1), YEARS.stop)
    # No leap day is looked for in a year that has none.
    return day if year == day.year else day.replace(year=year, day=1)


class TimeFrom(Parameter):
    """A date or time from which on."""

    field_class = _MomentField

    def __init__(self, meaning: str, column: str) -> None:
        super().__init__(meaning, column, schema=_MOMENT_SCHEMA)

    def filter(self, rows: QuerySet, value: tuple[datetime, datetime]) -> QuerySet:
        """Return the rows that are not before it."""
        return rows.filter(**{f"{self.field_name}__gte": value[0]})


class TimeUntil(Parameter):
    """A date or time up to which, itself included."""

    field_class = _MomentField

    def __init__(self, meaning: str, column: str) -> None:
        super().__init__(meaning, column, schema=_MOMENT_SCHEMA)

    def filter(self, rows: QuerySet, value: tuple[datetime, datetime]) -> QuerySet:
        """Return the rows that are not after it."""
        return rows.filter(**{f"{self.field_name}__lt": value[1]})


_MOMENT_SCHEMA = {
    "anyOf": [
        {"type": "string", "format": "date"},
        {"type": "string", "format": "date-time"},
    ],
    "examples": ["2024-03-31", "2024-03-31T23:30:00+01:00"],
}


def _text(longest: int) -> dict[str, Any]:
    """Return the schema of a text that is not blank."""
    return {"type": "string", "pattern": _NOT_BLANK, "maxLength": longest}


def _matches(pattern: str, message: str) -> RegexValidator:
    return RegexValidator(rf"\A(?:{pattern})\Z", message)
