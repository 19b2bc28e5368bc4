"""Tests of finding meters with the same serial number."""

from __future__ import annotations

from django.test import TestCase

from meter_readings.models import Meter, MeterPoint
from meter_readings.queries.serial_numbers import meters_elsewhere
from meter_readings.tests.support.flow_file_builder import mpan_core
from meter_readings.tests.support.query_plans import (
    plan_text,
    queries_of,
    table_scans,
    use_indexes_for_few_rows,
)


class MetersElsewhereTests(TestCase):
    @classmethod
    def setUpTestData(cls) -> None:
        cls.meters = [
            Meter.objects.create(
                serial_number="SAME",
                meter_point=MeterPoint.objects.create(mpan=mpan_core(number)),
            )
            for number in range(1, 6)
        ]

    def test_meters_at_other_meter_points_are_found(self) -> None:
        with self.assertNumQueries(2):
            found = meters_elsewhere(meters=self.meters[:1], limit=9)
            self.assertEqual(len({meter.meter_point.mpan for meter in found}), 4)
        self.assertCountEqual(found, self.meters[1:])

    def test_no_more_meters_than_the_limit_are_found(self) -> None:
        self.assertEqual(len(meters_elsewhere(meters=self.meters, limit=3)), 3)

    def test_index_of_serial_numbers_finds_the_meters(self) -> None:
        query, _ = queries_of(lambda: meters_elsewhere(meters=self.meters[:1], limit=2))
        use_indexes_for_few_rows()
        plan = plan_text(query)
        self.assertEqual(table_scans(plan), [])
        self.assertIn("serial_number", plan)
