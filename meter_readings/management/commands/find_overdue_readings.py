"""Command find_overdue_readings."""

from __future__ import annotations

from typing import Any

from django.db import transaction
from django.utils import timezone

from meter_readings.importer.formatting import pluralise
from meter_readings.management.cli import base_command
from meter_readings.models import OverdueReading
from meter_readings.queries.overdue_readings import overdue_readings


class Command(base_command.BaseCommand):
    help = (
        "Find the meter points and registers whose readings are late or missing, and "
        "replace the stored list of them. A timer runs it each night."
    )

    def handle(self, *args: Any, **options: Any) -> None:
        # All readings are read before SQLite's only writer begins.
        rows = list(overdue_readings(now=timezone.now()))
        with transaction.atomic():
            OverdueReading.objects.all().delete()
            OverdueReading.objects.bulk_create(rows, batch_size=5_000)
        self.stdout.write(f"Late or missing: {pluralise(len(rows), 'reading')}.")
