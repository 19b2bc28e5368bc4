"""Filters of the list of readings, with the partial indexes that answer them."""

from __future__ import annotations

from django.contrib.admin import ModelAdmin
from django.db.models import Q
from django.http import HttpRequest

from meter_readings.admin.base.changelist import from_subquery
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

# The registers offered are those of the latest readings.
_READINGS_SCANNED_FOR_REGISTERS = 2_000


class VersionStatusFilter(FieldFilter):
    title = "version status"
    parameter_name = "version_status__exact"
    column = "version_status"

    def lookups(self, request: HttpRequest, model_admin: ModelAdmin) -> Choices:
        return [(value, str(label)) for value, label in VersionStatus.choices]

    def partial_index_condition(self) -> Q | None:
        return None if self.value() == VersionStatus.CURRENT else NOT_CURRENT_Q


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
        return [(register, register) for register in sorted(registers) if register]

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
