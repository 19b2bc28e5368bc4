"""Change lists that scan a limited number of rows of a large table.

One index answers one filter in the order of the list. Other filters have to test row
by row, which takes minutes in a table of ten million rows. A change list therefore
follows one access path through the table for a limited number of rows, and shows where
it stopped and a link to continue.
"""

from __future__ import annotations

from collections.abc import Sequence, Set
from functools import partial
from typing import Any, NamedTuple, cast

from django.contrib.admin.views.main import SEARCH_VAR, ChangeList
from django.db import connection
from django.db.models import Model, Q, QuerySet
from django.db.models.expressions import Combinable
from django.db.models.sql.datastructures import BaseTable
from django.http import HttpRequest
from django.utils.formats import date_format
from django.utils.timezone import localtime

from meter_readings.queries.keyset import Ordering, column_names, position_of, up_to_q

# Rows scanned for one page. With this many, a page of a table of a million readings
# takes at most three times as long as a page of an empty table.
SCAN_LIMIT = 2_000

# The limit is multiplied by this where the user asks to search more.
_SCAN_MORE_FACTOR = 10

# The limit is multiplied by this where the only filter tested row by row matches most
# rows: the pages are full long before.
_MOST_ROWS_FACTOR = 5

# The lines of one file; no two rows have the same.
FILE_ORDERING = "flow_file_id", "line_number"

# A limit that is never reached. PostgreSQL plans a subquery by itself if it has one.
_NO_LIMIT = 10_000_000

# The query parameter with the primary key of the row after which the list continues
AFTER_VAR = "after"


class AccessPath(NamedTuple):
    """The rows of a table that meet a condition, in the order of an index.

    The ordering is all ascending or all descending; it is empty if the rows are few.
    `covered_params` are the query parameters that the condition answers.
    `partial_index_condition` repeats the condition of a partial index, word for word.
    """

    condition: Q
    ordering: Ordering
    covered_params: Set[str]
    partial_index_condition: Q = Q()

    @property
    def index_hint(self) -> Q:
        """The condition without which SQLite does not use the partial index.

        PostgreSQL infers that it may use the index; repeating the condition would make
        it expect far fewer rows than there are.
        """
        is_sqlite = connection.vendor == "sqlite"
        return self.partial_index_condition if is_sqlite else Q()


class BoundedChangeList(ChangeList):
    """A change list that scans no more than `scan_limit` rows.

    `unbounded_queryset` has all rows that match; `queryset` has those of them that are
    among the rows scanned.
    """

    unbounded_queryset: QuerySet
    # The last row scanned; None if all were.
    last_scanned: Model | None = None
    scan_limit = SCAN_LIMIT
    scan_more_factor = _SCAN_MORE_FACTOR

    def get_ordering(
        self, request: HttpRequest, queryset: QuerySet
    ) -> list[str | Combinable]:
        """Return the ordering; that of the lines of a file needs no key after it.

        Django adds one, because a reading that a user entered has no file.
        """
        ordering = super().get_ordering(request, queryset)
        is_of_file = ordering[:2] == [*FILE_ORDERING]
        return ordering[:2] if is_of_file else ordering

    def get_results(self, request: HttpRequest) -> None:
        self.unbounded_queryset = self.queryset
        if AFTER_VAR in self.get_filters_params():
            self.scan_limit *= self.scan_more_factor
        paths: Sequence[AccessPath] = cast(Any, self.model_admin).access_paths(
            request, self
        )
        if paths:
            self.queryset = self._scan(paths)
        if self.last_scanned:
            self._narrow()
        super().get_results(request)

    @property
    def last_scanned_text(self) -> str:
        return position_text(self.last_scanned, self.queryset.query.order_by)

    @property
    def scan_more_query_string(self) -> str:
        return self.get_query_string({AFTER_VAR: cast(Model, self.last_scanned).pk})

    def _narrow(self) -> None:
        """Select a few rows by their keys, so that counting does not scan again."""
        keys = self.queryset.values_list("pk", flat=True)[: self.list_per_page + 1]
        found = list(keys)
        if len(found) <= self.list_per_page:
            ordering = self.queryset.query.order_by
            self.queryset = self.root_queryset.filter(pk__in=found).order_by(*ordering)
            self.queryset = self.apply_select_related(self.queryset)

    def _scan(self, paths: Sequence[AccessPath]) -> QuerySet:
        """Return the matching rows on the best of these paths.

        The first path has the order of the list. Others with that order are descending.
        """
        for path in paths:
            if not path.ordering:
                rows = self.root_queryset.filter(path.condition).order_by()
                return from_subquery(self.queryset, rows[:_NO_LIMIT])
        uncovered = [
            self._active_params(path.ordering) - path.covered_params for path in paths
        ]
        for path, names in zip(paths, uncovered):
            if not names:
                found: QuerySet = self.queryset.filter(path.index_hint)
                return found
        ordering = paths[0].ordering
        most_rows = self._params_of_most_rows
        dense = [path for path, names in zip(paths, uncovered) if names <= most_rows]
        if dense:
            self.scan_limit *= _MOST_ROWS_FACTOR
        ends = [(path, self._scan_end(path)) for path in dense or paths]
        path, self.last_scanned = min(
            ends, key=partial(_path_sort_key, ordering=ordering)
        )
        if self._use_range_condition(path) and path.ordering == ordering:  # sqlite only
            # SQLite would sort the result of a subquery.
            in_range: QuerySet = self.queryset.filter(
                path.index_hint, _up_to(self.last_scanned, path.ordering)
            )
            return in_range
        return from_subquery(self.queryset, self._rows(path)[: self.scan_limit])

    def _active_params(self, ordering: Ordering) -> Set[str]:
        """Return the query parameters with a condition that the ordering lacks.

        A range of the ordering is no such condition.
        """
        conditions = {
            spec.parameter_name: spec.get_q()
            for spec in self._q_filters
            if spec.range_ordering != ordering
        }
        filters = {name for name, condition in conditions.items() if condition}
        names = {spec.parameter_name for spec in self._q_filters}
        params = self.get_filters_params().items()
        others = {name for name, values in params if any(values)} - names
        return filters | others | ({SEARCH_VAR} if self.query.strip() else set())

    @property
    def _q_filters(self) -> list[Any]:
        return [spec for spec in self.filter_specs if hasattr(spec, "get_q")]

    @property
    def _params_of_most_rows(self) -> Set[str]:
        return {s.parameter_name for s in self._q_filters if s.matches_most_rows}

    def _range_filters(self, ordering: Ordering) -> list[Any]:
        """Return the filters that select a range of the ordering."""
        return [spec for spec in self._q_filters if spec.range_ordering == ordering]

    def _rows(self, path: AccessPath) -> QuerySet:
        ranges = [spec.get_q() for spec in self._range_filters(path.ordering)]
        rows = self.root_queryset.filter(path.condition, path.index_hint, *ranges)
        return rows.order_by(*path.ordering)

    def _use_range_condition(self, path: AccessPath) -> bool:
        """Return whether a range of the ordering takes the place of a subquery.

        Not in a part of the rows of one file: SQLite would find them by the file alone
        and read on to the end of the file.
        """
        is_file_part = self.last_scanned and path.ordering == FILE_ORDERING
        return connection.vendor == "sqlite" and not is_file_part

    def _scan_end(self, path: AccessPath) -> Model | None:
        """Return the last row within the scan limit; None if no row comes after it."""
        rows = self._rows(path).only(*column_names(path.ordering))
        last = self.scan_limit - 1
        last_and_next = list(rows[last : last + 2])
        return last_and_next[0] if len(last_and_next) == 2 else None


def _path_sort_key(
    end: tuple[AccessPath, Model | None], *, ordering: Ordering
) -> tuple[Any, ...]:
    """Sort a path that ends within the limit first, then the one that goes furthest.

    Paths in another order than the list come last.
    """
    path, last_row = end
    if last_row is None:
        return (0,)
    if path.ordering != ordering:
        return (2,)
    return (1, *position_of(last_row, ordering))


def _up_to(row: Model | None, ordering: Ordering) -> Q:  # sqlite only
    return Q() if row is None else up_to_q(ordering, position_of(row, ordering))


def from_subquery(queryset: QuerySet, rows: QuerySet) -> QuerySet:
    """Return the queryset, which selects from the rows of another query.

    The subquery replaces the table in the FROM clause, so that no other index is used.
    """
    selected = queryset.all()
    table = selected.query.get_initial_alias()
    # Django has no public way to select from a subquery. With a condition on `pk__in`
    # instead, PostgreSQL tests the filters on the whole table: 13 ms, not 1 ms, with
    # 100,000 readings, and more with every reading.
    selected.query.alias_map[table] = _SubqueryTable(table, rows)
    return selected


class _SubqueryTable(BaseTable):
    """A subquery with the alias of its table."""

    def __init__(self, table: str, rows: QuerySet) -> None:
        super().__init__(table, table)
        self._rows = rows

    def as_sql(self, compiler: Any, connection: Any) -> tuple[str, Any]:
        sql, parameters = self._rows.query.get_compiler(connection=connection).as_sql()
        return f"({sql}) {compiler.quote_name(self.table_alias)}", parameters


def position_text(row: Any, ordering: Ordering) -> str:
    """Return the position of a row in words: its time, its line or its number."""
    match column_names(ordering):
        case [("read_at" | "at") as time, *_]:
            return date_format(localtime(getattr(row, time)), "j F Y H:i:s")
        case [*_, "line_number"]:
            return f"line {row.line_number:,}"
        case _:
            return f"number {row.pk:,}"
