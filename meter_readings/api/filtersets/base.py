"""Base filter set and the filter backend that applies it."""

from __future__ import annotations

import copy
from collections.abc import Collection, Mapping
from functools import cached_property, lru_cache
from typing import Any, ClassVar

import django_filters
from django import forms
from django.db.models import QuerySet
from django_filters.constants import EMPTY_VALUES
from django_filters.rest_framework import DjangoFilterBackend

from meter_readings.queries.keyset import Ordering

from .fields import RangeForm

# Parameters that do not filter rows.
_PRESENTATION = ("ordering", "fields", "file_format")


class ListFilterSet(django_filters.FilterSet):
    """Filter set that knows its ordering and which of its filters an index answers.

    `parent_filters` are the filters that the path sets: /meters/7/readings/ has
    {"meter": 7}. A page scans a limited number of rows for filters that are not
    in `indexed_filters`.
    """

    indexed_filters: ClassVar[tuple[str, ...]] = ()
    # Filters that apply to requests which do not give them
    default_filters: ClassVar[tuple[str, ...]] = ()
    # The first is the default. The columns of each are unique together.
    orderings: ClassVar[Mapping[str, Ordering]] = {}

    base_filters: dict[str, Any]

    class Meta:
        form = RangeForm

    def __init__(
        self,
        data: Mapping[str, Any] | None = None,
        *args: Any,
        parent_filters: Mapping[str, int] | None = None,
        **kwargs: Any,
    ) -> None:
        # django-filter copies every filter and every field of the form for each
        # request, which takes longer than to read a page.
        self.base_filters = {
            name: each
            for name, each in type(self).base_filters.items()
            if name in (data or ())
            or name in self.default_filters
            or each.extra["required"]
        }
        super().__init__(data, *args, **kwargs)
        self.parent_filters = dict(parent_filters or {})

    def get_form_class(self) -> type[forms.Form]:
        """Return the form class of the filters that the request needs."""
        filterset_class: Any = type(self)
        return _form_class(filterset_class, frozenset(self.filters))

    @cached_property
    def cleaned(self) -> dict[str, Any]:
        """Return the validated values of the parameters that were given."""
        values = self.form.cleaned_data.items()
        return {name: value for name, value in values if value not in EMPTY_VALUES}

    @property
    def conditions(self) -> dict[str, Any]:
        """Return the values of the filters that were given."""
        return {
            name: value
            for name, value in self.cleaned.items()
            if name not in _PRESENTATION
        }

    @property
    def ordering_name(self) -> str:
        name: str = self.cleaned.get("ordering", next(iter(self.orderings)))
        return name

    @property
    def ordering_columns(self) -> Ordering:
        """Return the columns that identify a position in the list."""
        return self.orderings[self.ordering_name]

    @property
    def is_small(self) -> bool:
        """Return whether an index selects so few rows that all may be scanned."""
        return False

    @property
    def unindexed_filters(self) -> dict[str, Any]:
        """Return the values of the filters that no index answers."""
        return {
            name: value
            for name, value in self.conditions.items()
            if name not in self.indexed_filters
        }

    @property
    def indexed_qs(self) -> QuerySet:
        """Return the rows by the filters that an index answers alone."""
        return self.filter_indexed(self.queryset.all())

    def filter_queryset(self, queryset: QuerySet) -> QuerySet:
        """Return the rows that match all filters, in order."""
        return self.order(self.filter_unindexed(self.filter_indexed(queryset)))

    def filter_indexed(self, queryset: QuerySet) -> QuerySet:
        queryset = queryset.filter(**self.parent_filters)
        for name, value in self.conditions.items():
            if name in self.indexed_filters:
                queryset = self.filters[name].filter(queryset, value)
        return queryset

    def filter_unindexed(self, queryset: QuerySet) -> QuerySet:
        for name, value in self.unindexed_filters.items():
            queryset = self.filters[name].filter(queryset, value)
        return queryset

    def order(self, queryset: QuerySet) -> QuerySet:
        return queryset.order_by(*self.ordering_columns) if self.orderings else queryset


# Most requests give one of few sets of filters.
@lru_cache(maxsize=128)
def _form_class(filterset_class: Any, names: Collection[str]) -> type[forms.Form]:
    filters = copy.deepcopy(filterset_class.base_filters)
    fields = {name: each.field for name, each in filters.items() if name in names}
    return type("FilterForm", (filterset_class.Meta.form,), fields)


class FilterSetBackend(DjangoFilterBackend):
    """Applies the view's filter set and stores it as `view.filterset`.

    The paginator needs it to limit its scan.
    """

    def get_filterset(
        self, request: Any, queryset: QuerySet, view: Any
    ) -> ListFilterSet:
        view.filterset = super().get_filterset(request, queryset, view)
        filterset: ListFilterSet = view.filterset
        return filterset

    def get_filterset_kwargs(
        self, request: Any, queryset: QuerySet, view: Any
    ) -> dict[str, Any]:
        kwargs = super().get_filterset_kwargs(request, queryset, view)
        return {**kwargs, "parent_filters": view.parent_filters}
