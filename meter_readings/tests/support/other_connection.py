"""Changes the database by another connection during a test."""

from __future__ import annotations

from collections.abc import Callable
from threading import Thread

from django.db import connection

from meter_readings import importer
from meter_readings.models import FlowFile
from meter_readings.tests.support.import_helpers import NOW


def in_other_connection(change: Callable[[], object]) -> None:
    """Run a function in a thread with its own connection, and wait for its end."""

    def run() -> None:
        change()
        connection.close()

    thread = Thread(target=run)
    thread.start()
    thread.join()


def undo_in_other_connection(file: FlowFile) -> None:
    """Undo an import by another connection."""
    in_other_connection(lambda: importer.undo_import(flow_file=file, now=NOW))
