"""Serializer base class and fields: codes with labels, exact values, links."""

from __future__ import annotations

from decimal import Decimal
from operator import attrgetter
from typing import Any

from django.db.models import Model
from django.urls import reverse
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers
from rest_framework.request import Request

from meter_readings.api.openapi.descriptions import FIELDS
from meter_readings.d0010 import D0010

write_value = next(
    field for field in D0010.reading.fields if field.name == "value"
).format.write
# Stands for a primary key in a URL that is reversed once per request.
_PLACEHOLDER_ID = "900090009000900090"


def absolute_url(request: Request, view: str, *arguments: Any) -> str:
    """Return the URL of a view, without the parameter `format` of the request."""
    url: str = request.build_absolute_uri(reverse(f"api:{view}", args=arguments))
    return url


class UrlPattern:
    """The URL of a view for any id; it is reversed once.

    A view name with a parameter is a filtered list: `meter-list?meter_point`.
    """

    def __init__(self, request: Request, view: str) -> None:
        name, _, parameter = view.partition("?")
        if parameter:
            self._start = f"{absolute_url(request, name)}?{parameter}="
            self._end = ""
        else:
            url = absolute_url(request, name, _PLACEHOLDER_ID)
            self._start, _, self._end = url.partition(_PLACEHOLDER_ID)

    def write(self, row_id: int) -> str:
        """Return the URL for an id."""
        return f"{self._start}{row_id}{self._end}"


class ReadOnlyModelSerializer(serializers.ModelSerializer):
    """Base of the serializers of rows.

    `fields` in the context are the names of the fields to return; all by default.
    """

    def get_fields(self) -> dict[str, serializers.Field]:
        fields = super().get_fields()
        if wanted := self.context.get("fields"):
            fields = {name: fields[name] for name in fields if name in wanted}
        for name, field in fields.items():
            field.read_only = True
            field.help_text = field.help_text or FIELDS.get(name)
        return fields


class CodeField(serializers.CharField):
    """A code as it was received, listed in the catalogue or not; "" for none."""

    def __init__(self, help_text: str) -> None:
        super().__init__(read_only=True, allow_blank=True, help_text=help_text)


@extend_schema_field(str)
class CodeLabelField(serializers.ReadOnlyField):
    """The label of a code; the code itself if the catalogue does not list it."""

    def __init__(self, source: str) -> None:
        super().__init__(source=source, help_text="Label of the code.")

    def bind(self, field_name: str, parent: Any) -> None:
        super().bind(field_name, parent)
        column = parent.Meta.model._meta.get_field(self.source)
        # get_FOO_display() would build this for every row.
        self._labels = {code: str(label) for code, label in column.flatchoices}

    def to_representation(self, value: str) -> str:
        return self._labels.get(value, value)


@extend_schema_field({"type": "string", "pattern": r"^[0-9]{1,9}\.[0-9]{1,3}$"})
class RegisterValueField(serializers.Field):
    """A register reading as text, as the flow writes it, so that no digit is lost."""

    def __init__(self, **options: Any) -> None:
        help_text = "Register reading, multiplier not applied (J0040)."
        super().__init__(read_only=True, help_text=help_text, **options)

    def to_representation(self, value: Decimal) -> str:
        return write_value(value)


@extend_schema_field({"type": ["string", "null"], "pattern": r"^-?[0-9]+\.[0-9]{1,3}$"})
class UnitsField(serializers.Field):
    """A difference between two readings as text, or null."""

    def __init__(self, help_text: str) -> None:
        super().__init__(read_only=True, help_text=help_text)

    def to_representation(self, value: Decimal) -> str:
        return write_value(value)


class LinksField(serializers.Field):
    """URLs of related resources, each by a `UrlPattern` and the attribute of its id."""

    def __init__(self, /, **views: tuple[str, str]) -> None:
        super().__init__(
            source="*", read_only=True, help_text="URLs of related resources."
        )
        self.views = views
        self._patterns: dict[str, UrlPattern] = {}
        url = {"type": ["string", "null"], "format": "uri"}
        properties = {
            name: {**url, "description": f"URL of: {name.replace('_', ' ')}."}
            for name in views
        }
        decorate: Any = extend_schema_field(
            {
                "type": "object",
                "required": list(views),
                "properties": properties,
            }
        )
        decorate(self)

    def to_representation(self, row: Model) -> dict[str, str | None]:
        """Return the URLs; null where there is no related row."""
        return {
            name: self._url(view, attrgetter(attribute)(row))
            for name, (view, attribute) in self.views.items()
        }

    def _url(self, view: str, row_id: int | None) -> str | None:
        if row_id is None:
            return None
        if view not in self._patterns:
            self._patterns[view] = UrlPattern(self.context["request"], view)
        return self._patterns[view].write(row_id)
