"""The filters beside the admin's lists. None counts, and none looks at every row."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import datetime
from typing import Any

from django.contrib.admin import ModelAdmin, SimpleListFilter
from django.db.models import Model, QuerySet
from django.http import HttpRequest
from django.utils.dates import MONTHS

from meter_readings import importer
from meter_readings.d0010 import LONDON, codes
from meter_readings.models import FlowFile, Meter, Reading

type Choices = list[tuple[str, str]]

_YEAR_OR_MONTH = re.compile(r"([0-9]{4})(?:-(0[1-9]|1[0-2]))?")
# One reading with a wrong year must not fill the page with years.
_YEARS_OFFERED = 20


class BasisFilter(SimpleListFilter):
    """Which readings rest on what."""

    title = "basis"
    parameter_name = "basis"

    def lookups(self, request: HttpRequest, model_admin: ModelAdmin) -> Choices:
        """Return what a reading can rest on."""
        return codes.Basis.choices()

    def queryset(self, request: HttpRequest, queryset: Any) -> QuerySet | None:
        """Return the readings that rest on what was chosen."""
        basis = self.value()
        return queryset.with_basis(basis) if basis else None


class ReadInFilter(SimpleListFilter):
    """Which readings were taken in a year, and then in one of its months."""

    title = "read in"
    parameter_name = "read_in"

    def lookups(self, request: HttpRequest, model_admin: ModelAdmin) -> Choices:
        """Return the years from the latest reading back, the chosen one by months."""
        chosen_year, _ = self._chosen() or (None, None)
        choices = []
        for year in _years_of_readings():
            choices.append((str(year), str(year)))
            if year == chosen_year:
                choices += [
                    (f"{year}-{number:02}", f"{name} {year}")
                    for number, name in MONTHS.items()
                ]
        return choices

    def queryset(self, request: HttpRequest, queryset: QuerySet) -> QuerySet | None:
        """Return the readings taken between two local midnights."""
        chosen = self._chosen()
        if chosen is None:
            return queryset.none() if self.value() else None
        year, month = chosen
        start = datetime(year, month or 1, 1, tzinfo=LONDON)
        if month is None or month == 12:
            end = datetime(year + 1, 1, 1, tzinfo=LONDON)
        else:
            end = datetime(year, month + 1, 1, tzinfo=LONDON)
        return queryset.filter(read_at__gte=start, read_at__lt=end)

    def _chosen(self) -> tuple[int, int | None] | None:
        """Return the year and month asked for, or None where they make no sense."""
        match = _YEAR_OR_MONTH.fullmatch(self.value() or "")
        if match is None or not 1949 <= int(match[1]) <= 2200:
            return None
        return int(match[1]), int(match[2]) if match[2] else None


def _years_of_readings() -> Iterator[int]:
    """Yield the years that may have readings, latest first."""
    times = Reading.objects.values_list("read_at", flat=True)
    latest = times.order_by("-read_at", "-pk").first()
    earliest = times.order_by("read_at", "pk").first()
    if latest and earliest:
        year = latest.astimezone(LONDON).year
        before = max(earliest.astimezone(LONDON).year - 1, year - _YEARS_OFFERED)
        yield from range(year, before, -1)


class SenderFilter(SimpleListFilter):
    """Which files a market participant sent."""

    title = "sender"
    parameter_name = "sender"

    def lookups(self, request: HttpRequest, model_admin: ModelAdmin) -> Choices:
        """Return who has sent files."""
        senders = FlowFile.objects.exclude(from_participant="").distinct()
        names = senders.order_by("from_participant").values_list("from_participant")
        return [(name, name) for (name,) in names]

    def queryset(self, request: HttpRequest, queryset: QuerySet) -> QuerySet | None:
        """Return what the chosen one sent."""
        sender = self.value()
        return queryset.filter(from_participant=sender) if sender else None


class RuleFilter(SimpleListFilter):
    """Which findings are of a rule."""

    title = "rule"
    parameter_name = "rule"

    def lookups(self, request: HttpRequest, model_admin: ModelAdmin) -> Choices:
        """Return all rules there are."""
        return [(str(code), str(code)) for code in importer.RULES]

    def queryset(self, request: HttpRequest, queryset: QuerySet) -> QuerySet | None:
        """Return the findings of the chosen rule."""
        rule = self.value()
        return queryset.filter(code=rule) if rule else None


class OneObjectFilter(SimpleListFilter):
    """What belongs to one object: links lead here, and it offers the way back to all.

    Nothing is offered before an object is chosen.
    """

    parameter_name: str
    model: type[Model]

    def lookups(self, request: HttpRequest, model_admin: ModelAdmin) -> Choices:
        """Return the one object that was chosen."""
        value, number = self.value(), self._number()
        if value is None:
            return []
        chosen = self.model._default_manager.filter(pk=number).first()
        return [(value, str(chosen or "None such"))]

    def queryset(self, request: HttpRequest, queryset: QuerySet) -> QuerySet:
        """Return what belongs to it; nothing is asked before it is chosen."""
        return queryset.filter(**{self.parameter_name: self._number()})

    def _number(self) -> int:
        """Return the number of the object; no object has the number nought."""
        value = self.value() or ""
        return int(value) if value.isdecimal() else 0


class OneFlowFileFilter(OneObjectFilter):
    """What came from one file."""

    title = "flow file"
    parameter_name = "flow_file"
    model = FlowFile


class OneMeterFilter(OneObjectFilter):
    """What was read on one meter."""

    title = "meter"
    parameter_name = "meter"
    model = Meter
