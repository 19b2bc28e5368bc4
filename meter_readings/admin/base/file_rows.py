"""Read-only admin of rows from flow files: all rows by time, or one file's by line."""

from __future__ import annotations

from collections.abc import Sequence

from django.contrib.admin.views.main import SEARCH_VAR
from django.db.models import Q
from django.http import HttpRequest

from meter_readings.queries.keyset import Ordering

from .changelist import FILE_ORDERING, AccessPath, BoundedChangeList
from .filters import FlowFileFilter, active_filters
from .read_only import ReadOnlyAdmin


class FileRowAdmin(ReadOnlyAdmin):
    """Base class with one ordering for all rows and another for those of one file."""

    default_ordering: Ordering = ("-pk",)
    ordering_within_file: Ordering = FILE_ORDERING
    # Whether a file has so few rows that they can be sorted.
    is_small_per_file = False

    # Any other order would sort the whole table.
    sortable_by = ()

    def get_ordering(self, request: HttpRequest) -> Ordering:
        is_of_file = FlowFileFilter.parameter_name in request.GET
        return self.ordering_within_file if is_of_file else self.default_ordering

    def may_be_stale(self, request: HttpRequest) -> bool:
        """Read the rows of one file from the primary, as the page of the file."""
        is_of_file = FlowFileFilter.parameter_name in request.GET
        return not is_of_file and super().may_be_stale(request)

    def lookup_allowed(self, lookup: str, value: str, request: HttpRequest) -> bool:
        """Allow lookups on columns; related objects are selected by filters only."""
        name = lookup.partition("__")[0]
        is_relation = any(
            field.is_relation and field.name == name for field in self.opts.get_fields()
        )
        is_filter = lookup == name
        return (is_filter or not is_relation) and super().lookup_allowed(
            lookup, value, request
        )

    def access_paths(
        self, request: HttpRequest, changelist: BoundedChangeList
    ) -> Sequence[AccessPath]:
        """Return the path through one file or through all rows; none for a search.

        A search finds few rows.
        """
        if request.GET.get(SEARCH_VAR, "").strip():
            return []
        name = FlowFileFilter.parameter_name
        if file_filter := active_filters(changelist).get(name):
            ordering = () if self.is_small_per_file else self.ordering_within_file
            return [AccessPath(file_filter.get_q(), ordering, {name})]
        return [AccessPath(Q(), self.default_ordering, frozenset())]
