"""What another connection changes while a test looks."""

from __future__ import annotations

from collections.abc import Callable
from threading import Thread

from django.db import connection

from meter_readings import importer
from meter_readings.models import FlowFile
from meter_readings.tests.import_helpers import NOW


def elsewhere(change: Callable[[], object]) -> None:
    """Change something by another connection, and wait until it is done."""

    def run() -> None:
        change()
        connection.close()

    thread = Thread(target=run)
    thread.start()
    thread.join()


def undo_elsewhere(file: FlowFile) -> None:
    """Undo an import by another connection."""
    elsewhere(lambda: importer.undo_import(flow_file=file, now=NOW))
