"""Filters: the kinds of query parameters, with their OpenAPI schemas.

They are django-filter's own with stricter form fields. Help texts are the descriptions
in the OpenAPI schema.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from datetime import datetime
from decimal import Decimal
from typing import Any, cast

import django_filters
from django import forms
from django.db.models import QuerySet
from drf_spectacular.utils import extend_schema_field

from meter_readings.api.query_parameters import MAX_ID
from meter_readings.d0010.codes import CodeList
from meter_readings.models import VALUE_DIGITS, VALUE_PLACES

from .fields import (
    MAX_MPANS,
    DateOrTimeField,
    FieldNamesField,
    MpanField,
    MpanListField,
    Sha256Field,
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


class _DescribedFilter(django_filters.Filter):
    """Base of filters with an OpenAPI schema of their own."""

    def __init__(
        self,
        help_text: str,
        field_name: str | None = None,
        *,
        schema: dict[str, Any],
        **kwargs: Any,
    ) -> None:
        super().__init__(field_name, help_text=help_text, **kwargs)
        extend_schema_field({**schema, "description": help_text})(self)


class TextFilter(_DescribedFilter):
    """Selects rows by a whole text, as it is stored."""

    field_class = forms.CharField

    def __init__(
        self,
        max_length: int,
        help_text: str,
        field_name: str | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(
            help_text,
            field_name,
            schema=_text_schema(max_length),
            max_length=max_length,
            **{"strip": False, **kwargs},
        )


class SearchFilter(TextFilter):
    """Selects rows by what a person would type into a search box."""

    def __init__(self, help_text: str, method: str | None = "filter_search") -> None:
        super().__init__(_MAX_SEARCH_LENGTH, help_text, method=method, strip=True)


class CodeFilter(TextFilter):
    """Selects rows by a code of the catalogue; unlisted codes are accepted."""

    def __init__(self, codes: type[CodeList], max_length: int, help_text: str) -> None:
        listed = "".join(f"\n* `{code.value}` – {code.label}" for code in codes)
        super().__init__(max_length, f"{help_text}\n{listed}", strip=True)


class Sha256Filter(_DescribedFilter):
    """Selects rows by a whole SHA-256."""

    field_class = Sha256Field

    def __init__(self, help_text: str) -> None:
        schema = {"type": "string", "pattern": "^[0-9A-Fa-f]{64}$"}
        super().__init__(help_text, schema=schema)


class MpanFilter(_DescribedFilter):
    """Selects rows by a whole MPAN."""

    field_class = MpanField

    def __init__(self, help_text: str, field_name: str | None = None) -> None:
        schema = {"type": "string", "pattern": "^[0-9]( ?[0-9]){12}$"}
        super().__init__(help_text, field_name, schema=schema)


class MpanListFilter(_DescribedFilter):
    """Selects rows by a list of MPANs; the parameter is required."""

    field_class = MpanListField

    def __init__(self, help_text: str, field_name: str) -> None:
        super().__init__(
            help_text,
            field_name,
            lookup_expr="in",
            # Spaces are accepted too, but 200 MPANs with spaces do not fit into a URL.
            schema={
                "type": "array",
                "items": {"type": "string", "pattern": "^[0-9]{13}$"},
                "minItems": 1,
                "maxItems": MAX_MPANS,
            },
            required=True,
        )


class IdFilter(_DescribedFilter):
    """Selects rows by a number from 1 on: a primary key or a line number."""

    field_class = forms.IntegerField

    def __init__(self, help_text: str, field_name: str | None = None) -> None:
        super().__init__(
            help_text,
            field_name,
            schema={"type": "integer", "minimum": 1, "maximum": MAX_ID},
            min_value=1,
            max_value=MAX_ID,
        )


class ValueFilter(_DescribedFilter):
    """Selects readings by their value, which is not negative."""

    field_class = forms.DecimalField

    def __init__(self, help_text: str, lookup_expr: str) -> None:
        digits = VALUE_DIGITS - VALUE_PLACES
        pattern = rf"^[0-9]{{1,{digits}}}(\.[0-9]{{1,{VALUE_PLACES}}})?$"
        super().__init__(
            help_text,
            "value",
            lookup_expr=lookup_expr,
            schema={"type": "string", "pattern": pattern},
            min_value=Decimal(0),
            max_digits=VALUE_DIGITS,
            decimal_places=VALUE_PLACES,
        )


class ChoiceFilter(django_filters.ChoiceFilter):
    """Selects rows by one of the listed values."""

    def __init__(
        self, choices: Iterable[tuple[str, str]], help_text: str, **kwargs: Any
    ) -> None:
        choices = list(choices)
        super().__init__(
            choices=choices,
            help_text=help_text,
            empty_label=None,
            error_messages={"invalid_choice": _choose_one_of(choices)},
            **kwargs,
        )


class BooleanFilter(django_filters.TypedChoiceFilter):
    """Selects rows by `true` or `false`; django-filter's own ignores other values."""

    def __init__(self, help_text: str, **kwargs: Any) -> None:
        choices = [("true", "true"), ("false", "false")]
        super().__init__(
            choices=choices,
            coerce=lambda text: text == "true",
            empty_value=None,
            error_messages={"invalid_choice": _choose_one_of(choices)},
            **kwargs,
        )
        extend_schema_field({"type": "boolean", "description": help_text})(self)


class FromFilter(_DescribedFilter):
    """Selects rows from the start of a date or time on."""

    field_class = DateOrTimeField

    def __init__(self, help_text: str, field_name: str) -> None:
        super().__init__(help_text, field_name, lookup_expr="gte", schema=_DATE_OR_TIME)

    def filter(self, qs: QuerySet, value: tuple[datetime, datetime]) -> QuerySet:
        start, _ = value
        return cast(QuerySet, super().filter(qs, start))


class ToFilter(_DescribedFilter):
    """Selects rows up to the end of a date or time."""

    field_class = DateOrTimeField

    def __init__(self, help_text: str, field_name: str) -> None:
        super().__init__(help_text, field_name, lookup_expr="lt", schema=_DATE_OR_TIME)

    def filter(self, qs: QuerySet, value: tuple[datetime, datetime]) -> QuerySet:
        _, end = value
        return cast(QuerySet, super().filter(qs, end))


class FieldsFilter(_DescribedFilter):
    """The names of the fields to return; it selects no rows."""

    field_class = FieldNamesField

    def __init__(self, names: Collection[str], help_text: str) -> None:
        items = {"type": "string", "enum": list(names)}
        super().__init__(
            help_text,
            schema={"type": "array", "items": items, "minItems": 1},
            names=names,
        )


def ordering_filter(orderings: Iterable[str]) -> ChoiceFilter:
    """Return the parameter `ordering`; the filter set applies it."""
    choices = [(name, name) for name in orderings]
    return ChoiceFilter(choices, "Order of the rows; `-` reverses it.")


def _choose_one_of(choices: Iterable[tuple[str, str]]) -> str:
    return f"Choose one of: {', '.join(value for value, _ in choices)}."


def _text_schema(max_length: int) -> dict[str, Any]:
    return {"type": "string", "pattern": _NOT_BLANK, "maxLength": max_length}
