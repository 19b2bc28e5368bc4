"""What serializers are made of: codes, values, addresses, rows."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from operator import attrgetter
from typing import Any

from django.db.models import Model
from drf_spectacular.utils import (
    OpenApiExample,
    extend_schema_field,
    extend_schema_serializer,
)
from rest_framework import serializers
from rest_framework.reverse import reverse

from meter_readings.d0010 import D0010

_VALUE = next(field for field in D0010.reading.fields if field.name == "value").format
# It stands in an address for the number of a row.
_ANY_NUMBER = "900090009000900090"


@extend_schema_field(str)
class Label(serializers.ReadOnlyField):
    """What a code means; one that the catalogue does not list means itself."""

    def __init__(self, of: str) -> None:
        super().__init__(source=of, help_text="What it means.")

    def bind(self, field_name: str, parent: Any) -> None:
        """Look the meanings up once: Django would for each row."""
        super().bind(field_name, parent)
        column = parent.Meta.model._meta.get_field(self.source)
        self._labels = {code: str(label) for code, label in column.flatchoices}

    def to_representation(self, value: str) -> str:
        """Return the meaning of a code."""
        return self._labels.get(value, value)


class Coded(serializers.CharField):
    """A code as it came, listed in the catalogue or not; empty where there is none."""

    def __init__(self, meaning: str) -> None:
        super().__init__(read_only=True, allow_blank=True, help_text=meaning)


@extend_schema_field({"type": "string", "pattern": r"^[0-9]{1,9}\.[0-9]{1,3}$"})
class RegisterValue(serializers.Field):
    """What a register said, as text, so that no digit is lost."""

    def __init__(self, **options: Any) -> None:
        super().__init__(
            read_only=True,
            help_text="What the register said, its multiplier not applied (J0040).",
            **options,
        )

    def to_representation(self, value: Decimal) -> str:
        """Return it as the flow writes it."""
        return _VALUE.write(value)


@extend_schema_field({"type": ["string", "null"], "pattern": r"^-?[0-9]+\.[0-9]{1,3}$"})
class Units(serializers.Field):
    """A difference between two readings, as text, or none."""

    def __init__(self, help_text: str) -> None:
        super().__init__(read_only=True, help_text=help_text)

    def to_representation(self, value: Decimal) -> str:
        """Return it as the flow would write it."""
        return _VALUE.write(value)


class Links(serializers.Field):
    """Addresses of what belongs to a row, each by a view and the number it takes.

    A view with a parameter is a list: `meter-list?meter_point`.
    """

    def __init__(self, /, **views: tuple[str, str]) -> None:
        super().__init__(source="*", read_only=True, help_text="Where to find them.")
        self.views = views
        self._patterns: dict[str, str] = {}

    def to_representation(self, row: Model) -> dict[str, str | None]:
        """Return the addresses; null where the row has no such thing."""
        return {
            name: self._address(view, attrgetter(attribute)(row))
            for name, (view, attribute) in self.views.items()
        }

    def _address(self, view: str, number: int | None) -> str | None:
        if number is None:
            return None
        if view not in self._patterns:
            self._patterns[view] = self._pattern(view)
        return self._patterns[view].replace(_ANY_NUMBER, str(number))

    def _pattern(self, view: str) -> str:
        name, _, parameter = view.partition("?")
        numbers = [] if parameter else [_ANY_NUMBER]
        address = reverse(f"api:{name}", numbers, request=self.context["request"])
        return f"{address}?{parameter}={_ANY_NUMBER}" if parameter else address


def shown(example: Mapping[str, Any]) -> Any:
    return extend_schema_serializer(examples=[OpenApiExample("Example", example)])


class Row(serializers.ModelSerializer):
    """Base of all: nothing is written by them."""

    def get_fields(self) -> dict[str, serializers.Field]:
        """Return the fields; those that were asked for, where some were."""
        fields = super().get_fields()
        wanted = self.context.get("fields")
        if wanted:
            fields = {name: fields[name] for name in fields if name in wanted}
        for field in fields.values():
            field.read_only = True
        return fields
