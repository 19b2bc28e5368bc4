"""The filters beside the list of readings, and which indexes answer them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from django.contrib.admin import ModelAdmin
from django.contrib.admin.views.main import ChangeList
from django.db.models import Q
from django.http import HttpRequest

from meter_readings.admin.base.changelist import within
from meter_readings.admin.base.date_filter import PeriodFilter
from meter_readings.admin.base.date_periods import Times
from meter_readings.admin.base.filters import Choices, FieldFilter, QFilter
from meter_readings.d0010 import codes
from meter_readings.models import (
    ESTIMATED,
    NOT_CURRENT_Q,
    NOT_ROUTINE_Q,
    NOT_VALIDATED_Q,
    Reading,
    VersionStatus,
    basis_q,
)

BY_TIME = ("-read_at", "-id")

# Registers are offered by what the latest readings bear.
_LOOKED_AT_FOR_REGISTERS = 2_000


class StandingFilter(FieldFilter):
    """Which readings stand so."""

    title = "version_status"
    parameter_name = "version_status__exact"
    column = "version_status"

    def lookups(self, request: HttpRequest, model_admin: ModelAdmin) -> Choices:
        """Return how a reading can stand."""
        return [(value, str(label)) for value, label in VersionStatus.choices]

    def of_index(self) -> Q | None:
        """Return the condition of the index of those that do not count."""
        return None if self.value() == VersionStatus.CURRENT else NOT_CURRENT_Q


class BscValidationFilter(FieldFilter):
    """Which readings are validated so for Settlement."""

    title = "BSC validation"
    parameter_name = "bsc_validation_status__exact"
    column = "bsc_validation_status"

    def lookups(self, request: HttpRequest, model_admin: ModelAdmin) -> Choices:
        """Return what is listed."""
        return codes.BscValidationStatus.choices()

    def of_index(self) -> Q | None:
        """Return the condition of the index of those that are not validated."""
        is_validated = self.value() == codes.BscValidationStatus.VALIDATED
        return None if is_validated else NOT_VALIDATED_Q


class ReadingTypeFilter(FieldFilter):
    """Which readings were taken so."""

    title = "reading type"
    parameter_name = "reading_type__exact"
    column = "reading_type"

    def lookups(self, request: HttpRequest, model_admin: ModelAdmin) -> Choices:
        """Return what is listed."""
        return codes.ReadingType.choices()

    def of_index(self) -> Q | None:
        """Return the condition of the index of those that are not routine."""
        return None if self.value() == codes.ReadingType.ROUTINE else NOT_ROUTINE_Q


class BasisFilter(QFilter):
    """Which readings rest on what."""

    title = "basis"
    parameter_name = "basis"

    def lookups(self, request: HttpRequest, model_admin: ModelAdmin) -> Choices:
        """Return what a reading can rest on."""
        return codes.Basis.choices()

    def condition(self) -> Q:
        """Return that a reading rests on it."""
        basis = self.value()
        return basis_q(basis) if basis else Q()

    def of_index(self) -> Q | None:
        """Return the condition of an index: estimates have one of their own."""
        match self.value():
            case codes.Basis.ACTUAL:
                return None
            case codes.Basis.ESTIMATED:
                return ESTIMATED
            case _:
                return NOT_ROUTINE_Q


class RegisterFilter(FieldFilter):
    """Which readings are of a register, chosen from the usual ones or typed."""

    title = "register"
    parameter_name = "register_id"
    column = "register_id"
    template = "admin/meter_readings/register_filter.html"

    kept: list[tuple[str, str]]

    def lookups(self, request: HttpRequest, model_admin: ModelAdmin) -> Choices:
        """Return the registers of the latest readings, and the one that was typed."""
        latest = Reading.objects.order_by(*BY_TIME)[:_LOOKED_AT_FOR_REGISTERS]
        of_latest = within(Reading.objects.order_by(), latest).distinct()
        registers = {*of_latest.values_list("register_id", flat=True)}
        registers |= {self.value() or ""}
        return [(register, register) for register in sorted(registers) if register]

    def has_output(self) -> bool:
        """Show it always: what is not offered can be typed."""
        return True

    def choices(self, changelist: ChangeList) -> Iterator[Any]:
        """Return what is offered; note what else is chosen, to be sent along."""
        self.kept = [
            (name, value)
            for name, value in changelist.params.items()
            if name != self.parameter_name
        ]
        return super().choices(changelist)


class ReadDateFilter(PeriodFilter):
    """Which readings were taken in a year, then in a month of it, then on a day."""

    title = "read at"
    parameter_name = "read_in"
    times = Times(Reading, "read_at")
    ranges_over = BY_TIME


# Those that an index of few readings may answer.
INDEXED = {
    one.parameter_name
    for one in (StandingFilter, BscValidationFilter, ReadingTypeFilter, BasisFilter)
}
