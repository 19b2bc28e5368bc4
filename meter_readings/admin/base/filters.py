"""Filters of the admin's change lists. None counts rows or reads a whole table."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterator
from functools import cached_property
from typing import Any, cast

from django.contrib.admin import ModelAdmin, SimpleListFilter
from django.contrib.admin.views.main import ChangeList
from django.db.models import F, Model, OuterRef, Q, QuerySet, Subquery, Sum
from django.db.models.lookups import Exact
from django.http import HttpRequest

from meter_readings import importer
from meter_readings.models import FlowFile, Meter
from meter_readings.queries import attention
from meter_readings.queries.keyset import Ordering, after_q, position_of

from . import changelist

type Choices = list[tuple[str, str]]

_NOT_FOUND = "Not found"


class QFilter(SimpleListFilter):
    """Base class of filters whose selected value is a condition on rows."""

    # The ordering of which the selected rows are one range, if there is one.
    range_ordering: Ordering | None = None
    # Whether nearly all rows meet the condition of the selected value.
    matches_most_rows = False
    # Whether the choices are above the rows, where a date hierarchy would be.
    is_above_rows = False

    @abstractmethod
    def get_q(self) -> Q:
        """Return the condition of the selected value; an empty one if none is."""

    def queryset(self, request: HttpRequest, queryset: QuerySet) -> QuerySet:
        return queryset.filter(self.get_q())

    def selected_label(self) -> str:
        """Return the label of the selected value, or the value if it has none."""
        value = self.value() or ""
        return str(dict(self.lookup_choices).get(value, value))


class FieldFilter(QFilter):
    """Filter by the value of one column."""

    column: str

    def get_q(self) -> Q:
        value = self.value()
        return Q(**{self.column: value}) if value else Q()


class FormFilter(FieldFilter):
    """Filter with a form instead of links, for many values or values to type."""

    # The other parameters of the list, which the form sends along.
    other_params: list[tuple[str, str]]

    def choices(self, changelist: ChangeList) -> Iterator[Any]:
        self.other_params = [
            (name, value)
            for name, value in changelist.params.items()
            if name != self.parameter_name
        ]
        return super().choices(changelist)


class AttentionFilter(QFilter):
    """Filter flow files by whether and why they need attention, or no longer do."""

    title = "attention"
    parameter_name = "attention"

    _NEEDED, _ACKNOWLEDGED, _CORRECTED = "needed", "acknowledged", "corrected"

    def lookups(self, request: HttpRequest, model_admin: ModelAdmin) -> Choices:
        return [
            (self._NEEDED, "Needs attention"),
            *attention.Reason.choices,
            (self._ACKNOWLEDGED, "Acknowledged"),
            (self._CORRECTED, "Corrected by a later file"),
        ]

    def get_q(self) -> Q:
        match self.value():
            case self._NEEDED:
                return attention.needs_attention_q()
            case self._ACKNOWLEDGED:
                return attention.acknowledged_q()
            case self._CORRECTED:
                return attention.corrected_q()
            case reason if reason in attention.Reason.values:
                return attention.needs_attention_q(attention.Reason(reason))
        return Q()


class SenderFilter(FieldFilter):
    """Filter flow files by the market participant that sent them."""

    title = "sender"
    parameter_name = "sender"
    column = "from_participant"

    def lookups(self, request: HttpRequest, model_admin: ModelAdmin) -> Choices:
        senders = FlowFile.objects.exclude(from_participant="").distinct()
        names = senders.order_by("from_participant").values_list("from_participant")
        return [(name, name) for (name,) in names]


class SenderOfFileFilter(SenderFilter):
    """Filter rows by the market participant that sent their flow file."""

    def get_q(self) -> Q:
        """Return a condition that is tested on one row at a time.

        A planner that began with the files would sort all of their rows.
        """
        sender = self.value()
        if not sender:
            return Q()
        file = FlowFile.objects.filter(pk=OuterRef("flow_file_id"))
        return Q(Exact(Subquery(file.values("from_participant")), sender))

    def small_q(self) -> Q | None:
        """Return the same condition by the ids of the files, or None.

        None if the files have more readings than are scanned for one page.
        """
        files = FlowFile.objects.filter(from_participant=self.value())
        stored = F("readings_loaded") - F("readings_deleted")
        readings = files.aggregate(total=Sum(stored, default=0))
        if readings["total"] > changelist.SCAN_LIMIT:
            return None
        return Q(flow_file__in=files.values("pk"))


class RuleFilter(FormFilter):
    """Filter findings by their validation rule."""

    template = "admin/meter_readings/select_filter.html"
    title = "rule"
    parameter_name = "rule"
    column = "code"

    def lookups(self, request: HttpRequest, model_admin: ModelAdmin) -> Choices:
        return [(str(code), code.message) for code in importer.RULES]


class RelatedObjectFilter(QFilter):
    """Filter rows by one related object, to which links from other pages lead.

    It offers the selected object and "All", and nothing before one is selected.
    """

    parameter_name: str
    model: type[Model]

    def lookups(self, request: HttpRequest, model_admin: ModelAdmin) -> Choices:
        value = self.value()
        return [] if value is None else [(value, str(self.selected or _NOT_FOUND))]

    def get_q(self) -> Q:
        return Q(**{self.parameter_name: self._pk()})

    @cached_property
    def selected(self) -> Any:
        """The related object, or None if there is no such object."""
        return self.model._default_manager.filter(pk=self._pk()).first()

    def _pk(self) -> int:
        """Return the primary key, or 0, which no object has, if it is no number."""
        value = self.value() or ""
        return int(value) if value.isdecimal() else 0


class FlowFileFilter(RelatedObjectFilter):
    title = "flow file"
    parameter_name = "flow_file"
    model = FlowFile


class MeterFilter(RelatedObjectFilter):
    title = "meter"
    parameter_name = "meter"
    model = Meter


class ContinueFilter(RelatedObjectFilter):
    """Filter the rows after the one at which a change list stopped scanning."""

    title = "position"
    parameter_name = changelist.AFTER_VAR
    range_ordering: Ordering

    def __init__(
        self,
        request: HttpRequest,
        params: dict[str, Any],
        model: type[Model],
        model_admin: ModelAdmin,
    ) -> None:
        self.model = model
        self.range_ordering = cast(Ordering, model_admin.get_ordering(request))
        super().__init__(request, params, model, model_admin)

    def lookups(self, request: HttpRequest, model_admin: ModelAdmin) -> Choices:
        value = self.value()
        if value is None:
            return []
        if self.selected is None:
            return [(value, _NOT_FOUND)]
        position = changelist.position_text(self.selected, self.range_ordering)
        return [(value, f"After {position}")]

    def get_q(self) -> Q:
        if self.selected is None:
            return Q(pk__in=[])
        return after_q(
            self.range_ordering, position_of(self.selected, self.range_ordering)
        )


def active_filters(changelist: ChangeList) -> dict[str, Any]:
    """Return the filters of a change list that have a value, by parameter name."""
    return {
        str(name): spec
        for spec in changelist.filter_specs
        for name in spec.expected_parameters()
        if any(spec.used_parameters.values())
    }
