"""Index of the API, its OpenAPI schema and the page that shows it."""

from __future__ import annotations

from functools import cache
from typing import Any

from django.views.generic import TemplateView
from drf_spectacular.generators import SchemaGenerator
from drf_spectacular.utils import extend_schema
from drf_spectacular.views import SpectacularAPIView
from rest_framework.request import Request
from rest_framework.response import Response

from meter_readings.api.serializers.fields import absolute_url

from .base import ApiView

_VERSION_1 = {
    "flow_files": "flow-file-list",
    "imports": "import-list",
    "findings": "finding-list",
    "meter_points": "meter-point-list",
    "meters": "meter-list",
    "site_visits": "site-visit-list",
    "failed_reads": "failed-read-list",
    "readings": "reading-list",
    "overdue_readings": "overdue-reading-list",
    "schema": "schema",
    "docs": "docs",
}


class _IndexView(ApiView):
    """URLs by name."""

    views: dict[str, str]

    @extend_schema(exclude=True)
    def get(self, request: Request) -> Response:
        return Response(
            {name: absolute_url(request, view) for name, view in self.views.items()}
        )


class VersionsView(_IndexView):
    """Index of the versions of the API."""

    views = {"v1": "root"}


class RootView(_IndexView):
    """Index of the resources of version 1."""

    views = _VERSION_1


class CachedSchemaGenerator(SchemaGenerator):
    """Generates the schema once per process: it is the same for all clients."""

    def get_schema(self, request: Any = None, public: bool = False) -> dict[str, Any]:
        return _generated_schema()


@cache
def _generated_schema() -> dict[str, Any]:
    # drf-spectacular has no type hints here.
    generator: Any = SchemaGenerator
    schema: dict[str, Any] = generator().get_schema(request=None, public=True)
    return schema


@extend_schema(exclude=True)
class SchemaView(ApiView, SpectacularAPIView):
    """The OpenAPI 3.1 schema."""

    generator_class = CachedSchemaGenerator


class DocsView(TemplateView):
    """Swagger UI, whose script loads the schema with the session or with a token.

    Anybody may open the page, because it contains nothing of the schema: users of
    programs cannot sign in to the admin.
    """

    http_method_names = ["get", "head"]
    template_name = "meter_readings/api/docs.html"
