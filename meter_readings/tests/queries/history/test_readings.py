"""Readings of registers: the latest, those before, and their versions."""

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
from meter_readings.queries.history import Event, RegisterKey
from meter_readings.tests.flow_file_builder import flow_file, header_line
from meter_readings.tests.import_helpers import imported

# Two registers read at the same times, and another meter beside them.
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
    """Return what readings say."""
    return [int(reading.value) for reading in readings]


def day(month: int) -> datetime:
    """Return the first of a month."""
    return datetime(2024, month, 1, tzinfo=LONDON)


class ReadingsTestCase(TestCase):
    @classmethod
    def setUpTestData(cls) -> None:
        imported(flow_file(TWO_REGISTERS))
        cls.meter = Meter.objects.get(serial_number="TST0000001").pk
        cls.registers = [RegisterKey(cls.meter, name) for name in ("DY", "NT")]

    def say(self, number: int, reading_type: str, value: str) -> None:
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

    def test_current_readings_are_of_these_registers_alone(self) -> None:
        self.assertEqual(self.found(), [10, 11, 20, 21, 30, 31])

    def test_current_readings_are_none_of_no_registers(self) -> None:
        found = history.current_readings(registers=[], since=day(1), limit=9)
        self.assertEqual(found, [])

    def test_current_readings_are_those_since_a_time(self) -> None:
        self.assertEqual(self.found(since=day(2)), [20, 21, 30, 31])

    def test_current_readings_are_the_latest_of_each_register(self) -> None:
        self.assertEqual(self.found(limit=1), [30, 31])

    def test_current_readings_are_the_versions_that_count(self) -> None:
        self.say(3, "R", "35.0")
        self.assertEqual(self.found(since=day(3)), [31, 35])


class CurrentReadingsBeforeTests(ReadingsTestCase):
    def test_current_readings_before_are_of_the_same_register_before_each_event(
        self,
    ) -> None:
        found = history.previous_current_readings(
            events=[Event(self.meter, "DY", day(3)), Event(self.meter, "NT", day(2))],
            limit=1,
        )
        self.assertEqual(sorted(values(found)), [11, 20])


class VersionsOfEachTests(ReadingsTestCase):
    def test_versions_of_each_are_all_that_was_said_of_the_event_the_last_stored_first(
        self,
    ) -> None:
        self.say(3, "R", "35.0")
        event = Event(self.meter, "DY", day(3))
        found = history.versions_per_key(events=[event], limit=5)
        self.assertEqual(values(found), [35, 30])


class LatestEventsTests(ReadingsTestCase):
    def found(
        self, *, before: Event | None = None, basis: Basis | None = None, limit: int = 9
    ) -> list[int]:
        return values(
            history.latest_reading_keys(
                registers=self.registers, before=before, basis=basis, limit=limit
            )
        )

    def test_latest_events_are_the_latest_first_registers_in_the_order_given(
        self,
    ) -> None:
        self.assertEqual(self.found(), [30, 31, 20, 21, 10, 11])

    def test_latest_events_are_no_more_than_asked_for_of_all_registers_together(
        self,
    ) -> None:
        self.assertEqual(self.found(limit=3), [30, 31, 20])

    def test_latest_events_go_on_where_a_page_ended_amid_one_time(self) -> None:
        before = Event(self.meter, "DY", day(2))
        self.assertEqual(self.found(before=before), [21, 10, 11])

    def test_latest_events_go_on_at_a_time_of_a_register_that_was_not_shown(
        self,
    ) -> None:
        before = Event(self.meter, "XX", day(2))
        self.assertEqual(self.found(before=before), [20, 21, 10, 11])

    def test_latest_events_have_the_version_that_counts_alone(self) -> None:
        self.say(3, "R", "35.0")
        self.assertEqual(self.found(limit=3), [35, 31, 20])

    def test_latest_events_have_what_was_withdrawn_last_where_nothing_counts(
        self,
    ) -> None:
        self.say(3, "R", "35.0")
        self.say(4, "W", "35.0")
        latest = history.latest_reading_keys(registers=self.registers, limit=3)
        self.assertEqual(values(latest), [35, 31, 20])
        self.assertEqual(latest[0].reading_type, "W")

    def test_rest_on_a_basis(self) -> None:
        self.assertEqual(self.found(basis=Basis.ESTIMATED), [20, 21])

    def test_latest_events_count_an_unlisted_type_as_actual(self) -> None:
        self.say(3, "8", "35.0")
        self.assertEqual(self.found(basis=Basis.ACTUAL), [35, 31, 10, 11])

    def test_latest_events_look_through_a_limited_number_for_a_basis(self) -> None:
        with patch("meter_readings.queries.history.readings._LOOKED_THROUGH", 2):
            with patch(
                "meter_readings.queries.history.readings._LOOKED_THROUGH_OF_EACH", 1
            ):
                self.assertEqual(self.found(basis=Basis.ESTIMATED), [])
                self.assertEqual(self.found(basis=Basis.ACTUAL), [30, 31])


class PagesTests(HypothesisTestCase):
    """Page after page shows each event once, whatever was read when."""

    @settings(deadline=None)
    @given(
        st.lists(
            st.tuples(st.sampled_from("ABC"), st.integers(1, 4)),
            min_size=1,
            max_size=12,
            unique=True,
        ),
        st.integers(1, 5),
    )
    def test_pages_show_every_event_once(
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
            (event.register_id, event.read_at.astimezone(LONDON).day)
            for event in self.turned(registers, limit)
        ]
        expected = sorted(read, key=lambda each: (-each[1], each[0]))
        self.assertEqual(shown, expected)

    def turned(self, registers: list[RegisterKey], limit: int) -> Iterator[Event]:
        """Yield the events of page after page."""
        before = None
        while page := history.latest_reading_keys(
            registers=registers, before=before, limit=limit
        ):
            for reading in page:
                yield (before := history.reading_key(reading))
