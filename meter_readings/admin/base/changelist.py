"""How far a list looks through a large table.

An index answers one question in the order of the list. What else is asked has to be
looked for row by row, and nobody waits until ten million are looked through. So a list
takes one way through the table, goes a limited number of rows along it, and says where
it stopped and how to go on.
"""

from __future__ import annotations

from collections.abc import Sequence, Set
from functools import partial
from typing import Any, NamedTuple, cast

from django.contrib.admin.views.main import SEARCH_VAR, ChangeList
from django.db import connection
from django.db.models import Model, Q, QuerySet
from django.db.models.sql.datastructures import BaseTable
from django.http import HttpRequest
from django.utils.formats import date_format
from django.utils.timezone import localtime

from meter_readings.queries.keyset import Ordering, column_names, position_of, up_to_q

# How many rows a list looks through: so few that a page with a million readings is at
# most three times as long in coming as with none.
SCAN_LIMIT = 2_000

# How many times as many where a person asks to look further: a longer page by choice.
_FURTHER_AT_A_TIME = 25

# More than a few: a limit that is never reached. A query inside another is planned for
# itself if it has a limit.
_ALL_OF_A_FEW = 10_000_000

# What the list goes on after, in its address
FURTHER = "after"


class Way(NamedTuple):
    """A way through a table: the rows that meet a condition, in an index's order.

    The order is all descending or all ascending; none says that the rows are few.
    `answers` are the names in a list's address that the condition speaks of. `of_index`
    is the condition of a partial index, in its own words: SQLite takes it by no others.
    PostgreSQL draws the conclusion itself; told twice, it would expect far fewer rows
    than there are.
    """

    condition: Q
    order: Ordering
    answers: Set[str]
    of_index: Q = Q()

    @property
    def hint(self) -> Q:
        """Return what a query must say so that the index is taken."""
        return self.of_index if connection.vendor == "sqlite" else Q()


class BoundedChangeList(ChangeList):
    """A list that looks through no more rows than it can in a moment.

    `everything` is what its address asks for; `queryset` is what it shows of that.
    """

    everything: QuerySet
    # The furthest row looked at, where there are more beyond it.
    reached: Model | None = None
    looked_through = SCAN_LIMIT
    scan_more_factor = _FURTHER_AT_A_TIME

    def get_results(self, request: HttpRequest) -> None:
        """Take one of the ways there are, and show what is found along it."""
        self.everything = self.queryset
        if FURTHER in self.get_filters_params():
            self.looked_through *= self.scan_more_factor
        ways: Sequence[Way] = cast(Any, self.model_admin).ways(request, self)
        if ways:
            self.queryset = self._found_along(ways)
        super().get_results(request)

    @property
    def last_scanned_text(self) -> str:
        """Return how far the list looked, in words."""
        return place(self.reached, self.queryset.query.order_by)

    @property
    def scan_more_query_string(self) -> str:
        """Return the address's question for what comes after that."""
        return self.get_query_string({FURTHER: cast(Model, self.reached).pk})

    def _found_along(self, ways: Sequence[Way]) -> QuerySet:
        """Return the rows found along the best way; the first is in the list's order.

        Where there are several in its order, that order is descending.
        """
        for way in ways:
            if not way.order:
                rows = self.root_queryset.filter(way.condition).order_by()
                return within(self.queryset, rows[:_ALL_OF_A_FEW])
        for way in ways:
            if self._asked(way.order) <= way.answers:
                found: QuerySet = self.queryset.filter(way.hint)
                return found
        ends = [(way, self._end(way)) for way in ways]
        way, self.reached = min(ends, key=partial(_worth, order=ways[0].order))
        if _finds_stretches(way) and way.order == ways[0].order:  # sqlite only
            # It would sort what is found inside, and takes no other way than is asked.
            stretch = _as_far_as(self.reached, way.order)
            stretched: QuerySet = self.queryset.filter(way.hint, stretch)
            return stretched
        return within(self.queryset, self._rows(way)[: self.looked_through])

    def _asked(self, order: Ordering) -> Set[str]:
        """Return what is asked for beside where on a way the list begins and ends."""
        ranges = {name for spec in self._ranges(order) for name in _names(spec)}
        asked = self.get_filters_params().keys() - ranges
        return asked | {SEARCH_VAR} if self.query.strip() else asked

    def _ranges(self, order: Ordering) -> list[Any]:
        return [
            spec
            for spec in self.filter_specs
            if getattr(spec, "ranges_over", None) == order
        ]

    def _rows(self, way: Way) -> QuerySet:
        ranges = [spec.condition() for spec in self._ranges(way.order)]
        rows = self.root_queryset.filter(way.condition, way.hint, *ranges)
        return rows.order_by(*way.order)

    def _end(self, way: Way) -> Model | None:
        """Return the furthest row to be looked at, unless all are."""
        last = self.looked_through - 1
        rows = list(self._rows(way).only(*column_names(way.order))[last : last + 2])
        return rows[0] if len(rows) == 2 else None


def _worth(end: tuple[Way, Model | None], *, order: Ordering) -> tuple[Any, ...]:
    """Return what sorts ways: through all rows, then in the list's order, furthest."""
    way, row = end
    if row is None:
        return (0,)
    if way.order != order:
        return (2,)
    return (1, *position_of(row, order))


def _finds_stretches(way: Way) -> bool:
    """Return whether what lies up to a row is best asked for by saying so.

    Of one file, SQLite would go by its number alone, and to its end.
    """
    return connection.vendor == "sqlite" and way.order[0] != "flow_file_id"


def _as_far_as(row: Model | None, order: Ordering) -> Q:  # sqlite only
    return Q() if row is None else up_to_q(order, position_of(row, order))


def within(queryset: QuerySet, rows: QuerySet) -> QuerySet:
    """Return a query that looks for its rows among those that another finds.

    The other stands in the place of the table, so that no planner looks elsewhere.
    """
    inside = queryset.all()
    table = inside.query.get_initial_alias()
    inside.query.alias_map[table] = _Found(table, rows)
    return inside


def place(row: Any, order: Ordering) -> str:
    """Return where in an order a row is, in words."""
    match column_names(order):
        case ["read_at", *_]:
            return date_format(localtime(row.read_at), "j F Y H:i:s")
        case [*_, "line_number"]:
            return f"line {row.line_number:,}"
        case _:
            return f"number {row.pk:,}"


def _names(spec: Any) -> list[str]:
    return list(spec.expected_parameters())


class _Found(BaseTable):
    """Rows that a query finds, under the name of their table."""

    def __init__(self, table: str, rows: QuerySet) -> None:
        super().__init__(table, table)
        self._rows = rows

    def as_sql(self, compiler: Any, connection: Any) -> tuple[str, Any]:
        """Return the query in parentheses, and the name."""
        inner = self._rows.query.get_compiler(connection=connection)
        sql, parameters = inner.as_sql()
        return f"({sql}) {compiler.quote_name(self.table_alias)}", parameters
