"""What may be asked of readings, so that an index always finds them.

There are three ways in: a few meters, all of whose readings may be looked at; files,
whose readings come by their lines; and time.
"""

from __future__ import annotations

from functools import cached_property
from typing import Any, cast

from django.db.models import BigIntegerField, F, QuerySet
from django.db.models.functions import Coalesce

from meter_readings.d0010 import codes
from meter_readings.models import FlowFile, Meter, VersionStatus
from meter_readings.queries import search as found
from meter_readings.queries.keyset import Ordering

from .filters import MOST_METERS, not_too_many
from .parameters import (
    Amount,
    Choice,
    Code,
    FieldNames,
    Mpan,
    Number,
    Search,
    Text,
    TimeFrom,
    TimeUntil,
)
from .query import Query, order_choice, refusal
from .reading_serializers import ReadingSerializer

ALL_VERSIONS = "all"

# What chooses meters, and the columns of meters it chooses by.
_OF_METERS = {
    "mpan": "meter_point__mpan",
    "meter_serial": "serial_number",
    "meter": "pk",
    "meter_point": "meter_point_id",
}
_OF_FILES = ("flow_file", "search")
_DATES = ("date_from", "date_to")
_BY_LINE = "line_number"

# No row has this number.
_NO_ROW = 0


class ReadingQuery(Query):
    """Readings of a few meters, of one file, or by time."""

    orders = {
        "-read_at": ("-read_at", "-id"),
        "read_at": ("read_at", "id"),
        "line_number": ("flow_file_id", "line_number"),
    }
    mpan = Mpan("Of this MPAN; spaces may stand between its digits.")
    meter_serial = Text(20, "Of meters with this whole serial number.")
    meter = Number("Of the meter with this id.")
    meter_point = Number("Of the meter point with this id.")
    flow_file = Number("Of the flow file with this id; they come by its lines.")
    search = Search("A whole MPAN, serial number, filename or file identifier.")
    register_id = Text(2, "Of registers with this id (J0010).")
    reading_type = Code(codes.ReadingType, 1, "Of this reading type (J0171).")
    basis = Choice(codes.Basis.choices(), "What they rest on.")
    bsc_validation_status = Code(
        codes.BscValidationStatus, 1, "Whether they are validated (J0022)."
    )
    version_status = Choice(
        [*VersionStatus.choices, (ALL_VERSIONS, "Every version")],
        "Which versions; without it those that count, which are `current`.",
    )
    date_from = TimeFrom("Read then or later.", "read_at")
    date_to = TimeUntil("Read then or earlier.", "read_at")
    min_value = Amount("Of this value or more.", "value", "gte")
    max_value = Amount("Of this value or less.", "value", "lte")
    fields = FieldNames(
        ReadingSerializer.Meta.fields, "Which fields to send, such as `read_at,value`."
    )
    ordering = order_choice(*orders)

    # The ways in

    @cached_property
    def meters(self) -> list[int] | None:
        """Return the meters asked for, or None where none is named."""
        chosen = {**self.asked, **self.within}
        wanted = [name for name in _OF_METERS if name in chosen]
        if not wanted and not self._found_meters:
            return None
        meters = Meter.objects.filter(
            **{_OF_METERS[name]: chosen[name] for name in wanted}
        )
        for name in wanted:
            # Asked for twice, by the address and by a parameter, both must hold.
            if name in self.within and name in self.asked:
                meters = meters.filter(**{_OF_METERS[name]: self.asked[name]})
        if self._found_meters:
            meters = meters.filter(pk__in=self._found_meters)
        numbers = list(meters.values_list("pk", flat=True)[: MOST_METERS + 1])
        return not_too_many(numbers, wanted[0] if wanted else "search")

    @cached_property
    def flow_file_id(self) -> int | None:
        """Return the file asked for, or None where none is named."""
        chosen = {
            given["flow_file"]
            for given in (self.within, self.asked)
            if "flow_file" in given
        }
        if "search" in self.asked and not self._found_meters:
            chosen.add(self._found_file)
        if not chosen:
            return None
        return chosen.pop() if len(chosen) == 1 else _NO_ROW

    @cached_property
    def _found_meters(self) -> list[int]:
        if "search" not in self.asked:
            return []
        return not_too_many(found.meters_named(self.asked["search"]), "search")

    @property
    def _found_file(self) -> int:
        """Return the imported file that the search names; others have no readings."""
        numbers = found.flow_files_named(self.asked["search"])
        files = FlowFile.objects.filter(
            pk__in=numbers, status=FlowFile.Status.IMPORTED
        ).values_list("pk", flat=True)
        if len(files) > 1:
            message = "It names several files: choose one by flow_file."
            raise refusal("search", message)
        return files[0] if files else _NO_ROW

    @property
    def is_whole_file(self) -> bool:
        """Return whether everything of one file is asked for, and nothing else."""
        others = set(self.conditions) - {"flow_file", "version_status"}
        is_all = self._standing == ALL_VERSIONS
        return (
            self.flow_file_id is not None
            and is_all
            and not others
            and not (set(self.within) - {"flow_file"})
        )

    # The rows

    @property
    def order_name(self) -> str:
        """Return the name of the order: one file's readings come by their lines."""
        by_itself = "-read_at" if self.flow_file_id is None else _BY_LINE
        name: str = self.asked.get("ordering", by_itself)
        return name

    @property
    def order(self) -> Ordering:
        """Return the columns of the order; within a file its number is the same."""
        columns = super().order
        return columns[-1:] if self._is_by_line_of_file else columns

    @property
    def is_few(self) -> bool:
        """Return whether they are of a few meters."""
        return self.meters is not None

    @property
    def is_narrowed(self) -> bool:
        """Return whether rows are left out that the way in does not leave out."""
        return bool(self._others) or self._standing != ALL_VERSIONS

    @property
    def _is_by_line_of_file(self) -> bool:
        return self.flow_file_id is not None and self.order_name == _BY_LINE

    @property
    def _standing(self) -> str:
        version_status: str = self.asked.get("version_status", VersionStatus.CURRENT)
        return version_status

    @property
    def _others(self) -> dict[str, Any]:
        """Return the conditions that the way in does not answer."""
        answered = [*_OF_METERS, *_OF_FILES, "version_status"]
        if not self.is_few and self.order_name != _BY_LINE:
            answered += _DATES
        others = {
            name: value
            for name, value in self.conditions.items()
            if name not in answered
        }
        if self.flow_file_id is not None:
            if self.is_few or not self._is_by_line_of_file:
                others["flow_file"] = self.flow_file_id
        return others

    def indexed(self, rows: QuerySet) -> QuerySet:
        """Return the readings by their way in."""
        if self.meters is not None:
            return rows.filter(meter__in=self.meters)
        if self.order_name == _BY_LINE:
            if self.flow_file_id is None:
                return rows
            return rows.filter(flow_file=self.flow_file_id)
        for name in _DATES:
            if name in self.asked:
                rows = self.filters[name].filter(rows, self.asked[name])
        return rows

    def narrowed(self, rows: QuerySet) -> QuerySet:
        """Return those among them that match all else."""
        if self._standing != ALL_VERSIONS:
            rows = rows.filter(version_status=self._standing)
        rows = rows.alias(
            moment=_beside_the_index("read_at"),
            of_file=_beside_the_index("flow_file_id", BigIntegerField()),
        )
        for name, value in self._others.items():
            if name == "date_from":
                rows = rows.filter(moment__gte=value[0])
            elif name == "date_to":
                rows = rows.filter(moment__lt=value[1])
            elif name == "flow_file":
                rows = rows.filter(of_file=value)
            else:
                rows = self.filters[name].filter(rows, value)
        return rows

    def filter_register_id(self, rows: QuerySet, value: str) -> QuerySet:
        """Return the readings of registers with this id."""
        register = _beside_the_index("register_id")
        return cast(QuerySet, rows.alias(register=register).filter(register=value))

    def in_order(self, rows: QuerySet) -> QuerySet:
        """Return readings in order; a few are sorted."""
        if self.meters is None:
            return super().in_order(rows)
        first, *others = self.order
        column = _beside_the_index(first.removeprefix("-"))
        by_first = column.desc() if first.startswith("-") else column.asc()
        return rows.order_by(by_first, *others)

    def filter_basis(self, rows: Any, value: str) -> QuerySet:
        """Return the readings that rest on it."""
        return cast(QuerySet, rows.with_basis(value))


def _beside_the_index(column: str, output_field: Any = None) -> Coalesce:
    """Return a column so that the planner sees no index for it.

    It must begin by the way in. By the order, the file or the register it could take
    another index for quicker, and walk through all that there is of other meters.
    """
    return Coalesce(F(column), F(column), output_field=output_field)
