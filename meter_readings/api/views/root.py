"""Index of the API, its OpenAPI schema and the page that shows it."""

from __future__ import annotations

from functools import cache
from typing import Any

from django.contrib.auth.decorators import login_required
from django.utils.decorators import method_decorator
from drf_spectacular.generators import SchemaGenerator
from drf_spectacular.utils import extend_schema
from drf_spectacular.views import SpectacularAPIView, SpectacularSwaggerSplitView
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.reverse import reverse

from meter_readings.models import ApiToken

from .base import ApiView

_VERSION_1 = {
    "flow_files": "flow-file-list",
    "imports": "import-list",
    "findings": "finding-list",
    "meter_points": "meter-point-list",
    "meters": "meter-list",
    "site_visits": "site-visit-list",
    "readings": "reading-list",
    "schema": "schema",
    "docs": "docs",
}


class _IndexView(ApiView):
    """URLs by name."""

    views: dict[str, str]

    @extend_schema(exclude=True)
    def get(self, request: Request) -> Response:
        return Response(
            {
                name: reverse(f"api:{view}", request=request)
                for name, view in self.views.items()
            }
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
class SchemaView(SpectacularAPIView):
    """The OpenAPI 3.1 schema."""

    throttle_scope = ApiToken.Scope.READ
    http_method_names = ["get", "head"]
    generator_class = CachedSchemaGenerator


@extend_schema(exclude=True)
@method_decorator(login_required, name="dispatch")
class DocsView(SpectacularSwaggerSplitView):
    """Swagger UI, for users who are signed in."""

    throttle_scope = ApiToken.Scope.READ
    http_method_names = ["get", "head"]
    url_name = "api:schema"
    template_name = "meter_readings/api/docs.html"

    def get(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        response: Response = super().get(  # type: ignore[no-untyped-call]
            request, *args, **kwargs
        )
        # drf-spectacular sets it for OAuth2 pop-up windows, which are not used.
        del response.headers["Cross-Origin-Opener-Policy"]
        return response
