"""Tests of meter points and registers without a recent reading."""

from __future__ import annotations

from datetime import datetime
from unittest.mock import patch

from django.test import TestCase

from meter_readings.d0010 import LONDON
from meter_readings.models import Meter
from meter_readings.queries import unread_registers
from meter_readings.queries.unread_registers import What, unread_page
from meter_readings.tests.support.flow_file_builder import flow_file, mpan_core
from meter_readings.tests.support.import_helpers import imported

JUNE = datetime(2024, 6, 1, tzinfo=LONDON)

# The MPANs are in this order.
FIRST, SECOND, THIRD = (mpan_core(number) for number in (1, 2, 3))


def read(mpan: str, *readings: str, meter: str = "METER1") -> list[str]:
    """Return the groups of readings, each like `DY 20240401`, of a meter."""
    lines = [f"026|{mpan}|V|", f"028|{meter}|R|"]
    for reading in readings:
        register, day = reading.split()
        lines.append(f"030|{register}|{day}000000|99.0|||T|N|")
    return lines


class UnreadRegistersTests(TestCase):
    def unread(self, *groups: list[str], after: str = "") -> list[tuple[str, ...]]:
        """Import groups; return what has no reading since June."""
        if groups:
            imported(flow_file([line for lines in groups for line in lines]))
        page = unread_page(before=JUNE, after_mpan=after, limit=100)
        return [
            (row.what, row.meter_point.mpan, row.serial_number, row.register_id)
            for row in page.rows
        ]

    def test_meter_point_without_a_recent_reading_is_listed(self) -> None:
        self.assertEqual(
            self.unread(read(FIRST, "S 20240401"), read(SECOND, "S 20240701")),
            [(What.METER_POINT, FIRST, "METER1", "S")],
        )

    def test_its_latest_reading_is_told(self) -> None:
        imported(flow_file(read(FIRST, "S 20240401", "S 20240501")))
        [row] = unread_page(before=JUNE, after_mpan="", limit=1).rows
        self.assertEqual(row.latest_at, datetime(2024, 5, 1, tzinfo=LONDON))

    def test_register_beside_a_register_that_is_read_is_listed(self) -> None:
        self.assertEqual(
            self.unread(read(FIRST, "DY 20240401", "NT 20240401", "DY 20240701")),
            [(What.REGISTER, FIRST, "METER1", "NT")],
        )

    def test_registers_of_a_removed_meter_are_left_out(self) -> None:
        self.assertEqual(
            self.unread(
                read(FIRST, "S 20240401", meter="OLD"),
                read(FIRST, "S 20240701", meter="NEW"),
            ),
            [],
        )

    def test_meter_point_of_two_meters_is_listed_once(self) -> None:
        self.assertEqual(
            self.unread(
                read(FIRST, "S 20240301", meter="OLD"),
                read(FIRST, "S 20240401", meter="NEW"),
            ),
            [(What.METER_POINT, FIRST, "NEW", "S")],
        )

    def test_meter_point_without_readings_is_left_out(self) -> None:
        self.assertEqual(self.unread([f"026|{FIRST}|V|", "027|02||"]), [])

    def test_withdrawn_reading_is_no_reading(self) -> None:
        imported(flow_file(read(FIRST, "S 20240401", "S 20240701")))
        meter = Meter.objects.get()
        meter.readings.filter(read_at__gte=JUNE).update(version_status="withdrawn")
        self.assertEqual(self.unread(), [(What.METER_POINT, FIRST, "METER1", "S")])

    def test_search_continues_after_an_mpan(self) -> None:
        rows = self.unread(
            read(FIRST, "S 20240401"), read(SECOND, "S 20240401"), after=FIRST
        )
        self.assertEqual([row[1] for row in rows], [SECOND])

    def test_full_page_tells_where_it_stopped(self) -> None:
        imported(
            flow_file(
                [
                    *read(FIRST, "S 20240401"),
                    *read(SECOND, "S 20240701"),
                    *read(THIRD, "S 20240401"),
                ]
            )
        )
        with patch.object(unread_registers, "CHUNK", 1):
            page = unread_page(before=JUNE, after_mpan="", limit=1)
        self.assertEqual([row.meter_point.mpan for row in page.rows], [FIRST])
        self.assertEqual(page.next_mpan, FIRST)

    def test_search_stops_after_its_time(self) -> None:
        imported(flow_file([*read(FIRST, "S 20240701"), *read(SECOND, "S 20240401")]))
        with (
            patch.object(unread_registers, "CHUNK", 1),
            patch.object(unread_registers, "SCAN_SECONDS", 0),
        ):
            page = unread_page(before=JUNE, after_mpan="", limit=9)
        self.assertEqual((page.rows, page.next_mpan), ([], FIRST))

    def test_search_through_several_chunks_finds_all(self) -> None:
        with patch.object(unread_registers, "CHUNK", 1):
            rows = self.unread(read(FIRST, "S 20240401"), read(SECOND, "S 20240401"))
        self.assertEqual([row[1] for row in rows], [FIRST, SECOND])

    def test_number_of_queries_does_not_depend_on_the_meter_points(self) -> None:
        imported(flow_file([*read(FIRST, "S 20240401"), *read(SECOND, "S 20240401")]))
        with self.assertNumQueries(3):
            unread_page(before=JUNE, after_mpan="", limit=9)
