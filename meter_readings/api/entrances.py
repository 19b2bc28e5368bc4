"""Where to begin: what versions there are, what is in this one, and the pages of it."""

from __future__ import annotations

from collections.abc import Callable
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

from .views import ApiView

# Every resource has a list of its own, called so.
RESOURCES = {
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


class _Entrance(ApiView):
    permissions = ()

    def addresses(self, names: dict[str, str]) -> Response:
        """Return where each of them is."""
        return Response(
            {
                name: reverse(f"api:{view}", request=self.request)
                for name, view in names.items()
            }
        )


@extend_schema(exclude=True)
class Versions(_Entrance):
    """The versions of the API."""

    def get(self, request: Request) -> Response:
        """Return where each version is."""
        return self.addresses({"v1": "root"})


@extend_schema(exclude=True)
class Root(_Entrance):
    """Version 1."""

    def get(self, request: Request) -> Response:
        """Return where each resource is."""
        return self.addresses(RESOURCES)


@cache
def _described() -> dict[str, Any]:
    """Return the description, which takes half a second to make."""
    make: Callable[[], Any] = SchemaGenerator
    described: dict[str, Any] = make().get_schema(request=None, public=True)
    return described


class _Once(SchemaGenerator):
    """Describes the API once: it is the same for all who ask."""

    def get_schema(self, request: Any = None, public: bool = False) -> dict[str, Any]:
        """Return the description."""
        return _described()


@extend_schema(exclude=True)
class Schema(SpectacularAPIView):
    """The description of the API, as OpenAPI 3.1."""

    throttle_scope = ApiToken.Scope.READ
    http_method_names = ["get", "head"]
    generator_class = _Once


@extend_schema(exclude=True)
@method_decorator(login_required, name="dispatch")
class Docs(SpectacularSwaggerSplitView):
    """The description as a page, on which each address can be tried."""

    throttle_scope = ApiToken.Scope.READ
    http_method_names = ["get", "head"]
    url_name = "api:schema"
    template_name = "meter_readings/api/docs.html"

    def get(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """Return the page, or its script."""
        get: Callable[..., Response] = super().get
        response = get(request, *args, **kwargs)
        # Nothing here is opened in a window of its own.
        del response.headers["Cross-Origin-Opener-Policy"]
        return response
