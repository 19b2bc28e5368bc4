"""The filters beside the admin's lists. None counts, and none looks at every row."""

from __future__ import annotations

from abc import abstractmethod
from functools import cached_property
from typing import Any, cast

from django.contrib.admin import ModelAdmin, SimpleListFilter
from django.contrib.admin.views.main import ChangeList
from django.db.models import F, Model, OuterRef, Q, QuerySet, Subquery, Sum
from django.db.models.lookups import Exact
from django.http import HttpRequest

from meter_readings import importer
from meter_readings.models import FlowFile, Meter
from meter_readings.queries.keyset import Ordering, after_q, position_of

from . import changelist

type Choices = list[tuple[str, str]]


class QFilter(SimpleListFilter):
    """Base of all: what is chosen is a condition on rows."""

    # The order in which what is chosen is a stretch of the list, if there is one
    ranges_over: Ordering | None = None

    @abstractmethod
    def condition(self) -> Q:
        """Return the condition that was chosen; all rows meet it where none was."""

    def queryset(self, request: HttpRequest, queryset: QuerySet) -> QuerySet:
        """Return the rows that meet it."""
        return queryset.filter(self.condition())

    def words(self) -> str:
        """Return what was chosen, as it is offered."""
        value = self.value() or ""
        return str(dict(self.lookup_choices).get(value, value))


class FieldFilter(QFilter):
    """Which rows have a value in one column; the value is all there is to say."""

    column: str

    def condition(self) -> Q:
        """Return that the column has the value."""
        value = self.value()
        return Q(**{self.column: value}) if value else Q()


class SenderFilter(FieldFilter):
    """Which files a market participant sent."""

    title = "sender"
    parameter_name = "sender"
    column = "from_participant"

    def lookups(self, request: HttpRequest, model_admin: ModelAdmin) -> Choices:
        """Return who has sent files."""
        senders = FlowFile.objects.exclude(from_participant="").distinct()
        names = senders.order_by("from_participant").values_list("from_participant")
        return [(name, name) for (name,) in names]


class SenderOfFileFilter(SenderFilter):
    """What came in the files that a market participant sent."""

    def condition(self) -> Q:
        """Return that the row's file is of the sender.

        Asked of one row at a time: a planner that began with the files would sort all
        that is in them.
        """
        sender = self.value()
        if not sender:
            return Q()
        file = FlowFile.objects.filter(pk=OuterRef("flow_file_id"))
        return Q(Exact(Subquery(file.values("from_participant")), sender))

    def few(self) -> Q | None:
        """Return the same by the files' numbers, if there are few readings in them."""
        files = FlowFile.objects.filter(from_participant=self.value())
        kept = F("readings_loaded") - F("readings_deleted")
        held = files.aggregate(total=Sum(kept, default=0))
        if held["total"] > changelist.SCAN_LIMIT:
            return None
        return Q(flow_file__in=files.values("pk"))


class RuleFilter(FieldFilter):
    """Which findings are of a rule."""

    title = "rule"
    parameter_name = "rule"
    column = "code"

    def lookups(self, request: HttpRequest, model_admin: ModelAdmin) -> Choices:
        """Return all rules there are."""
        return [(str(code), str(code)) for code in importer.RULES]


class RelatedObjectFilter(QFilter):
    """What belongs to one object: links lead here, and it offers the way back to all.

    Nothing is offered before an object is chosen.
    """

    parameter_name: str
    model: type[Model]

    def lookups(self, request: HttpRequest, model_admin: ModelAdmin) -> Choices:
        """Return the one object that was chosen."""
        value = self.value()
        return [] if value is None else [(value, str(self.chosen or "None such"))]

    def condition(self) -> Q:
        """Return that a row belongs to it; nothing is asked before it is chosen."""
        return Q(**{self.parameter_name: self._number()})

    @cached_property
    def chosen(self) -> Any:
        """Return the object, if there is one."""
        return self.model._default_manager.filter(pk=self._number()).first()

    def _number(self) -> int:
        """Return the number of the object; no object has the number nought."""
        value = self.value() or ""
        return int(value) if value.isdecimal() else 0


class FlowFileFilter(RelatedObjectFilter):
    """What came from one file."""

    title = "flow file"
    parameter_name = "flow_file"
    model = FlowFile


class MeterFilter(RelatedObjectFilter):
    """What was read on one meter."""

    title = "meter"
    parameter_name = "meter"
    model = Meter


class ContinueFilter(RelatedObjectFilter):
    """What comes after one row of the list: where a list stopped, it goes on from."""

    title = "further on"
    parameter_name = changelist.FURTHER

    def __init__(
        self,
        request: HttpRequest,
        params: dict[str, Any],
        model: type[Model],
        model_admin: ModelAdmin,
    ) -> None:
        self.model = model
        self.ranges_over = cast(Ordering, model_admin.get_ordering(request))
        super().__init__(request, params, model, model_admin)

    def lookups(self, request: HttpRequest, model_admin: ModelAdmin) -> Choices:
        """Return where the list goes on."""
        value = self.value()
        if value is None:
            return []
        if self.chosen is None:
            return [(value, "None such")]
        return [
            (value, f"from {changelist.place(self.chosen, self.ranges_over or ())} on")
        ]

    def condition(self) -> Q:
        """Return that a row comes after it."""
        if self.chosen is None:
            return Q(pk__in=[])
        order = self.ranges_over or ()
        return after_q(order, position_of(self.chosen, order))


def chosen(changes: ChangeList) -> dict[str, Any]:
    """Return the filters of a list by which something was chosen, by their names."""
    return {
        str(name): spec
        for spec in changes.filter_specs
        for name in spec.expected_parameters()
        if any(spec.used_parameters.values())
    }
