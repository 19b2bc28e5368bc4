"""Filters of the list of readings, with the partial indexes that answer them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from django.contrib.admin import ModelAdmin
from django.contrib.admin.views.main import ChangeList
from django.db.models import Model, Q
from django.http import HttpRequest

from meter_readings.admin.base.changelist import AFTER_VAR, from_subquery
from meter_readings.admin.base.date_filter import DateColumn, DateFilter
from meter_readings.admin.base.filters import Choices, FieldFilter, FormFilter, QFilter
from meter_readings.d0010 import codes
from meter_readings.models import (
    ESTIMATED_Q,
    NOT_CURRENT_Q,
    NOT_ROUTINE_Q,
    NOT_VALIDATED_Q,
    READING_ORDER_REVERSED,
    Reading,
    VersionStatus,
    basis_q,
)

ALL_VERSIONS = "all"

# The registers offered are those of the latest readings.
_READINGS_SCANNED_FOR_REGISTERS = 2_000


class VersionStatusFilter(FieldFilter):
    """Filter by version status, current by default; the links are above the rows."""

    template = "admin/meter_readings/links_above_rows.html"
    title = "version status"
    parameter_name = "version_status__exact"
    column = "version_status"
    is_above_rows = True

    def __init__(
        self,
        request: HttpRequest,
        params: dict[str, Any],
        model: type[Model],
        model_admin: ModelAdmin,
    ) -> None:
        super().__init__(request, params, model, model_admin)
        if not self.value():
            self.used_parameters[self.parameter_name] = VersionStatus.CURRENT
        self.matches_most_rows = self.value() in (VersionStatus.CURRENT, ALL_VERSIONS)

    def lookups(self, request: HttpRequest, model_admin: ModelAdmin) -> Choices:
        return [*VersionStatus.choices, (ALL_VERSIONS, "All versions")]

    def choices(self, changelist: ChangeList) -> Iterator[Any]:
        for value, label in self.lookup_choices:
            is_default = value == VersionStatus.CURRENT
            link = changelist.get_query_string(
                {self.parameter_name: None if is_default else value}, [AFTER_VAR]
            )
            yield {"title": label, "link": None if value == self.value() else link}

    def get_q(self) -> Q:
        return Q() if self.value() == ALL_VERSIONS else super().get_q()

    def partial_index_condition(self) -> Q | None:
        return None if self.matches_most_rows else NOT_CURRENT_Q


class BscValidationFilter(FieldFilter):
    title = "BSC validation"
    parameter_name = "bsc_validation_status__exact"
    column = "bsc_validation_status"

    def lookups(self, request: HttpRequest, model_admin: ModelAdmin) -> Choices:
        return codes.BscValidationStatus.choices()

    def partial_index_condition(self) -> Q | None:
        is_validated = self.value() == codes.BscValidationStatus.VALIDATED
        return None if is_validated else NOT_VALIDATED_Q


class ReadingTypeFilter(FieldFilter):
    title = "reading type"
    parameter_name = "reading_type__exact"
    column = "reading_type"

    def lookups(self, request: HttpRequest, model_admin: ModelAdmin) -> Choices:
        return codes.ReadingType.choices()

    def partial_index_condition(self) -> Q | None:
        return None if self.value() == codes.ReadingType.ROUTINE else NOT_ROUTINE_Q


class BasisFilter(QFilter):
    title = "reading basis"
    parameter_name = "basis"

    def lookups(self, request: HttpRequest, model_admin: ModelAdmin) -> Choices:
        return codes.Basis.choices()

    def get_q(self) -> Q:
        basis = self.value()
        return basis_q(basis) if basis else Q()

    def partial_index_condition(self) -> Q | None:
        match self.value():
            case codes.Basis.ACTUAL:
                return None
            case codes.Basis.ESTIMATED:
                return ESTIMATED_Q
            case _:
                return NOT_ROUTINE_Q


class RegisterFilter(FormFilter):
    """Filter by a register id, chosen from those in use or typed."""

    title = "register"
    parameter_name = "register_id"
    column = "register_id"
    template = "admin/meter_readings/register_filter.html"

    def lookups(self, request: HttpRequest, model_admin: ModelAdmin) -> Choices:
        """Return the register ids of the latest readings, and the one in use."""
        latest = Reading.objects.order_by(*READING_ORDER_REVERSED)
        scanned = latest[:_READINGS_SCANNED_FOR_REGISTERS]
        readings = from_subquery(Reading.objects.order_by(), scanned).distinct()
        registers = {*readings.values_list("register_id", flat=True)}
        registers |= {self.value() or ""}
        return [
            (register, f"{register} {codes.register_meaning(register)}".strip())
            for register in sorted(registers)
            if register
        ]

    def has_output(self) -> bool:
        return True


class ReadDateFilter(DateFilter):
    title = "read date"
    parameter_name = "read_in"
    column = DateColumn(Reading, "read_at")
    range_ordering = READING_ORDER_REVERSED


# The parameter names of the filters that a partial index may answer.
INDEXED_FILTERS = {
    each.parameter_name
    for each in (
        VersionStatusFilter,
        BscValidationFilter,
        ReadingTypeFilter,
        BasisFilter,
    )
}
