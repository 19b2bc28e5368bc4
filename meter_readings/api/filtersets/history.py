"""Filter sets of latest readings and advances."""

from __future__ import annotations

from django.db.models import QuerySet

from .base import ListFilterSet
from .filters import BooleanFilter, FromFilter, MpanListFilter, TextFilter, ToFilter


class LatestReadingsFilterSet(ListFilterSet):
    """Filters of latest readings: meter points by their MPANs."""

    mpan = MpanListFilter(
        "meter__meter_point__mpan",
        lookup_expr="in",
        required=True,
        help_text="MPANs, separated by commas.",
    )
    include_removed = BooleanFilter(
        method="filter_nothing",
        help_text="Whether to list registers of removed meters, whose latest reading is"
        " a final one (type F); `false` by default.",
    )

    def filter_nothing(self, queryset: QuerySet, name: str, value: bool) -> QuerySet:
        """Leave the selection to the query of registers."""
        return queryset


class AdvancesFilterSet(ListFilterSet):
    """Filters of the advances at a meter point."""

    meter_serial = TextFilter(
        "meter__serial_number",
        max_length=20,
        help_text="Whole serial number of the meter.",
    )
    register_id = TextFilter(max_length=2, help_text="Meter register id (J0010).")
    date_from = FromFilter(
        "read_at",
        help_text="Between readings from then on; by default the latest 13 months.",
    )
    date_to = ToFilter("read_at", help_text="Up to readings of then.")
