"""Renderers and content negotiation.

CSV and D0010 are streamed by `views.exports`; their renderers only name the formats.
"""

from __future__ import annotations

from typing import Any, cast

from django.http import Http404
from rest_framework.negotiation import DefaultContentNegotiation
from rest_framework.renderers import BaseRenderer, JSONRenderer
from rest_framework.request import Request

from meter_readings import exports

from .query_parameters import parameter_error


class _StreamedRenderer(BaseRenderer):
    """Base of formats whose responses are streamed and not rendered."""


class CsvRenderer(_StreamedRenderer):
    """Comma-separated values."""

    media_type = "text/csv"
    format = "csv"
    charset = exports.CSV_ENCODING


class D0010Renderer(_StreamedRenderer):
    """A D0010 flow file."""

    media_type = "text/vnd.d0010"
    format = "d0010"
    charset = exports.FLOW_FILE_ENCODING


EXPORT_RENDERERS = [JSONRenderer, CsvRenderer, D0010Renderer]


def is_export(request: Request) -> bool:
    renderer = getattr(request, "accepted_renderer", None)
    return isinstance(renderer, _StreamedRenderer)


class ContentNegotiation(DefaultContentNegotiation):
    """Chooses by `format` or Accept; an unknown `format` is 400 instead of 404."""

    def filter_renderers(self, renderers: Any, format: str) -> Any:
        try:
            return super().filter_renderers(renderers, format)
        except Http404 as error:
            formats = ", ".join(cast(str, renderer.format) for renderer in renderers)
            raise parameter_error("format", f"Choose one of: {formats}.") from error
