"""Tests of keyset conditions."""

from __future__ import annotations

from django.test import SimpleTestCase, TestCase

from meter_readings.models import MeterPoint, Reading
from meter_readings.queries.keyset import (
    Ordering,
    after_q,
    column_names,
    position_of,
    up_to_q,
)
from meter_readings.tests.support.flow_file_builder import flow_file_of_readings
from meter_readings.tests.support.import_helpers import imported


class ColumnNamesTests(SimpleTestCase):
    def test_column_names_have_no_minus_signs(self) -> None:
        self.assertEqual(column_names(("-read_at", "-id")), ["read_at", "id"])


class ConditionTests(TestCase):
    @classmethod
    def setUpTestData(cls) -> None:
        # The readings 2 and 3 have the same time, so the id decides between them. Ids
        # increase from file to file, but within a file they have no order.
        for number, line in enumerate(
            (
                "030|A|20240401000000|1.0|||T|N|",
                "030|A|20240402000000|2.0|||T|N|",
                "030|B|20240402000000|3.0|||T|N|",
                "030|A|20240403000000|4.0|||T|N|",
            )
        ):
            imported(flow_file_of_readings(line), f"file_{number}.uff")

    def split(self, ordering: Ordering, value: int) -> tuple[list[int], list[int]]:
        """Return the values up to the position of one reading, and those after it."""
        position = position_of(Reading.objects.get(value=value), ordering)
        rows = Reading.objects.order_by(*ordering)
        up_to = [int(row.value) for row in rows.filter(up_to_q(ordering, position))]
        after = [int(row.value) for row in rows.filter(after_q(ordering, position))]
        return up_to, after

    def test_position_splits_an_ascending_ordering(self) -> None:
        self.assertEqual(self.split(("read_at", "id"), 2), ([1, 2], [3, 4]))

    def test_position_splits_a_descending_ordering(self) -> None:
        self.assertEqual(self.split(("-read_at", "-id"), 3), ([4, 3], [2, 1]))

    def test_position_splits_an_ordering_of_one_column(self) -> None:
        self.assertEqual(self.split(("-id",), 3), ([4, 3], [2, 1]))


class PositionTests(SimpleTestCase):
    def test_position_has_the_values_of_the_ordering(self) -> None:
        point = MeterPoint(pk=7, mpan="2000000000015")
        self.assertEqual(position_of(point, ("-mpan", "-id")), ("2000000000015", 7))
