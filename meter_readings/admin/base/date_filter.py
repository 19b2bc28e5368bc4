"""The filter by year, month and day above a list.

It looks like Django's date hierarchy, which reads the whole table to find its years.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from datetime import date, timedelta
from typing import Any, NamedTuple, Self

from django.contrib.admin import ModelAdmin
from django.contrib.admin.views.main import ChangeList
from django.db.models import Model, Q, QuerySet, Subquery
from django.http import HttpRequest
from django.utils.formats import date_format

from meter_readings.d0010 import LONDON, YEARS, midnight
from meter_readings.models import FlowFile

from .changelist import AFTER_VAR
from .filters import Choices, QFilter

_PERIOD_FORMAT = re.compile(r"([0-9]{4})(?:-([0-9]{2})(?:-([0-9]{2}))?)?")
# One reading with a wrong year must not fill the page with years.
_MAX_YEARS = 20
# From the first day of any month this leads into the month after it.
_INTO_NEXT_MONTH = timedelta(days=32)
_ONE_DAY = timedelta(days=1)


class Period(NamedTuple):
    """A year, a month or a day by the clock in London, from `start` to before `end`.

    `value` is 2024, 2024-04 or 2024-04-30.
    """

    value: str
    label: str
    start: date
    end: date

    @classmethod
    def year(cls, year: int) -> Self:
        return cls(str(year), str(year), date(year, 1, 1), date(year + 1, 1, 1))

    @classmethod
    def month(cls, start: date) -> Self:
        """Return the month with this first day."""
        end = (start + _INTO_NEXT_MONTH).replace(day=1)
        return cls(f"{start:%Y-%m}", date_format(start, "F Y"), start, end)

    @classmethod
    def day(cls, day: date) -> Self:
        return cls(
            day.isoformat(), date_format(day, "j F Y"), day, day + timedelta(days=1)
        )

    @classmethod
    def parse(cls, value: str) -> Self | None:
        """Return the period with this value, or None if there is none."""
        match = _PERIOD_FORMAT.fullmatch(value)
        if match is None or int(match[1]) not in YEARS:
            return None
        year, month, day = (int(number or 1) for number in match.groups())
        try:
            start = date(year, month, day)
        except ValueError:
            return None
        if match[3]:
            return cls.day(start)
        return cls.month(start) if match[2] else cls.year(year)

    @property
    def short_label(self) -> str:
        """The label, of a day without its year."""
        is_day = self.end - self.start == _ONE_DAY
        return date_format(self.start, "j F") if is_day else self.label

    @property
    def parent(self) -> Period | None:
        """The month of a day, or the year of a month."""
        return Period.parse(self.value.rpartition("-")[0])

    @property
    def children(self) -> list[Period]:
        """The months of a year, or the days of a month."""
        match self.value.count("-"):
            case 0:
                months = range(1, 13)
                return [
                    Period.month(self.start.replace(month=month)) for month in months
                ]
            case 1:
                days = range((self.end - self.start).days)
                return [Period.day(self.start + timedelta(days=day)) for day in days]
            case _:
                return []

    def get_q(self, column: str) -> Q:
        start, end = midnight(self.start), midnight(self.end)
        return Q(**{f"{column}__gte": start, f"{column}__lt": end})


class DateColumn(NamedTuple):
    """A column of times that has an index."""

    model: type[Model]
    name: str

    def years(self) -> list[Period]:
        """Return the years that have rows, latest first."""
        latest = self._ordered("-").first()
        earliest = self._ordered("").first()
        if latest is None or earliest is None:
            return []
        last = latest.astimezone(LONDON).year
        first = max(earliest.astimezone(LONDON).year, last - _MAX_YEARS + 1)
        return self.non_empty(
            [Period.year(year) for year in range(last, first - 1, -1)]
        )

    def non_empty(self, periods: Sequence[Period]) -> list[Period]:
        """Return the periods that have rows: one look into the index for each.

        Ordered, so that no planner reads the table up to the first row that matches.
        """
        times = self._ordered("")
        subqueries = {
            f"first_{number}": Subquery(times.filter(period.get_q(self.name))[:1])
            for number, period in enumerate(periods)
        }
        # One row of a short table carries the subqueries; where there is a row of the
        # model, there is a flow file.
        carrier = FlowFile.objects.annotate(**subqueries).values_list(*subqueries)
        found = carrier.first() or ()
        return [period for period, time in zip(periods, found) if time]

    def _ordered(self, direction: str) -> QuerySet:
        rows = self.model._default_manager.order_by(f"{direction}{self.name}")
        return rows.values_list(self.name, flat=True)


class DateFilter(QFilter):
    """Filter rows by a year, then by a month of it, then by a day."""

    template = "admin/meter_readings/links_above_rows.html"
    is_above_rows = True

    parameter_name: str
    column: DateColumn

    def lookups(self, request: HttpRequest, model_admin: ModelAdmin) -> Choices:
        return [(period.value, period.short_label) for period in self._periods()]

    def has_output(self) -> bool:
        return True

    def get_q(self) -> Q:
        if not self.value():
            return Q()
        if self._selected is None:
            return Q(pk__in=[])
        return self._selected.get_q(self.column.name)

    def selected_label(self) -> str:
        return self._selected.label if self._selected else str(self.value())

    def choices(self, changelist: ChangeList) -> Iterator[Any]:
        """Yield the link to the parent period, then those to the child periods."""

        def link(value: str | None) -> str:
            return changelist.get_query_string(
                {self.parameter_name: value}, [AFTER_VAR]
            )

        if self.value():
            parent = self._selected and self._selected.parent
            yield {
                "is_back": True,
                "link": link(parent.value if parent else None),
                "title": parent.label if parent else "All dates",
            }
        for value, label in self.lookup_choices:
            yield {"link": link(value), "title": label}
        if self._selected and not self.lookup_choices:
            yield {"title": self._selected.label}

    def _periods(self) -> list[Period]:
        if not self.value():
            return self.column.years()
        return self.column.non_empty(self._selected.children) if self._selected else []

    @property
    def _selected(self) -> Period | None:
        return Period.parse(self.value() or "")
