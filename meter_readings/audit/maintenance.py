"""The two changes of audit events that the database allows.

Its triggers look for a row of a table that has no model. The row is written and deleted
in the transaction of the change, so no other transaction sees it.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime

from django.db import connection, transaction

from meter_readings.models import AuditEvent

_TABLE = "meter_readings_auditmaintenance"
_INSERT = f"INSERT INTO {_TABLE} (task, delete_before) VALUES (%s, %s)"
_DELETE = f"DELETE FROM {_TABLE} WHERE task = %s AND delete_before = %s"

# No event is before this time.
_NEVER = datetime(1900, 1, 1, tzinfo=UTC)


@contextmanager
def changing_texts() -> Iterator[None]:
    """Allow an erasure to change the texts of events, in one transaction."""
    with _allowed("erasure"):
        yield


def delete_events(*, before: datetime) -> int:
    """Delete the events before a time; return their number."""
    with _allowed("retention", before):
        deleted, _ = AuditEvent.objects.filter(at__lt=before).delete()
    return deleted


@contextmanager
def _allowed(task: str, delete_before: datetime = _NEVER) -> Iterator[None]:
    row = [task, connection.ops.adapt_datetimefield_value(delete_before)]
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(_INSERT, row)
        yield
        cursor.execute(_DELETE, row)
