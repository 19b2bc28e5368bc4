"""A list as it is asked for: what chooses its rows, and the order they come in.

A filter is of one of two kinds. An index answers the one; the other looks through the
rows that are left, which a page does within a window of bounded size (`pagination`).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cached_property
from typing import Any, ClassVar

import django_filters
from django.db.models import QuerySet
from django.http import QueryDict
from rest_framework.exceptions import ErrorDetail, ValidationError

from meter_readings.queries.keyset import Ordering

from .parameters import Choice

# What is no condition on rows.
_PRESENTATION = ("ordering", "fields")


class Query(django_filters.FilterSet):
    """Base of all: its filters' names are the parameters of a list.

    `within` is what the address itself chooses by: the 7 in `/meters/7/readings/`.
    """

    # Which filters an index answers.
    by_index: ClassVar[tuple[str, ...]] = ()
    # The first is the order where none is asked for.
    orders: ClassVar[Mapping[str, Ordering]]

    def __init__(
        self, data: Any, rows: QuerySet, *, within: Mapping[str, int] | None = None
    ) -> None:
        super().__init__(data, rows)
        self.rows = rows
        self.within = dict(within or {})

    @cached_property
    def asked(self) -> dict[str, Any]:
        """Return what is asked for, by name; raises ValidationError."""
        if not self.is_valid():
            raise ValidationError(
                {name: _details(errors) for name, errors in self._errors.items()}
            )
        given = self.form.cleaned_data.items()
        return {name: value for name, value in given if value not in (None, "", [])}

    @property
    def _errors(self) -> dict[str, Any]:
        return dict(self.form.errors.as_data())

    @property
    def order_name(self) -> str:
        """Return the name of the order."""
        name: str = self.asked.get("ordering", next(iter(self.orders)))
        return name

    @property
    def order(self) -> Ordering:
        """Return the columns of the order."""
        return self.orders[self.order_name]

    @property
    def conditions(self) -> dict[str, Any]:
        """Return what chooses among the rows."""
        return {
            name: value
            for name, value in self.asked.items()
            if name not in _PRESENTATION
        }

    @property
    def is_narrowed(self) -> bool:
        """Return whether rows are left out that no index leaves out."""
        return any(name not in self.by_index for name in self.conditions)

    @property
    def is_few(self) -> bool:
        """Return whether the index leaves so few rows that all may be looked at."""
        return False

    def indexed(self, rows: QuerySet) -> QuerySet:
        """Return the rows that an index finds."""
        in_index = self.by_index.__contains__
        return self._filtered(rows.filter(**self.within), in_index)

    def narrowed(self, rows: QuerySet) -> QuerySet:
        """Return those among them that match all else."""
        return self._filtered(rows, lambda name: name not in self.by_index)

    def in_order(self, rows: QuerySet) -> QuerySet:
        """Return rows in the order that is asked for."""
        return rows.order_by(*self.order)

    def matching(self, rows: QuerySet) -> QuerySet:
        """Return all rows that match, in no order."""
        return self.narrowed(self.indexed(rows))

    def _filtered(self, rows: QuerySet, is_meant: Callable[[str], bool]) -> QuerySet:
        for name, value in self.conditions.items():
            if is_meant(name):
                rows = self.filters[name].filter(rows, value)
        return rows


def order_choice(*names: str) -> Choice:
    """Return the parameter that chooses among orders."""
    choices = [(name, name) for name in names]
    return Choice(choices, "The order of the rows; - turns it round.")


def refusal(name: str, message: str, code: str = "invalid") -> ValidationError:
    """Return that a parameter makes no sense here."""
    return ValidationError({name: [ErrorDetail(message, code)]})


def refuse_odd_parameters(given: QueryDict, known: set[str]) -> None:
    """Refuse what is not known, is given twice, or is blank."""
    errors: dict[str, list[ErrorDetail]] = {}
    for name, values in given.lists():
        if name not in known:
            detail = ErrorDetail("There is no such parameter here.", "unknown")
            # Somebody's MPAN could stand here too.
            errors[name if name.isidentifier() else "?"] = [detail]
        elif len(values) > 1:
            errors[name] = [ErrorDetail("Give it once.", "repeated")]
        elif not values[0].strip():
            errors[name] = [ErrorDetail("Give a value, or leave it out.", "blank")]
    if errors:
        raise ValidationError(errors)


def _details(errors: list[Any]) -> list[ErrorDetail]:
    return [
        ErrorDetail(message, error.code or "invalid")
        for error in errors
        for message in error.messages
    ]
