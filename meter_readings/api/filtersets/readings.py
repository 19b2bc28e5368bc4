"""Filter sets of readings; `access_paths` says along which index they are read."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cached_property
from typing import Any, cast

from django.db.models import F, Q, QuerySet, Sum

from meter_readings import exports
from meter_readings.api.query_parameters import parameter_error
from meter_readings.api.serializers.readings import ReadingSerializer
from meter_readings.d0010 import codes
from meter_readings.models import (
    READING_ORDER,
    READING_ORDER_REVERSED,
    FlowFile,
    Meter,
    ReadingQuerySet,
    VersionStatus,
)
from meter_readings.queries import search, totals

from . import access_paths
from .access_paths import METER_COLUMNS, UNINDEXED, UNINDEXED_ORDERING, AccessPath
from .base import ListFilterSet
from .filters import (
    AfterFilter,
    ChoiceFilter,
    CodeFilter,
    FieldsFilter,
    FromFilter,
    IdFilter,
    MpanFilter,
    ReadingTypeFilter,
    SearchFilter,
    TextFilter,
    ToFilter,
    ValueFilter,
    ordering_filter,
)
from .meter_points import MAX_METERS, check_meter_limit

ALL_VERSIONS = "all"

_BY_LINE, _BY_CHANGE = "line_number", "changed_at"
_BY_VALUE = ("value", "-value")
_NO_FILE = 0

# How many readings a file may have to be sorted by value.
_MAX_SORTED = 100_000


class ReadingFilterSet(ListFilterSet):
    """Filters of readings; `version_status` is `current` by default."""

    orderings = {
        "-read_at": READING_ORDER_REVERSED,
        "read_at": READING_ORDER,
        _BY_LINE: ("line_number",),
        _BY_CHANGE: ("changed_at", "id"),
        "value": ("value", "id"),
        "-value": ("-value", "-id"),
    }
    # A search and a path may name a flow file.
    default_filters = ("version_status", "flow_file")

    mpan = MpanFilter(help_text="Whole MPAN, with or without spaces.")
    meter_serial = TextFilter(
        max_length=20, help_text="Whole serial number of the meter."
    )
    meter = IdFilter(help_text="Id of the meter.")
    meter_point = IdFilter(help_text="Id of the meter point.")
    flow_file = IdFilter(
        "unindexed_flow_file_id",
        help_text="Id of the flow file; its readings are ordered by line.",
    )
    search = SearchFilter(
        help_text="Whole MPAN, serial number, filename or file identifier."
    )
    register_id = TextFilter(
        "unindexed_register_id", max_length=2, help_text="Meter register id (J0010)."
    )
    reading_type = ReadingTypeFilter(
        codes=codes.ReadingType, max_length=1, help_text="Reading type (J0171)."
    )
    basis = ChoiceFilter(
        choices=codes.Basis.choices(), method="filter_basis", help_text="Reading basis."
    )
    bsc_validation_status = CodeFilter(
        codes=codes.BscValidationStatus,
        max_length=1,
        help_text="BSC validation status (J0022).",
    )
    version_status = ChoiceFilter(
        choices=[*VersionStatus.choices, (ALL_VERSIONS, "All versions")],
        help_text="Version status; `current` by default, `all` for every version.",
    )
    changed_since = AfterFilter(
        "changed_at",
        help_text="Loaded, or given another version status, later than then; in all"
        " versions and ordered by `changed_at`, unless the request says otherwise.",
    )
    date_from = FromFilter("unindexed_read_at", help_text="Read then or later.")
    date_to = ToFilter("unindexed_read_at", help_text="Read then or earlier.")
    min_value = ValueFilter(
        "value", lookup_expr="gte", help_text="Value of this or more."
    )
    max_value = ValueFilter(
        "value", lookup_expr="lte", help_text="Value of this or less."
    )
    fields: Any = FieldsFilter(
        names=ReadingSerializer.Meta.fields,
        help_text="Fields to return, such as `read_at,value`.",
    )
    ordering: Any = ordering_filter(orderings)

    @cached_property
    def cleaned(self) -> dict[str, Any]:
        """Return the values that were given; only current versions by default.

        A list of changes includes versions that are no longer current.
        """
        given = super().cleaned
        default = ALL_VERSIONS if "changed_since" in given else VersionStatus.CURRENT
        values = {"version_status": default, **given}
        if values["version_status"] == ALL_VERSIONS:
            del values["version_status"]
        return values

    # The meters and the flow file that the request names

    @cached_property
    def meter_ids(self) -> list[int] | None:
        """Return the ids of the named meters; None if no meter is named."""
        # A filter in the path and the same one in the query string must both match.
        named = [
            (name, Q(**{METER_COLUMNS[name]: values[name]}))
            for values in (self.parent_filters, self.cleaned)
            for name in METER_COLUMNS
            if name in values
        ]
        if self._search_meter_ids:
            named.append(("search", Q(pk__in=self._search_meter_ids)))
        if not named:
            return None
        meters = Meter.objects.filter(*(condition for _, condition in named))
        ids = list(meters.values_list("pk", flat=True)[: MAX_METERS + 1])
        return check_meter_limit(ids, named[0][0])

    @cached_property
    def flow_file_id(self) -> int | None:
        """Return the id of the named flow file; None if no file is named."""
        ids = {
            values["flow_file"]
            for values in (self.parent_filters, self.cleaned)
            if "flow_file" in values
        }
        if "search" in self.cleaned and not self._search_meter_ids:
            ids.add(self._search_flow_file_id)
        if not ids:
            return None
        return ids.pop() if len(ids) == 1 else _NO_FILE

    @cached_property
    def _search_meter_ids(self) -> list[int]:
        if "search" not in self.cleaned:
            return []
        ids = search.meter_ids(self.cleaned["search"])
        return check_meter_limit(ids, "search")

    @property
    def _search_flow_file_id(self) -> int:
        """Return the imported file that was searched for; others have no readings."""
        files = FlowFile.objects.filter(
            pk__in=search.flow_file_ids(self.cleaned["search"]),
            status=FlowFile.Status.IMPORTED,
        )
        ids = list(files.values_list("pk", flat=True))
        if len(ids) > 1:
            message = "Several files have this name: choose one by flow_file."
            raise parameter_error("search", message)
        return ids[0] if ids else _NO_FILE

    # Order and access path

    @cached_property
    def ordering_name(self) -> str:
        default = "-read_at" if self.flow_file_id is None else _BY_LINE
        if "changed_since" in self.cleaned:
            default = _BY_CHANGE
        name: str = self.cleaned.get("ordering", default)
        if name == _BY_LINE and self.flow_file_id is None:
            message = "Lines are numbered within a file: name one by flow_file."
            raise parameter_error("ordering", message)
        if name in _BY_VALUE and not self._can_be_sorted:
            message = (
                "No index has this order: name a meter, or a flow file with at most"
                f" {_MAX_SORTED:,} readings."
            )
            raise parameter_error("ordering", message)
        return name

    @property
    def _can_be_sorted(self) -> bool:
        if self.meter_ids is not None:
            return True
        return self.flow_file_id is not None and self.stored_readings() <= _MAX_SORTED

    @cached_property
    def access_path(self) -> AccessPath:
        if self.meter_ids is not None:
            return access_paths.by_meters(self.meter_ids)
        if self.ordering_name == _BY_LINE:
            return access_paths.by_file(self.flow_file_id)
        if self.ordering_name in _BY_VALUE:
            return access_paths.by_file(self.flow_file_id, is_small=True)
        if self.ordering_name == _BY_CHANGE:
            return access_paths.by_change(self.cleaned)
        return access_paths.by_time(self.cleaned)

    @property
    def is_whole_table(self) -> bool:
        """Return whether all current readings are asked for, or all versions."""
        others = {*self.conditions, *self.parent_filters} - {"version_status"}
        status = self.conditions.get("version_status", VersionStatus.CURRENT)
        return not others and status == VersionStatus.CURRENT

    @property
    def stored_count(self) -> int | None:
        """Return the number of readings if it is stored.

        It is for all versions, of one file or of all files, without another filter.
        """
        others = {*self.conditions, *self.parent_filters} - {"flow_file"}
        return None if others else self.stored_readings()

    def stored_readings(self) -> int:
        """Return the stored number of all versions, of the named file or all files."""
        files = FlowFile.objects.filter(status=FlowFile.Status.IMPORTED)
        if self.flow_file_id is not None:
            files = files.filter(pk=self.flow_file_id)
        number = Sum(F("readings_loaded") - F("readings_deleted"), default=0)
        total: int = files.aggregate(number=number)["number"]
        is_of_file = self.flow_file_id is not None
        return total if is_of_file else total + totals.entered_readings()

    @property
    def is_small(self) -> bool:
        return self.access_path.is_small

    @property
    def is_whole_file(self) -> bool:
        """Return whether all versions of one file are asked for, without a filter."""
        others = {*self.conditions, *self.parent_filters} - {"flow_file"}
        return self.flow_file_id is not None and not others

    @property
    def unindexed_filters(self) -> dict[str, Any]:
        """Return the filters that the access path does not apply."""
        values = self.conditions
        if self.flow_file_id is not None:
            values["flow_file"] = self.flow_file_id
        applied = {*METER_COLUMNS, "search", *self.access_path.applied}
        return {name: value for name, value in values.items() if name not in applied}

    # Querysets

    def filter_indexed(self, queryset: QuerySet) -> QuerySet:
        return queryset.filter(self.access_path.condition)

    def filter_unindexed(self, queryset: QuerySet) -> QuerySet:
        names = [self.filters[name].field_name for name in self.unindexed_filters]
        queryset = queryset.alias(**_unindexed(names))
        return super().filter_unindexed(queryset)

    def order(self, queryset: QuerySet) -> QuerySet:
        if not self.is_small:
            return super().order(queryset)
        columns = [UNINDEXED_ORDERING.get(name, name) for name in self.ordering_columns]
        queryset = queryset.alias(**_unindexed(columns))
        return queryset.order_by(*columns)

    def filter_basis(
        self, queryset: ReadingQuerySet, name: str, value: str
    ) -> QuerySet:
        return cast(QuerySet, queryset.with_basis(value))


def _unindexed(names: Iterable[str]) -> dict[str, Any]:
    """Return the expressions of UNINDEXED with these names, with or without a minus."""
    columns = {name.removeprefix("-") for name in names}
    return {name: each for name, each in UNINDEXED.items() if name in columns}


class ReadingExportFilterSet(ReadingFilterSet):
    """Filters of an export in the background, and its format."""

    # django-filter removes the filters that are None.
    fields: Any = None
    file_format = ChoiceFilter(
        choices=[(name, each.label) for name, each in exports.FORMATS.items()],
        help_text="Format of the file; `csv` by default.",
    )


class ReadingSummaryFilterSet(ReadingFilterSet):
    """Filters of the summary of readings."""

    # django-filter removes the filters that are None.
    fields: Any = None
    ordering: Any = None
