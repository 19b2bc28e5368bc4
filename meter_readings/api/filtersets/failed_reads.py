"""Filter set of failed reads, which are no rows of a table."""

from __future__ import annotations

from datetime import date
from typing import Any

from django import forms
from django.db.models import QuerySet
from django.utils import timezone

from meter_readings.d0010 import LONDON, codes
from meter_readings.queries.failed_reads import (
    AGE_BANDS,
    MAX_AGE,
    AgeBand,
    Filters,
    bands_of,
    parse_age_bands,
)

from .base import ListFilterSet
from .fields import DayField
from .filters import CodeFilter, DescribedFilter, TextFilter

_DEFAULT_BANDS = ",".join(map(str, AGE_BANDS))


class _DayFilter(DescribedFilter):
    """Gives the date of which the failed reads are."""

    field_class = DayField
    schema = {"type": "string", "format": "date"}


class _AgeFilter(DescribedFilter):
    """Selects failed reads by their age in days."""

    field_class = forms.IntegerField
    schema = {"type": "integer", "minimum": 0, "maximum": MAX_AGE}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, min_value=0, max_value=MAX_AGE, **kwargs)


class _AgeBandsField(forms.CharField):
    """Days that begin an age band, separated by commas."""

    def clean(self, value: Any) -> list[AgeBand]:
        return bands_of(parse_age_bands(super().clean(value)))


class _AgeBandsFilter(DescribedFilter):
    """Gives the age bands."""

    field_class = _AgeBandsField
    schema = {
        "type": "string",
        "pattern": "^[0-9]{1,5}(,[0-9]{1,5})*$",
        "default": _DEFAULT_BANDS,
    }


class FailedReadFilterSet(ListFilterSet):
    """Filters of failed reads, which the query of failed reads applies."""

    as_of = _DayFilter(
        method="filter_nothing",
        help_text="UK local date; later readings are ignored. Today by default.",
    )
    from_participant = TextFilter(
        max_length=4,
        method="filter_nothing",
        help_text="Market participant id of the sender of a failed reading.",
    )
    reason_code = CodeFilter(
        codes=codes.ReasonCode,
        max_length=2,
        method="filter_nothing",
        help_text="Reason (J0332) of a failed reading.",
    )
    distributor_id = TextFilter(
        max_length=2,
        method="filter_nothing",
        help_text="Distributor: the first two digits of the MPAN.",
    )
    min_age_days = _AgeFilter(
        method="filter_nothing", help_text="Visited this many days ago or earlier."
    )
    max_age_days = _AgeFilter(
        method="filter_nothing", help_text="Visited this many days ago or later."
    )
    age_bands = _AgeBandsFilter(
        method="filter_nothing",
        help_text="The days with which the age bands begin, after day 0.",
    )

    def filter_nothing(self, queryset: QuerySet, name: str, value: object) -> QuerySet:
        """Leave the selection to the query of failed reads."""
        return queryset

    @property
    def as_of_date(self) -> date:
        day: date | None = self.cleaned.get("as_of")
        return day or timezone.localdate(timezone=LONDON)

    @property
    def bands(self) -> list[AgeBand]:
        return self.cleaned.get("age_bands") or bands_of(AGE_BANDS)

    @property
    def read_filters(self) -> Filters:
        given = self.cleaned
        return Filters(
            min_age=given.get("min_age_days"),
            max_age=given.get("max_age_days"),
            sender=given.get("from_participant"),
            reason_code=given.get("reason_code"),
            distributor_id=given.get("distributor_id"),
        )
