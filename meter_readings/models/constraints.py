"""What the database sees to about texts."""

from __future__ import annotations

from django.db.models import F, Q
from django.db.models.functions import Length
from django.db.models.lookups import LessThanOrEqual


def max_length_q(**lengths: int) -> Q:
    """Return that each text is no longer than it may be: SQLite does not see to it."""
    condition = Q()
    for name, length in lengths.items():
        condition &= Q(LessThanOrEqual(Length(F(name)), length))
    return condition
