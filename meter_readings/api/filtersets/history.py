"""Filter sets of latest readings and advances."""

from __future__ import annotations

from .base import ListFilterSet
from .filters import FromFilter, MpanListFilter, TextFilter, ToFilter


class LatestReadingsFilterSet(ListFilterSet):
    """Filters of latest readings: meter points by their MPANs."""

    mpan = MpanListFilter("MPANs, separated by commas.", "meter__meter_point__mpan")


class AdvancesFilterSet(ListFilterSet):
    """Filters of the advances at a meter point."""

    meter_serial = TextFilter(
        20, "Whole serial number of the meter.", "meter__serial_number"
    )
    register_id = TextFilter(2, "Meter register id (J0010).")
    date_from = FromFilter(
        "Between readings from then on; by default the latest thirteen months.",
        "read_at",
    )
    date_to = ToFilter("Up to readings of then.", "read_at")
