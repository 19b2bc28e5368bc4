"""Conditions for check constraints, and the size of values."""

from __future__ import annotations

from django.db.models import F, Q
from django.db.models.functions import Length
from django.db.models.lookups import LessThanOrEqual

# The column for J0040, which is NUM(9,1): 12 digits, 3 of them decimals.
VALUE_DIGITS, VALUE_PLACES = 12, 3


def max_length_q(**lengths: int) -> Q:
    """Return that each column has at most so many characters.

    PostgreSQL enforces the length of a column by itself; SQLite does not.
    """
    condition = Q()
    for name, length in lengths.items():
        condition &= Q(LessThanOrEqual(Length(F(name)), length))
    return condition
