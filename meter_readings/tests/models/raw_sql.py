"""SQL that bypasses Django's validation."""

from __future__ import annotations

from django.db import connection
from django.db.models import Model


def execute(statement: str, *parameters: object) -> int:
    """Execute a statement; return the number of rows it changed."""
    with connection.cursor() as cursor:
        cursor.execute(statement, parameters)
        return int(cursor.rowcount)


def set_column(model: type[Model], column: str, value: object) -> None:
    """Update a column of the first row of a table."""
    table = model._meta.db_table
    pk = model._default_manager.order_by("pk").values_list("pk", flat=True)[0]
    execute(f'UPDATE {table} SET "{column}" = %s WHERE id = %s', value, pk)
