"""The bar of years, months and days above a list.

Django's own date hierarchy looks like it, and would read the whole table to find the
years.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from django.contrib.admin import ModelAdmin
from django.contrib.admin.views.main import ChangeList
from django.db.models import Q
from django.http import HttpRequest

from .changelist import FURTHER
from .date_periods import Period, Times, period
from .filters import Choices, QFilter


class PeriodFilter(QFilter):
    """Which rows have their time in a year, then in a month of it, then on a day."""

    template = "admin/meter_readings/period_filter.html"
    is_above_the_list = True

    parameter_name: str
    times: Times

    def lookups(self, request: HttpRequest, model_admin: ModelAdmin) -> Choices:
        """Return the years, or the months or days of what was chosen."""
        return [(inner.text, inner.short) for inner in self._offered()]

    def has_output(self) -> bool:
        """Let it always be asked."""
        return True

    def condition(self) -> Q:
        """Return that a row's time is between two local midnights."""
        if not self.value():
            return Q()
        if self._chosen is None:
            return Q(pk__in=[])
        return self._chosen.condition(self.times.column)

    def words(self) -> str:
        """Return the period in words."""
        return self._chosen.words if self._chosen else str(self.value())

    def choices(self, changelist: ChangeList) -> Iterator[Any]:
        """Return what the bar offers: the way back, then what is inside."""

        def link(text: str | None) -> str:
            return changelist.get_query_string({self.parameter_name: text}, [FURTHER])

        if self.value():
            around = self._chosen and self._chosen.around
            yield {
                "is_back": True,
                "link": link(around.text if around else None),
                "title": around.words if around else "All dates",
            }
        for text, words in self.lookup_choices:
            yield {"link": link(text), "title": words}
        if self._chosen and not self.lookup_choices:
            yield {"title": self._chosen.words}

    def _offered(self) -> list[Period]:
        if not self.value():
            return self.times.years()
        return self.times.with_rows(self._chosen.inside) if self._chosen else []

    @property
    def _chosen(self) -> Period | None:
        return period(self.value() or "")
