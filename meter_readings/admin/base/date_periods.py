"""Years, months and days by the clock in London, and which of them have rows."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import date, timedelta
from typing import NamedTuple, Self

from django.db.models import Model, Q, QuerySet, Subquery
from django.utils.formats import date_format

from meter_readings.d0010 import LONDON, YEARS, midnight
from meter_readings.models import FlowFile

_WRITTEN = re.compile(r"([0-9]{4})(?:-([0-9]{2})(?:-([0-9]{2}))?)?")
# One reading with a wrong year must not fill the page with years.
_YEARS_OFFERED = 20
# More than any month has days, and fewer than two of any have.
_INTO_THE_NEXT_MONTH = timedelta(days=32)


class Period(NamedTuple):
    """A year, a month or a day: `text` is as it is written, `words` as it is said."""

    text: str
    words: str
    first: date
    after: date

    @classmethod
    def year(cls, year: int) -> Self:
        """Return a year."""
        return cls(str(year), str(year), date(year, 1, 1), date(year + 1, 1, 1))

    @classmethod
    def month(cls, first: date) -> Self:
        """Return the month that begins so."""
        after = (first + _INTO_THE_NEXT_MONTH).replace(day=1)
        return cls(f"{first:%Y-%m}", date_format(first, "F Y"), first, after)

    @classmethod
    def day(cls, day: date) -> Self:
        """Return a day."""
        return cls(
            day.isoformat(), date_format(day, "j F Y"), day, day + timedelta(days=1)
        )

    @property
    def short(self) -> str:
        """Return it in words, a day without its year."""
        is_day = self.after - self.first == timedelta(days=1)
        return date_format(self.first, "j F") if is_day else self.words

    @property
    def around(self) -> Period | None:
        """Return the month of a day, or the year of a month."""
        return period(self.text.rpartition("-")[0])

    @property
    def inside(self) -> list[Period]:
        """Return the months of a year, or the days of a month."""
        match self.text.count("-"):
            case 0:
                return [
                    Period.month(self.first.replace(month=month))
                    for month in range(1, 13)
                ]
            case 1:
                days = (self.after - self.first).days
                return [
                    Period.day(self.first + timedelta(days=number))
                    for number in range(days)
                ]
            case _:
                return []

    def condition(self, column: str) -> Q:
        """Return that a row's time is from midnight to midnight."""
        begin, end = midnight(self.first), midnight(self.after)
        return Q(**{f"{column}__gte": begin, f"{column}__lt": end})


def period(text: str) -> Period | None:
    """Return the period that is written 2024, 2024-04 or 2024-04-30, if it is one."""
    match = _WRITTEN.fullmatch(text)
    if match is None or int(match[1]) not in YEARS:
        return None
    year, month, day = (int(number or 1) for number in match.groups())
    try:
        first = date(year, month, day)
    except ValueError:
        return None
    if match[3]:
        return Period.day(first)
    return Period.month(first) if match[2] else Period.year(year)


class Times(NamedTuple):
    """The times of a table's rows, in a column that has an index."""

    model: type[Model]
    column: str

    def years(self) -> list[Period]:
        """Return the years that have rows, latest first."""
        latest = self._ordered("-").first()
        earliest = self._ordered("").first()
        if latest is None or earliest is None:
            return []
        year = latest.astimezone(LONDON).year
        before = max(earliest.astimezone(LONDON).year - 1, year - _YEARS_OFFERED)
        return self.with_rows(
            [Period.year(number) for number in range(year, before, -1)]
        )

    def with_rows(self, periods: Sequence[Period]) -> list[Period]:
        """Return the periods in which there are rows: one look at the index for each.

        Ordered, so that a planner does not read the table up to the first that matches.
        """
        first = self._ordered("")
        names = {
            f"first_{number}": Subquery(first.filter(period.condition(self.column))[:1])
            for number, period in enumerate(periods)
        }
        # From any row of a short table: there is a file where there is a row.
        found = FlowFile.objects.annotate(**names).values_list(*names).first() or ()
        return [period for period, moment in zip(periods, found) if moment]

    def _ordered(self, direction: str) -> QuerySet:
        rows = self.model._default_manager.order_by(
            f"{direction}{self.column}", f"{direction}pk"
        )
        return rows.values_list(self.column, flat=True)
