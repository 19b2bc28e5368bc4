"""Access paths of readings: the index along which a request reads the largest table.

All filters that the path does not apply only drop rows of it. The paths are:

* by meters, if the request names an MPAN, a serial number or a meter: all readings of
  at most MAX_METERS meters, sorted afterwards;
* by lines, if the ordering is by line number: those of one flow file;
* by file, if the ordering is by value: all readings of one file, sorted afterwards;
* by change, if the ordering is by the time of the latest change;
* by time otherwise: readings by `read_at`, between two dates if they are given, and if
  possible in a partial index, of readings that are rare.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any, NamedTuple

from django.db import connection
from django.db.models import BigIntegerField, F, Q
from django.db.models.functions import Coalesce

from meter_readings.d0010 import codes
from meter_readings.models import (
    ESTIMATED_Q,
    NOT_CURRENT_Q,
    NOT_ROUTINE_Q,
    NOT_VALIDATED_Q,
    VersionStatus,
    basis_q,
)

# The filters that name meters, and the columns of meters that they filter by.
METER_COLUMNS = {
    "mpan": "meter_point__mpan",
    "meter_serial": "serial_number",
    "meter": "pk",
    "meter_point": "meter_point_id",
}

# Columns whose indexes the query planner must not use, so that it starts with that of
# the access path. By its estimates it could prefer the index of the ordering, of the
# file or of the register, and scan all readings of other meters. COALESCE of a column
# with itself has the same value and no index, on SQLite and on PostgreSQL; Django has
# no index hints.
UNINDEXED = {
    "unindexed_read_at": Coalesce(F("read_at"), F("read_at")),
    # PostgreSQL tests the register in the index of the access path. SQLite does that
    # with the expression, too, and would sort if the column were constant.
    "unindexed_register_id": (
        F("register_id")
        if connection.vendor == "postgresql"
        else Coalesce(F("register_id"), F("register_id"))
    ),
    "unindexed_flow_file_id": Coalesce(
        F("flow_file_id"), F("flow_file_id"), output_field=BigIntegerField()
    ),
}
UNINDEXED_ORDERING = {
    "read_at": "unindexed_read_at",
    "-read_at": "-unindexed_read_at",
}

# The filters that a partial index answers unless the value is a frequent one, with that
# value and the condition of the index. The first that applies is used.
_PARTIAL_INDEXES = {
    "version_status": (VersionStatus.CURRENT, NOT_CURRENT_Q),
    "reading_type": (codes.ReadingType.ROUTINE, NOT_ROUTINE_Q),
    "bsc_validation_status": (codes.BscValidationStatus.VALIDATED, NOT_VALIDATED_Q),
}


class AccessPath(NamedTuple):
    """A condition that an index answers, and the names of the filters that it applies.

    `is_small` says that all rows of the path may be read and sorted.
    """

    condition: Q
    applied: Collection[str]
    is_small: bool = False


def by_meters(ids: Collection[int]) -> AccessPath:
    return AccessPath(Q(meter__in=ids), METER_COLUMNS, is_small=True)


def by_file(flow_file_id: int | None, *, is_small: bool = False) -> AccessPath:
    return AccessPath(Q(flow_file=flow_file_id), ("flow_file",), is_small)


def by_change(filters: Mapping[str, Any]) -> AccessPath:
    condition = Q()
    if "changed_since" in filters:
        start, _ = filters["changed_since"]
        condition = Q(changed_at__gt=start)
    return AccessPath(condition, ("changed_since",))


def by_time(filters: Mapping[str, Any]) -> AccessPath:
    condition, applied = _rare_readings(filters)
    if "date_from" in filters:
        start, _ = filters["date_from"]
        condition &= Q(read_at__gte=start)
    if "date_to" in filters:
        _, end = filters["date_to"]
        condition &= Q(read_at__lt=end)
    return AccessPath(condition, (*applied, "date_from", "date_to"))


def _rare_readings(filters: Mapping[str, Any]) -> tuple[Q, tuple[str, ...]]:
    """Return the condition and the name of one filter that a partial index answers."""
    for name, (frequent, index_condition) in _PARTIAL_INDEXES.items():
        if filters.get(name, frequent) != frequent:
            return Q(_index_hint(index_condition), **{name: filters[name]}), (name,)
    if filters.get("basis") == codes.Basis.ESTIMATED:
        hint = _index_hint(ESTIMATED_Q)
        return basis_q(codes.Basis.ESTIMATED) & hint, ("basis",)
    return Q(), ()


def _index_hint(condition: Q) -> Q:
    """Return the condition of a partial index, which SQLite wants to see literally.

    PostgreSQL infers it; to repeat it would make it expect fewer rows than there are.
    """
    return condition if connection.vendor == "sqlite" else Q()
