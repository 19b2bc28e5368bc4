"""The formats of answers, and how one is chosen.

CSV and D0010 are written by `exporting`; here they only have their names.
"""

from __future__ import annotations

from typing import Any, cast

from django.http import Http404
from rest_framework.negotiation import DefaultContentNegotiation
from rest_framework.renderers import BaseRenderer, JSONRenderer
from rest_framework.request import Request

from meter_readings import exports

from .query import refusal

JSON = JSONRenderer


class _Streamed(BaseRenderer):
    """Base of the formats that are streamed past the renderers."""


class Csv(_Streamed):
    """Comma-separated values."""

    media_type = "text/csv"
    format = "csv"
    charset = exports.CSV_ENCODING


class D0010(_Streamed):
    """A flow file."""

    media_type = "text/vnd.d0010"
    format = "d0010"
    charset = exports.FLOW_FILE_ENCODING


EXPORTED = [JSON, Csv, D0010]


def is_export(request: Request) -> bool:
    """Return whether the answer is to be streamed."""
    return isinstance(getattr(request, "accepted_renderer", None), _Streamed)


class Negotiation(DefaultContentNegotiation):
    """By `?format=` or by the header Accept; a wrong `format` is named."""

    def filter_renderers(self, renderers: Any, format: str) -> Any:
        """Return the renderers of a format."""
        try:
            return super().filter_renderers(renderers, format)
        except Http404 as error:
            words = ", ".join(cast(str, renderer.format) for renderer in renderers)
            raise refusal("format", f"Choose one of: {words}.") from error
