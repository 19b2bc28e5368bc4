"""Pagination: page numbers for short lists, keyset pagination for long ones.

No page reads more than a bounded number of rows, however large the table is.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from functools import cached_property
from itertools import islice
from typing import Any, cast

from django.core.exceptions import ValidationError as InvalidValue
from django.core.paginator import Paginator
from django.db.models import Field, Q, QuerySet
from rest_framework import pagination
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.utils.urls import replace_query_param

from meter_readings.d0010 import YEARS
from meter_readings.queries.failed_reads import Position
from meter_readings.queries.keyset import after_q, column_names, position_of

from .filtersets.base import ListFilterSet
from .query_parameters import MAX_ID, parameter_error, positive_integer
from .scans import Scan, scans

PAGE_SIZE, MAX_PAGE_SIZE = 100, 1000

# How many rows of a long list a page scans for filters that no index answers
MAX_SCANNED = 20_000

# How many rows of a short list are counted and can be paged through.
MAX_COUNT = 10_000

_MAX_CURSOR_LENGTH = 400

_PAGE_SIZE_PARAMETER = {
    "name": "page_size",
    "in": "query",
    "description": "Number of rows per page.",
    "schema": {
        "type": "integer",
        "minimum": 1,
        "maximum": MAX_PAGE_SIZE,
        "default": PAGE_SIZE,
    },
}


def _link_schema(description: str) -> dict[str, Any]:
    return {
        "type": ["string", "null"],
        "format": "uri",
        "description": description,
        "example": None,
    }


def _page_schema(**properties: dict[str, Any]) -> dict[str, Any]:
    return {
        "type": "object",
        "required": list(properties),
        "properties": properties,
    }


class _BoundedPaginator(Paginator):
    """Counts up to MAX_COUNT rows and has no pages after them."""

    object_list: QuerySet

    @cached_property
    def _counted(self) -> int:
        return self.object_list.order_by()[: MAX_COUNT + 1].count()

    @property
    def count(self) -> int:
        return min(self._counted, MAX_COUNT)

    @property
    def is_exact(self) -> bool:
        return self._counted <= MAX_COUNT


class PageNumberPagination(pagination.PageNumberPagination):
    """Numbered pages for lists of thousands: flow files and import jobs."""

    django_paginator_class = _BoundedPaginator
    page_size = PAGE_SIZE
    page_size_query_param = "page_size"
    template = None
    parameter_names = ("page", "page_size")

    def get_page_size(self, request: Request) -> int:
        return positive_integer(
            request.query_params, "page_size", default=PAGE_SIZE, maximum=MAX_PAGE_SIZE
        )

    def get_page_number(self, request: Request, paginator: Paginator) -> int:
        return positive_integer(request.query_params, "page", default=1, maximum=MAX_ID)

    def get_paginated_response(self, data: Any) -> Response:
        response = super().get_paginated_response(data)
        count, *others = response.data.items()
        paginator = cast(Any, self.page).paginator
        exact = ("count_is_exact", paginator.is_exact)
        response.data = dict([count, exact, *others])
        return response

    def get_paginated_response_schema(self, schema: dict[str, Any]) -> dict[str, Any]:
        return _page_schema(
            count={
                "type": "integer",
                "minimum": 0,
                "maximum": MAX_COUNT,
                "description": "Number of matching rows; no page goes further.",
                "example": 1,
            },
            count_is_exact={
                "type": "boolean",
                "description": "False if more rows match than `count`.",
                "example": True,
            },
            next=_link_schema("URL of the next page; null on the last one."),
            previous=_link_schema("URL of the page before; null on the first one."),
            results=schema,
        )

    def get_schema_operation_parameters(self, view: Any) -> list[dict[str, Any]]:
        page = {
            "name": "page",
            "in": "query",
            "description": "Page number.",
            "schema": {
                "type": "integer",
                "minimum": 1,
                "maximum": MAX_ID,
                "default": 1,
            },
        }
        return [page, _PAGE_SIZE_PARAMETER]


class KeysetPagination(pagination.BasePagination):
    """Cursor pages for lists of millions of rows.

    A cursor holds the position of the last row of a page in the ordering, so rows that
    are imported later do not move the pages after it. Django REST framework's
    CursorPagination needs an offset where several rows have the same time.

    If filters remain that no index answers, a page scans a limited number of rows.
    It may then have fewer rows than asked for, even none, and still a next page.
    """

    parameter_names = ("cursor", "page_size")

    def paginate_queryset(
        self, queryset: Any, request: Request, view: Any = None
    ) -> list[Any]:
        """Return the rows after the cursor; raises ValidationError."""
        self._request = request
        filterset: ListFilterSet = view.filterset
        ordering = filterset.ordering_columns
        size = positive_integer(
            request.query_params, "page_size", default=PAGE_SIZE, maximum=MAX_PAGE_SIZE
        )
        after = Q()
        if cursor := request.query_params.get("cursor"):
            after = after_q(ordering, _decode_cursor(cursor, filterset))
        page: list[Any] = []
        ranges: Iterable[Scan] = [Scan(after)]
        if filterset.unindexed_filters:
            ranges = scans(filterset, max_rows=MAX_SCANNED, after=after)
        for scan in ranges:
            page += queryset.filter(scan.condition)[: size + 1 - len(page)]
            end = scan.end
            if len(page) > size or (len(page) == size and end is not None):
                end = position_of(page[size - 1], ordering)
                break
        self._next_cursor = None if end is None else _encode_cursor(end, filterset)
        return page[:size]

    def get_paginated_response(self, data: Any) -> Response:
        """Return a page with the URL of the next one."""
        next_link = None
        if self._next_cursor is not None:
            url = self._request.build_absolute_uri()
            next_link = replace_query_param(url, "cursor", self._next_cursor)
        return Response({"next": next_link, "results": data})

    def get_paginated_response_schema(self, schema: dict[str, Any]) -> dict[str, Any]:
        return _page_schema(
            next=_link_schema("URL of the next page; null on the last one."),
            results=schema,
        )

    def get_schema_operation_parameters(self, view: Any) -> list[dict[str, Any]]:
        cursor = {
            "name": "cursor",
            "in": "query",
            "description": "Start of the page, as `next` of the page before gives it.",
            "schema": {
                "type": "string",
                "pattern": "^[A-Za-z0-9_-]+$",
                "maxLength": _MAX_CURSOR_LENGTH,
            },
        }
        return [cursor, _PAGE_SIZE_PARAMETER]


class FailedReadPagination(KeysetPagination):
    """Cursor pages of failed reads, whose position is the day and the MPAN."""

    def paginate_queryset(
        self, queryset: Any, request: Request, view: Any = None
    ) -> list[Any]:
        """Return the failed reads after the cursor; raises ValidationError.

        `queryset` is a function from a position to the failed reads after it.
        """
        self._request = request
        size = positive_integer(
            request.query_params, "page_size", default=PAGE_SIZE, maximum=MAX_PAGE_SIZE
        )
        after = None
        if cursor := request.query_params.get("cursor"):
            try:
                after = Position.parse(cursor)
            except ValueError as error:
                raise _cursor_error() from error
        page = list(islice(queryset(after), size + 1))
        self._next_cursor = str(page[size - 1].position) if page[size:] else None
        return page[:size]


# Cursors: base64 of the JSON list [name of the ordering, values of its columns].


def _encode_cursor(position: Sequence[Any], filterset: ListFilterSet) -> str:
    data = json.dumps([filterset.ordering_name, *map(str, position)])
    return base64.urlsafe_b64encode(data.encode()).decode().rstrip("=")


def _decode_cursor(text: str, filterset: ListFilterSet) -> tuple[Any, ...]:
    """Return the position in a cursor; raises ValidationError."""
    meta = filterset.queryset.model._meta
    fields = [meta.get_field(name) for name in column_names(filterset.ordering_columns)]
    try:
        if len(text) > _MAX_CURSOR_LENGTH:
            raise ValueError("The cursor is too long.")
        padded = text.encode("ascii") + b"=" * (-len(text) % 4)
        name, *values = json.loads(base64.b64decode(padded, b"-_", validate=True))
        if name != filterset.ordering_name:
            raise ValueError("The cursor belongs to another ordering.")
        return tuple(_to_python(*pair) for pair in zip(fields, values, strict=True))
    except (ValueError, TypeError, RecursionError, InvalidValue) as error:
        raise _cursor_error() from error


def _cursor_error() -> ValidationError:
    return parameter_error("cursor", "Take it from `next` unchanged.")


def _to_python(field: Field, text: Any) -> Any:
    """Return a value in the range of the column; raises ValueError."""
    # Neither a lone surrogate, which cannot be encoded, nor a null can be stored.
    if not isinstance(text, str) or b"\0" in text.encode():
        raise ValueError("The value is not text.")
    value = field.to_python(text)
    if isinstance(value, int) and not 0 <= value <= MAX_ID:
        raise ValueError("The number is out of range.")
    if isinstance(value, datetime):
        if value.tzinfo is None or value.year not in YEARS:
            raise ValueError("The time is out of range.")
        # PostgreSQL rejects some offsets that Python accepts.
        return value.astimezone(UTC)
    return value
