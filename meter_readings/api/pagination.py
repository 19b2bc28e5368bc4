"""How much of a list comes at once: by number where it is short, by cursor elsewhere.

No page costs more than a bounded number of rows, however many there are. A cursor
stands at a row: what is imported meanwhile moves nothing that is still to come.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Sequence
from typing import Any, NamedTuple, cast

from django.core.exceptions import ValidationError as ImpossibleValue
from django.db.models import Field, QuerySet
from rest_framework.exceptions import NotFound
from rest_framework.pagination import BasePagination
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.utils.urls import replace_query_param

from meter_readings.d0010 import YEARS
from meter_readings.queries.keyset import (
    Ordering,
    beyond,
    column_names,
    position_of,
    up_to,
)

from .errors import Problem
from .parameters import LARGEST_ID
from .query import Query, refusal

PAGE_SIZE, LARGEST_PAGE = 100, 1000

# How many rows a page by cursor looks through where no index answers all that is asked.
WINDOW = 10_000
# How far pages by number go, and how far their rows are counted.
MAX_EXACT_COUNT = 10_000

_LONGEST_CURSOR = 400

_PAGE_SIZE_PARAMETER = {
    "name": "page_size",
    "in": "query",
    "description": "How many rows to send at most.",
    "schema": {
        "type": "integer",
        "minimum": 1,
        "maximum": LARGEST_PAGE,
        "default": PAGE_SIZE,
    },
}
_NEXT = {
    "type": ["string", "null"],
    "format": "uri",
    "description": "Where the next page is; null on the last one.",
}


class NoSuchPage(Problem):
    """The cursor stands at no row of this list."""

    status_code = 404
    default_detail = "No page begins there: take the cursor from next as it is."


class Pages(BasePagination):
    """What both ways have in common. `parameters` are the names they take."""

    parameters: tuple[str, ...]

    @staticmethod
    def size(request: Request) -> int:
        """Return how many rows are asked for."""
        return _whole_number(request, "page_size", PAGE_SIZE, LARGEST_PAGE)


def _whole_number(request: Request, name: str, default: int, most: int) -> int:
    """Return a parameter that is a number from 1 on."""
    text = request.query_params.get(name)
    if text is None:
        return default
    # No more digits than the largest number has: reading many takes long.
    is_number = text.isascii() and text.isdecimal() and len(text) <= len(str(most))
    if not is_number or not 1 <= int(text) <= most:
        raise refusal(name, f"Give a whole number from 1 to {most}.")
    return int(text)


# By number


class NumberedPages(Pages):
    """For lists of thousands: files and attempts."""

    parameters = ("page", "page_size")

    def page(self, query: Query, request: Request) -> list[Any]:
        """Return the rows of a page; raises NotFound beyond the last one."""
        self._request = request
        matching = query.matching(query.rows)
        counted = matching.order_by()[: MAX_EXACT_COUNT + 1].count()
        self._is_exact = counted <= MAX_EXACT_COUNT
        self._count = min(counted, MAX_EXACT_COUNT)
        self._number = _whole_number(request, "page", 1, LARGEST_ID)
        size = self.size(request)
        start = (self._number - 1) * size
        self._has_next = start + size < self._count
        if start and start >= self._count:
            raise NotFound
        return list(query.in_order(matching)[start : min(start + size, self._count)])

    def get_paginated_response(self, data: Any) -> Response:
        """Return a page with the addresses of its neighbours."""
        return Response(
            {
                "count": self._count,
                "count_is_exact": self._is_exact,
                "next": self._address(self._number + 1) if self._has_next else None,
                "previous": (
                    self._address(self._number - 1) if self._number > 1 else None
                ),
                "results": data,
            }
        )

    def _address(self, number: int) -> str:
        address = self._request.build_absolute_uri()
        return replace_query_param(address, "page", number)

    def get_schema_operation_parameters(self, view: Any) -> list[dict[str, Any]]:
        """Return the parameters for the schema."""
        page = {
            "name": "page",
            "in": "query",
            "description": "The number of the page.",
            "schema": {
                "type": "integer",
                "minimum": 1,
                "maximum": LARGEST_ID,
                "default": 1,
            },
        }
        return [page, _PAGE_SIZE_PARAMETER]

    def get_paginated_response_schema(self, schema: dict[str, Any]) -> dict[str, Any]:
        """Return what a page looks like."""
        return _object(
            count={
                "type": "integer",
                "minimum": 0,
                "maximum": MAX_EXACT_COUNT,
                "description": "How many rows match; pages go no further.",
                "example": 1,
            },
            count_is_exact={
                "type": "boolean",
                "description": "False where there are more rows than `count`.",
                "example": True,
            },
            next=_NEXT | {"example": None},
            previous=_NEXT
            | {
                "description": "Where the page before is; null on the first one.",
                "example": None,
            },
            results=schema,
        )


# By cursor


class CursorPages(Pages):
    """For lists of millions.

    Where a filter looks through rows, a page looks through so many and no more: it may
    have fewer rows than were asked for, even none, and yet a next page.
    """

    parameters = ("cursor", "page_size")

    def page(self, query: Query, request: Request) -> list[Any]:
        """Return the rows after the cursor."""
        self._request = request
        size = self.size(request)
        cursor = Cursor(query.order_name, query.order)
        reachable = query.indexed(query.rows)
        text = request.query_params.get("cursor")
        if text is not None:
            position = cursor.position(text, cursor.fields(query.rows))
            reachable = reachable.filter(beyond(query.order, position))
        end = None
        if query.is_narrowed:
            reachable, end = within_window(query, reachable, WINDOW)
        found = list(query.in_order(query.narrowed(reachable))[: size + 1])
        if len(found) > size:
            end = position_of(found[size - 1], query.order)
        self._next = cursor.text(end) if end is not None else None
        return found[:size]

    def get_paginated_response(self, data: Any) -> Response:
        """Return a page with the address of the one after it."""
        address = None
        if self._next is not None:
            address = replace_query_param(
                self._request.build_absolute_uri(), "cursor", self._next
            )
        return Response({"next": address, "results": data})

    def get_schema_operation_parameters(self, view: Any) -> list[dict[str, Any]]:
        """Return the parameters for the schema."""
        cursor = {
            "name": "cursor",
            "in": "query",
            "description": "Where a page begins: take it from `next` as it is.",
            "schema": {
                "type": "string",
                "pattern": "^[A-Za-z0-9_-]+$",
                "maxLength": _LONGEST_CURSOR,
            },
        }
        return [cursor, _PAGE_SIZE_PARAMETER]

    def get_paginated_response_schema(self, schema: dict[str, Any]) -> dict[str, Any]:
        """Return what a page looks like."""
        return _object(next=_NEXT | {"example": None}, results=schema)


class Cursor(NamedTuple):
    """The text that stands for a row's place in an order."""

    order_name: str
    order: Ordering

    def fields(self, rows: QuerySet) -> list[Field]:
        """Return the columns of the order as their model has them."""
        meta = rows.model._meta
        return [cast(Field, meta.get_field(name)) for name in column_names(self.order)]

    def text(self, position: Sequence[Any]) -> str:
        """Return a place as a text that fits into an address."""
        data = json.dumps([self.order_name, *map(str, position)])
        return base64.urlsafe_b64encode(data.encode()).decode().rstrip("=")

    def position(self, text: str, fields: list[Field]) -> tuple[Any, ...]:
        """Return the place that a text stands for; raises NoSuchPage."""
        try:
            padded = text.encode("ascii") + b"=" * (-len(text) % 4)
            data = base64.b64decode(padded, b"-_", validate=True)
            name, *values = json.loads(data)
            if name != self.order_name or len(text) > _LONGEST_CURSOR:
                raise ValueError("The cursor is of another list.")
            return tuple(_value(*pair) for pair in zip(fields, values, strict=True))
        except (ValueError, TypeError, RecursionError, ImpossibleValue) as error:
            raise NoSuchPage from error


def _value(field: Field, text: Any) -> Any:
    """Return a value that the column could have."""
    if not isinstance(text, str) or not text.isprintable():
        raise ValueError("No text.")
    value = field.to_python(text)
    if isinstance(value, int) and not 0 <= value <= LARGEST_ID:
        raise ValueError("No number of a row.")
    if hasattr(value, "utcoffset") and not (
        value.tzinfo is not None and value.year in YEARS
    ):
        raise ValueError("No time of the catalogue.")
    return value


def within_window(
    query: Query, rows: QuerySet, size: int
) -> tuple[QuerySet, tuple[Any, ...] | None]:
    """Return no more than the first `size` rows, and the place where they end.

    The end is None where they are all. The index alone is walked to find it; nothing
    is looked for where rows are few.
    """
    if query.is_few:
        return rows, None
    columns = column_names(query.order)
    places = rows.order_by(*query.order).values_list(*columns)
    end = cast(tuple[Any, ...] | None, places[size - 1 : size].first())
    return (rows, None) if end is None else (rows.filter(up_to(query.order, end)), end)


def _object(**properties: Any) -> dict[str, Any]:
    return {
        "type": "object",
        "required": list(properties),
        "properties": properties,
    }
