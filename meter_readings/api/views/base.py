"""Base classes of the views."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from contextlib import nullcontext
from http import HTTPStatus
from types import MappingProxyType
from typing import Any

from django.db.models import QuerySet
from django.utils.cache import patch_vary_headers
from rest_framework.generics import get_object_or_404
from rest_framework.mixins import ListModelMixin, RetrieveModelMixin
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView
from rest_framework.viewsets import GenericViewSet

from meter_readings.api.filtersets.base import FilterSetBackend, ListFilterSet
from meter_readings.api.filtersets.filters import ListFilter
from meter_readings.api.look_ups import LOOK_UP_PARAMETERS, record_look_up
from meter_readings.api.pagination import KeysetPagination
from meter_readings.api.permissions import Requirement, visible_rows
from meter_readings.api.query_parameters import reject_invalid_parameters
from meter_readings.api.renderers import is_export
from meter_readings.models import ApiToken
from meter_readings.ops import db_router


class ApiView(APIView):
    """View that checks permissions and query parameters and forbids caching."""

    http_method_names = ["get", "head", "options"]
    # Permissions to read; `extra_permissions` are those of one action.
    required_permissions: tuple[str, ...] = ()
    extra_permissions: tuple[str, ...] = ()
    # Whether a replica, which may be seconds behind, may answer.
    allow_stale = False

    def dispatch(self, request: Any, *args: Any, **kwargs: Any) -> Any:
        with db_router.allow_stale_reads() if self.allow_stale else nullcontext():
            return super().dispatch(request, *args, **kwargs)

    def get_requirement(self) -> Requirement:
        """Return the token scope and permissions for the request."""
        permissions = (*self.required_permissions, *self.extra_permissions)
        is_change = self.request.method == "POST"
        scope = ApiToken.Scope.IMPORT if is_change else ApiToken.Scope.READ
        return Requirement(scope, permissions)

    @property
    def throttle_scope(self) -> str:
        """Return the scope by which `ScopedRateThrottle` counts the request."""
        return self.get_requirement().scope

    def get_parameter_names(self) -> Iterable[str]:
        """Return the query parameters of the request; all others are errors."""
        return ["format"]

    def get_list_parameter_names(self) -> Collection[str]:
        """Return the query parameters that may be repeated."""
        return []

    def options(self, request: Any, *args: Any, **kwargs: Any) -> Response:
        """Return 204 with the header Allow."""
        return Response(status=204)

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        super().initial(request, *args, **kwargs)
        # A method that is not allowed is 405 whatever its parameters are.
        if request.method in self.allowed_methods:
            known = set(self.get_parameter_names())
            reject_invalid_parameters(
                request.query_params, known, self.get_list_parameter_names()
            )

    def finalize_response(
        self, request: Request, response: Any, *args: Any, **kwargs: Any
    ) -> Any:
        response = super().finalize_response(request, response, *args, **kwargs)
        response.headers.setdefault("Cache-Control", "no-store")
        patch_vary_headers(response, ["Accept", "Cookie", "Authorization"])
        return response


class ListViewSet(ApiView, ListModelMixin, GenericViewSet):
    """List of one resource, and lists nested below its rows.

    An action for a nested list gives its own queryset, serializer and filter set to
    `@action` and calls `filter_by_parent`.
    """

    lookup_value_converter = "int"
    filter_backends = [FilterSetBackend]
    filterset_class: type[ListFilterSet] | None = None
    pagination_class: Any = KeysetPagination
    # The request's filter set, which FilterSetBackend stores.
    filterset: ListFilterSet
    # What `filter_by_parent` sets.
    parent_filters: Mapping[str, int] = MappingProxyType({})

    def finalize_response(
        self, request: Request, response: Any, *args: Any, **kwargs: Any
    ) -> Any:
        response = super().finalize_response(request, response, *args, **kwargs)
        is_answer = request.method == "GET" and response.status_code == HTTPStatus.OK
        # An export is recorded at its end.
        if is_answer and not is_export(request):
            record_look_up(request, self.get_look_up())
        return response

    def get_look_up(self) -> dict[str, str]:
        """Return the parameters of the request that can name a meter point."""
        filters = getattr(self.filterset_class, "base_filters", {})
        if "mpan" not in filters:
            return {}
        given = self.request.query_params
        names = LOOK_UP_PARAMETERS.intersection(filters)
        return {name: ",".join(given.getlist(name)) for name in names}

    def get_queryset(self) -> QuerySet:
        return visible_rows(super().get_queryset(), self.request.user)

    def get_object(self) -> Any:
        """Return the row of the path; filters apply to lists only."""
        return get_object_or_404(self.get_queryset(), **self.get_lookup())

    def get_parent(self) -> Any:
        """Return the row that a nested list is below; raises Http404."""
        # The instance's queryset is that of the action.
        parents: Any = type(self).queryset
        rows = visible_rows(parents.all(), self.request.user)
        return get_object_or_404(rows, **self.get_lookup())

    def get_lookup(self) -> dict[str, Any]:
        """Return the filter that selects the row of the path."""
        return {"pk": self.kwargs["pk"]}

    def filter_by_parent(self, name: str) -> None:
        """Filter by the row of the path with the filter of this name."""
        self.parent_filters = {name: self.get_parent().pk}

    def get_parameter_names(self) -> Iterable[str]:
        names = [*super().get_parameter_names()]
        if self.action != "retrieve":
            if self.filterset_class is not None:
                names += self.filterset_class.base_filters
            paginator: Any = self.paginator
            if paginator is not None:
                names += paginator.parameter_names
        return names

    def get_list_parameter_names(self) -> Collection[str]:
        filters: Any = getattr(self.filterset_class, "base_filters", {})
        return [name for name, each in filters.items() if isinstance(each, ListFilter)]


class ResourceViewSet(RetrieveModelMixin, ListViewSet):
    """List and detail of one resource, and lists nested below its rows."""
