"""Text as search compares it: in capitals and without spaces."""

from __future__ import annotations

from django.db import connection, models
from django.db.models import Value
from django.db.models.functions import Replace, Upper


def search_column(field: str, *, max_length: int) -> models.GeneratedField:
    """Return an indexed column that the database derives from another for searching.

    PostgreSQL has a second index of it for LIKE, because the first is in the order of
    the language.
    """
    return models.GeneratedField(
        expression=Upper(Replace(field, Value(" "), Value(""))),
        output_field=models.CharField(max_length=max_length),
        db_persist=True,
        db_index=True,
    )


def search_text(text: str) -> str:
    """Return a text as the database derives it; SQLite has capitals for ASCII only."""
    compact = "".join(text.split())
    if connection.vendor == "sqlite":  # sqlite only
        return "".join(
            letter.upper() if letter.isascii() else letter for letter in compact
        )
    return compact.upper()  # postgresql only
