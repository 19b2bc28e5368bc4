"""The command find_overdue_readings."""

from __future__ import annotations

from datetime import date

from django.test import TestCase

from meter_readings.models import OverdueReading
from meter_readings.tests.queries.test_overdue_readings import (
    FIRST,
    read,
    store,
    weekly,
)
from meter_readings.tests.support.import_helpers import create_overdue_reading

from .run_command import run


class FindOverdueReadingsTests(TestCase):
    def test_late_and_missing_readings_replace_those_of_the_night_before(self) -> None:
        store(read(FIRST, *weekly()))
        yesterday = create_overdue_reading(register_id="OL")
        self.assertEqual(
            run("find_overdue_readings"), (0, "Late or missing: 1 reading.\n", "")
        )
        [row] = OverdueReading.objects.all()
        self.assertNotEqual(row.pk, yesterday.pk)
        self.assertEqual(
            (row.state, row.due_date), (OverdueReading.State.MISSING, date(2026, 5, 29))
        )
