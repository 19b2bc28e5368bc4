"""Filters: the kinds of query parameters, with their OpenAPI schemas.

They are django-filter's own with stricter form fields. Help texts are the descriptions
in the OpenAPI schema.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from datetime import datetime
from decimal import Decimal
from typing import Any

import django_filters
from django import forms
from django.db.models import QuerySet
from drf_spectacular.utils import extend_schema_field

from meter_readings.api.query_parameters import BOOLEANS, MAX_ID
from meter_readings.d0010.codes import CodeList
from meter_readings.models import VALUE_DIGITS, VALUE_PLACES

from .fields import (
    MAX_MPANS,
    DateOrTimeField,
    FieldNamesField,
    IdField,
    MpanField,
    MpanListField,
    ReadingTypeField,
    Sha256Field,
    ValueField,
)

_MAX_SEARCH_LENGTH = 100

_NOT_BLANK = r"^[^\x00]*[^\x00\s][^\x00]*$"
_DATE_OR_TIME = {
    "anyOf": [
        {"type": "string", "format": "date"},
        {"type": "string", "format": "date-time"},
    ],
    "examples": ["2024-03-31", "2024-03-31T23:30:00+01:00"],
}


class DescribedFilter(django_filters.Filter):
    """Base of filters that declare the OpenAPI schema of their values."""

    schema: dict[str, Any]

    def __init__(self, *args: Any, help_text: str, **kwargs: Any) -> None:
        super().__init__(*args, help_text=help_text, **kwargs)
        extend_schema_field({**self.schema, "description": help_text})(self)


class TextFilter(DescribedFilter):
    """Selects rows by a whole text, as it is stored."""

    field_class = forms.CharField

    def __init__(
        self, *args: Any, max_length: int, strip: bool = False, **kwargs: Any
    ) -> None:
        self.schema = {
            "type": "string",
            "pattern": _NOT_BLANK,
            "maxLength": max_length,
        }
        super().__init__(*args, max_length=max_length, strip=strip, **kwargs)


class SearchFilter(TextFilter):
    """Selects rows by what a person would type into a search box."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, max_length=_MAX_SEARCH_LENGTH, strip=True, **kwargs)


class CodeFilter(TextFilter):
    """Selects rows by a code of the catalogue; unlisted codes are accepted."""

    def __init__(
        self, *args: Any, codes: type[CodeList], help_text: str, **kwargs: Any
    ) -> None:
        listed = "".join(f"\n* `{code.value}` – {code.label}" for code in codes)
        super().__init__(
            *args, help_text=f"{help_text}\n{listed}", strip=True, **kwargs
        )


class ReadingTypeFilter(CodeFilter):
    """Selects readings by their type; who means the basis is told its name."""

    field_class = ReadingTypeField


class Sha256Filter(DescribedFilter):
    """Selects rows by a whole SHA-256."""

    field_class = Sha256Field
    schema = {"type": "string", "pattern": "^[0-9A-Fa-f]{64}$"}


class MpanFilter(DescribedFilter):
    """Selects rows by a whole MPAN."""

    field_class = MpanField
    schema = {"type": "string", "pattern": "^[0-9]( ?[0-9]){12}$"}


class ListFilter(DescribedFilter):
    """Base of filters by several values, separated by commas or repeated."""


class MpanListFilter(ListFilter):
    """Selects rows by a list of MPANs."""

    field_class = MpanListField
    schema = {
        "type": "array",
        # Spaces are accepted too, but 200 MPANs with spaces do not fit into a URL.
        "items": {"type": "string", "pattern": "^[0-9]{13}$"},
        "minItems": 1,
        "maxItems": MAX_MPANS,
    }


class IdFilter(DescribedFilter):
    """Selects rows by a number from 1 on: a primary key or a line number."""

    field_class = IdField
    schema = {"type": "integer", "minimum": 1, "maximum": MAX_ID}


class ValueFilter(DescribedFilter):
    """Selects readings by their value, which is not negative."""

    field_class = ValueField
    schema = {
        "type": "string",
        "pattern": rf"^[0-9]{{1,{VALUE_DIGITS - VALUE_PLACES}}}"
        rf"(\.[0-9]{{1,{VALUE_PLACES}}})?$",
    }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(
            *args,
            min_value=Decimal(0),
            max_digits=VALUE_DIGITS,
            decimal_places=VALUE_PLACES,
            **kwargs,
        )


class FromFilter(DescribedFilter):
    """Selects rows from the start of a date or time on."""

    field_class = DateOrTimeField
    schema = _DATE_OR_TIME

    def filter(self, qs: QuerySet, value: tuple[datetime, datetime]) -> QuerySet:
        start, _ = value
        return qs.filter(**{f"{self.field_name}__gte": start})


class AfterFilter(FromFilter):
    """Selects rows after the start of a date or after a time."""

    def filter(self, qs: QuerySet, value: tuple[datetime, datetime]) -> QuerySet:
        start, _ = value
        return qs.filter(**{f"{self.field_name}__gt": start})


class ToFilter(DescribedFilter):
    """Selects rows up to the end of a date or time."""

    field_class = DateOrTimeField
    schema = _DATE_OR_TIME

    def filter(self, qs: QuerySet, value: tuple[datetime, datetime]) -> QuerySet:
        _, end = value
        return qs.filter(**{f"{self.field_name}__lt": end})


class FieldsFilter(ListFilter):
    """The names of the fields to return; it selects no rows."""

    field_class = FieldNamesField

    def __init__(self, *args: Any, names: Collection[str], **kwargs: Any) -> None:
        items = {"type": "string", "enum": list(names)}
        self.schema = {"type": "array", "items": items, "minItems": 1}
        super().__init__(*args, names=names, **kwargs)


class ChoiceFilter(django_filters.ChoiceFilter):
    """Selects rows by one of the listed values; its error does not repeat the value."""

    def __init__(
        self, *args: Any, choices: Iterable[tuple[str, str]], **kwargs: Any
    ) -> None:
        choices = list(choices)
        super().__init__(
            *args,
            choices=choices,
            empty_label=None,
            error_messages={"invalid_choice": _choose_one_of(choices)},
            **kwargs,
        )


class BooleanFilter(DescribedFilter, django_filters.TypedChoiceFilter):
    """Selects rows by a boolean; django-filter's own ignores other values."""

    schema = {"type": "boolean"}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(
            *args,
            choices=[(text, text) for text in BOOLEANS],
            coerce=BOOLEANS.__getitem__,
            empty_value=None,
            error_messages={"invalid_choice": "Choose one of: true, false."},
            **kwargs,
        )


def ordering_filter(orderings: Iterable[str]) -> ChoiceFilter:
    """Return the parameter `ordering`; the filter set applies it."""
    return ChoiceFilter(
        choices=[
            (name, f"by {name.removeprefix('-')}{_order_word(name)}")
            for name in orderings
        ],
        help_text="Order of the rows; `-` reverses it.",
    )


def _order_word(name: str) -> str:
    return ", descending" if name.startswith("-") else ""


def _choose_one_of(choices: Iterable[tuple[str, str]]) -> str:
    return f"Choose one of: {', '.join(value for value, _ in choices)}."
