"""Tests of the latest readings, the previous ones, and versions."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from unittest.mock import patch

from django.test import TestCase
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.django import TestCase as HypothesisTestCase

from meter_readings.d0010 import LONDON
from meter_readings.d0010.codes import Basis
from meter_readings.models import Meter, Reading
from meter_readings.queries import history
from meter_readings.queries.history import ReadingKey, RegisterKey
from meter_readings.tests.support.flow_file_builder import flow_file, header_line
from meter_readings.tests.support.import_helpers import imported

# Two registers read at the same times, and another meter.
TWO_REGISTERS = """
    026|2000000000015|V|
    028|TST0000001|R|
    030|DY|20240101000000|10.0|||T|N|
    030|NT|20240101000000|11.0|||T|N|
    030|DY|20240301000000|30.0|||T|N|
    030|NT|20240301000000|31.0|||T|N|
    028|TST0000001|D|
    030|DY|20240201000000|20.0|||T|N|
    030|NT|20240201000000|21.0|||T|N|
    028|TST0000002|R|
    030|DY|20240201000000|99.0|||T|N|
    """


def values(readings: list[Reading]) -> list[int]:
    return [int(reading.value) for reading in readings]


def day(month: int) -> datetime:
    """Return midnight of the first day of a month."""
    return datetime(2024, month, 1, tzinfo=LONDON)


class ReadingsTestCase(TestCase):
    @classmethod
    def setUpTestData(cls) -> None:
        imported(flow_file(TWO_REGISTERS))
        cls.meter = Meter.objects.get(serial_number="TST0000001").pk
        cls.registers = [RegisterKey(cls.meter, name) for name in ("DY", "NT")]

    def add_version(self, number: int, reading_type: str, value: str) -> None:
        """Import another version of the reading of DY on 1 March."""
        text = flow_file(
            ["026|2000000000015|V|", f"028|TST0000001|{reading_type}|"]
            + [f"030|DY|20240301000000|{value}|||T|N|"],
            header=header_line(
                file_identifier=f"FILE{number}", created_at=f"2024040{number}101010"
            ),
        )
        imported(text, f"{number}.uff")


class CurrentReadingsTests(ReadingsTestCase):
    def found(self, *, since: datetime = day(1), limit: int = 9) -> list[int]:
        readings = history.current_readings(
            registers=self.registers, since=since, limit=limit
        )
        return sorted(values(readings))

    def test_readings_of_other_registers_are_not_returned(self) -> None:
        self.assertEqual(self.found(), [10, 11, 20, 21, 30, 31])

    def test_no_registers_have_no_readings(self) -> None:
        found = history.current_readings(registers=[], since=day(1), limit=9)
        self.assertEqual(found, [])

    def test_earlier_readings_are_not_returned(self) -> None:
        self.assertEqual(self.found(since=day(2)), [20, 21, 30, 31])

    def test_limit_applies_to_each_register(self) -> None:
        self.assertEqual(self.found(limit=1), [30, 31])

    def test_only_current_versions_are_returned(self) -> None:
        self.add_version(3, "R", "35.0")
        self.assertEqual(self.found(since=day(3)), [31, 35])


class PreviousCurrentReadingsTests(ReadingsTestCase):
    def test_previous_reading_is_of_the_same_register(self) -> None:
        found = history.previous_current_readings(
            reading_keys=[
                ReadingKey(self.meter, "DY", day(3)),
                ReadingKey(self.meter, "NT", day(2)),
            ],
            limit=1,
        )
        self.assertEqual(sorted(values(found)), [11, 20])


class VersionsPerKeyTests(ReadingsTestCase):
    def test_version_stored_last_comes_first(self) -> None:
        self.add_version(3, "R", "35.0")
        key = ReadingKey(self.meter, "DY", day(3))
        found = history.versions_per_key(reading_keys=[key], limit=5)
        self.assertEqual(values(found), [35, 30])


class LatestReadingKeysTests(ReadingsTestCase):
    def found(
        self,
        *,
        before: ReadingKey | None = None,
        basis: Basis | None = None,
        limit: int = 9,
    ) -> list[int]:
        return values(
            history.latest_reading_keys(
                registers=self.registers, before=before, basis=basis, limit=limit
            )
        )

    def test_latest_key_comes_first_and_registers_in_the_given_order(self) -> None:
        self.assertEqual(self.found(), [30, 31, 20, 21, 10, 11])

    def test_limit_applies_to_all_registers_together(self) -> None:
        self.assertEqual(self.found(limit=3), [30, 31, 20])

    def test_next_page_continues_between_registers_read_at_one_time(self) -> None:
        before = ReadingKey(self.meter, "DY", day(2))
        self.assertEqual(self.found(before=before), [21, 10, 11])

    def test_next_page_after_an_unknown_register_repeats_its_time(self) -> None:
        before = ReadingKey(self.meter, "XX", day(2))
        self.assertEqual(self.found(before=before), [20, 21, 10, 11])

    def test_current_version_represents_its_key(self) -> None:
        self.add_version(3, "R", "35.0")
        self.assertEqual(self.found(limit=3), [35, 31, 20])

    def test_withdrawn_version_stored_last_represents_a_key_without_a_current_one(
        self,
    ) -> None:
        self.add_version(3, "R", "35.0")
        self.add_version(4, "W", "35.0")
        latest = history.latest_reading_keys(registers=self.registers, limit=3)
        self.assertEqual(values(latest), [35, 31, 20])
        self.assertEqual(latest[0].reading_type, "W")

    def test_filters_readings_by_basis(self) -> None:
        self.assertEqual(self.found(basis=Basis.ESTIMATED), [20, 21])

    def test_reading_of_an_unlisted_type_is_actual(self) -> None:
        self.add_version(3, "8", "35.0")
        self.assertEqual(self.found(basis=Basis.ACTUAL), [35, 31, 10, 11])

    def test_scan_for_a_basis_is_limited(self) -> None:
        with patch("meter_readings.queries.history.readings._SCAN_LIMIT", 2):
            with patch(
                "meter_readings.queries.history.readings._MIN_SCAN_LIMIT_PER_REGISTER",
                1,
            ):
                self.assertEqual(self.found(basis=Basis.ESTIMATED), [])
                self.assertEqual(self.found(basis=Basis.ACTUAL), [30, 31])


class PagesTests(HypothesisTestCase):
    """All pages together show each reading key once."""

    @settings(max_examples=30, deadline=None)
    @given(
        st.lists(
            st.tuples(st.sampled_from("ABC"), st.integers(1, 4)),
            min_size=1,
            max_size=12,
            unique=True,
        ),
        st.integers(1, 5),
    )
    def test_pages_show_every_reading_key_once(
        self, read: list[tuple[str, int]], limit: int
    ) -> None:
        lines = [
            f"030|{name}|2024010{number}000000|{number}.0|||T|N|"
            for name, number in read
        ]
        imported(flow_file(["026|2000000000015|V|", "028|TST0000001|R|", *lines]))
        meter = Meter.objects.get().pk
        registers = [RegisterKey(meter, name) for name in "ABC"]
        shown = [
            (key.register_id, key.read_at.astimezone(LONDON).day)
            for key in self.all_pages(registers, limit)
        ]
        expected = sorted(read, key=lambda each: (-each[1], each[0]))
        self.assertEqual(shown, expected)

    def all_pages(
        self, registers: list[RegisterKey], limit: int
    ) -> Iterator[ReadingKey]:
        before = None
        while page := history.latest_reading_keys(
            registers=registers, before=before, limit=limit
        ):
            for reading in page:
                yield (before := history.reading_key(reading))
