"""What all addresses have in common: who may ask, what may be asked, how it is sent."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, ClassVar, cast

from django.db.models import Model, QuerySet
from django.utils.cache import patch_vary_headers
from django.utils.decorators import method_decorator
from django.views.decorators.http import conditional_page
from rest_framework.exceptions import NotFound
from rest_framework.generics import GenericAPIView
from rest_framework.request import Request
from rest_framework.response import Response

from meter_readings.models import ApiToken
from meter_readings.ops import db_router

from .pagination import CursorPages, NumberedPages, Pages
from .parameters import LARGEST_ID
from .permissions import Needs, visible
from .query import Query, refuse_odd_parameters


class ApiView(GenericAPIView):
    """Base of all.

    `permissions` are those that looking needs, each a model's verb. Whatever stands in
    the query string and means nothing here is refused: a name that was misspelled
    would otherwise choose everything.
    """

    http_method_names = ["get", "head"]
    model: ClassVar[type[Model]]
    related: ClassVar[tuple[str, ...]] = ()
    permissions: tuple[str, ...]
    # What a method needs that does more than look
    needs_by_method: ClassVar[Mapping[str, Needs]] = {}
    # What may stand in the query string where a method takes other things
    parameters_by_method: ClassVar[Mapping[str, tuple[str, ...]]] = {}
    # Whether answers have an ETag; else nobody may keep them.
    is_tagged = False
    # Whether answers may be a moment old, so that a replica can give them.
    allow_stale_reads = False
    # What is sent where it is neither JSON nor readings.
    media_type = ""

    def dispatch(self, request: Any, *args: Any, **kwargs: Any) -> Any:
        """Read from the replica, if there is one and `allow_stale_reads` is set."""
        if not self.allow_stale_reads:
            return super().dispatch(request, *args, **kwargs)
        with db_router.allow_stale_reads():
            return super().dispatch(request, *args, **kwargs)

    @property
    def throttle_scope(self) -> str:
        """Return the scope by which `ScopedRateThrottle` counts the request."""
        return self.needs(cast(str, self.request.method)).scope

    def needs(self, method: str) -> Needs:
        """Return what somebody must have who asks by a method."""
        to_look = Needs(ApiToken.Scope.READ, self.permissions)
        return self.needs_by_method.get(method, to_look)

    def parameter_names(self) -> Iterable[str]:
        """Return the names that may stand in the query string."""
        return ("format",)

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        """Refuse who may not ask, and what cannot be asked."""
        super().initial(request, *args, **kwargs)
        method = cast(str, request.method)
        # What is asked by a method that is not served is not looked at.
        if method.lower() in self.http_method_names:
            known = self.parameters_by_method.get(method) or self.parameter_names()
            refuse_odd_parameters(request.query_params, set(known))

    def finalize_response(
        self, request: Request, response: Any, *args: Any, **kwargs: Any
    ) -> Any:
        """Let nobody between keep what one person may see."""
        response = super().finalize_response(request, response, *args, **kwargs)
        is_kept = self.is_tagged and request.method in ("GET", "HEAD")
        kept = "private, no-cache" if is_kept else "no-store"
        response.headers.setdefault("Cache-Control", kept)
        patch_vary_headers(response, ["Accept", "Cookie", "Authorization"])
        return response

    def get_queryset(self) -> QuerySet:
        """Return the rows that may be seen, with what is shown beside them."""
        rows = visible(self.model, self.request.user)
        return rows.select_related(*self.related)

    def found(self, number: int, model: type[Model] | None = None) -> Any:
        """Return the row with a number; raises NotFound."""
        rows = visible(model, self.request.user) if model else self.get_queryset()
        row = rows.filter(pk=number).first() if number <= LARGEST_ID else None
        if row is None:
            raise NotFound
        return row


class Detail(ApiView):
    """One row, by its number."""

    def get(self, request: Request, pk: int) -> Any:
        """Return the row."""
        return Response(self.get_serializer(self.found(pk)).data)


class Asked(ApiView):
    """Rows, by what is asked.

    What is under another row names that row's model as `parent`, and itself by the
    parameter that chooses by it as `parent_name`.
    """

    query_class: ClassVar[type[Query]]
    # Which of its filters have no meaning here.
    without: ClassVar[tuple[str, ...]] = ()
    parent: ClassVar[type[Model] | None] = None
    parent_name: ClassVar[str] = ""

    def filter_names(self) -> list[str]:
        """Return the names of the filters."""
        names = self.query_class.base_filters
        return [name for name in names if name not in self.without]

    def parameter_names(self) -> Iterable[str]:
        """Return the names of the filters, and those of every address."""
        return (*self.filter_names(), *super().parameter_names())

    def query(self, pk: int | None = None) -> Query:
        """Return what is asked; raises NotFound where there is no such parent."""
        within: Mapping[str, int] = {}
        if self.parent is not None and pk is not None:
            within = {self.parent_name: self.found(pk, self.parent).pk}
        query = self.query_class(
            self.request.query_params, self.get_queryset(), within=within
        )
        # Refused now, and not where it is used first.
        _ = query.asked
        return query


class List(Asked):
    """Rows, page by page."""

    pagination_class: type[Pages]

    def parameter_names(self) -> Iterable[str]:
        """Return the names of the filters, and those that pages have."""
        return (*super().parameter_names(), *self.pagination_class.parameters)

    def get(self, request: Request, pk: int | None = None) -> Any:
        """Return a page of rows."""
        return self.paged(self.query(pk))

    def paged(self, query: Query) -> Response:
        """Return a page of the rows that a query chooses."""
        pages: Any = self.paginator
        rows = pages.page(query, self.request)
        context = {
            **self.get_serializer_context(),
            "fields": query.asked.get("fields"),
        }
        serializer = self.get_serializer_class()(rows, many=True, context=context)
        return self.get_paginated_response(serializer.data)


class ShortList(List):
    """A list of thousands, paged by number."""

    pagination_class = NumberedPages


class LongList(List):
    """A list of millions, paged by cursor."""

    pagination_class = CursorPages


def tagged[View: type[ApiView]](view: View) -> View:
    """Give a view's answers an ETag; who sends it again is told if nothing changed."""
    view.is_tagged = True
    decorated: View = method_decorator(conditional_page, name="dispatch")(view)
    return decorated
