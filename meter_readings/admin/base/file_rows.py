"""The admin of what stands in files: long tables, by time or file by file."""

from __future__ import annotations

from collections.abc import Sequence

from django.contrib.admin.views.main import SEARCH_VAR
from django.db.models import Q
from django.http import HttpRequest

from meter_readings.queries.keyset import Ordering

from .changelist import BoundedChangeList, Way
from .filters import FlowFileFilter, chosen
from .read_only import ReadOnlyAdmin


class FileRowAdmin(ReadOnlyAdmin):
    """Base of these: an order for all, and one for what stands in one file."""

    order: Ordering = ("-pk",)
    ordering_within_file: Ordering = ("flow_file_id", "line_number")
    # Whether it is so little that any order will do
    is_small_per_file = False

    # Any other order would sort the whole table.
    sortable_by = ()

    def get_ordering(self, request: HttpRequest) -> Ordering:
        """Return an order that an index has: by time, or a file's own."""
        is_of_file = FlowFileFilter.parameter_name in request.GET
        return self.ordering_within_file if is_of_file else self.order

    def lookup_allowed(self, lookup: str, value: str, request: HttpRequest) -> bool:
        """Allow plain questions about columns; objects are chosen by filters."""
        name = lookup.partition("__")[0]
        is_relation = any(
            field.is_relation and field.name == name for field in self.opts.get_fields()
        )
        is_filter = lookup == name
        return (is_filter or not is_relation) and super().lookup_allowed(
            lookup, value, request
        )

    def ways(self, request: HttpRequest, changes: BoundedChangeList) -> Sequence[Way]:
        """Return the way through one file, or through all; what is found is little."""
        if request.GET.get(SEARCH_VAR, "").strip():
            return []
        name = FlowFileFilter.parameter_name
        if file := chosen(changes).get(name):
            order = () if self.is_small_per_file else self.ordering_within_file
            return [Way(file.condition(), order, {name})]
        return [Way(Q(), self.order, frozenset())]
