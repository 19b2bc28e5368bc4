"""Tests of the rules about meters: visits, exchanges and serial numbers."""

from __future__ import annotations

from typing import Any

from django.test import SimpleTestCase

from meter_readings.quality.history import Span

from .histories import codes, monthly, raised, register, seconds, usual


class VisitDatesTests(SimpleTestCase):
    def visit(self, *days: str, **options: Any) -> list[str]:
        """Return what is raised about a visit that read registers on these days."""
        registers = [
            register(f"{day} {number}00", register_id=f"0{number}", **options)
            for number, day in enumerate(days, start=1)
        ]
        return codes(*registers)

    def test_registers_of_one_day_are_not_raised(self) -> None:
        self.assertEqual(self.visit("20240101", "20240101120000"), [])

    def test_end_of_a_day_is_the_beginning_of_the_next(self) -> None:
        self.assertEqual(self.visit("20240102", "20240101235959"), [])

    def test_second_of_two_days_is_raised(self) -> None:
        self.assertEqual(self.visit("20240101", "20240103"), ["visit-dates 200.0"])

    def test_day_of_fewer_registers_is_raised(self) -> None:
        found = self.visit("20240103", "20240101", "20240101")
        self.assertEqual(found, ["visit-dates 100.0"])

    def test_other_day_is_explained(self) -> None:
        day = register("20240101 100", register_id="DY")
        night = register("20240103 200", register_id="NT")
        self.assertEqual(
            raised(day, night)[0].explanation,
            "Another register was read on 01 January 2024.",
        )

    def test_visits_of_their_own_are_not_raised(self) -> None:
        day = register("20240101 100", register_id="DY")
        night = register("20240103 200", register_id="NT", visit_line=9)
        self.assertEqual(codes(day, night), [])

    def test_register_that_was_left_out_is_not_raised(self) -> None:
        day = register("20240101 100", "20240201 200", register_id="DY", visit_line=1)
        night = register("20240201 100", register_id="NT", visit_line=1)
        self.assertEqual(codes(day, night), [])


class FinalAndInitialTests(SimpleTestCase):
    def test_reading_after_the_final_one_is_raised(self) -> None:
        self.assertEqual(codes(monthly(500, "600 F", 700)), ["after-final 700.0"])

    def test_day_of_the_final_reading_is_explained(self) -> None:
        [item] = raised(monthly(500, "600 F", 700))
        self.assertEqual(item.explanation, "The final reading was on 31 January 2024.")

    def test_reading_on_the_day_of_the_final_one_is_not_raised(self) -> None:
        rows = register("20240101 500", "20240131 600 F", "20240131120000 600")
        self.assertEqual(codes(rows), [])

    def test_reading_before_the_initial_one_is_raised(self) -> None:
        self.assertEqual(codes(monthly(500, "600 I", 700)), ["before-initial 500.0"])

    def test_day_of_the_initial_reading_is_explained(self) -> None:
        [item] = raised(monthly(500, "600 I", 700))
        self.assertEqual(
            item.explanation, "The initial reading was on 31 January 2024."
        )

    def test_dummy_exchange_of_one_meter_is_not_raised(self) -> None:
        rows = register(
            "20240101 500", "20240131 600 F", "20240131120000 600 I", "20240301 700"
        )
        self.assertEqual(codes(rows), [])


class ExchangeTests(SimpleTestCase):
    def exchange(self, *old: float | str, new: list[float | str]) -> list[str]:
        """Return what is raised about two meters, 30 days after each other."""
        first = monthly(*old, start="20240101")
        second = monthly(*new, start="20240301", meter=2)
        return codes(first, second)

    def test_exchange_with_final_and_initial_is_not_raised(self) -> None:
        self.assertEqual(self.exchange(5, 60, "90 F", new=["0 I", 60]), [])

    def test_exchange_without_a_final_reading_is_raised(self) -> None:
        found = self.exchange(5, 60, 90, new=["0 I", 60])
        self.assertEqual(found, ["exchange-without-final 90.0"])

    def test_exchange_without_an_initial_reading_is_raised(self) -> None:
        found = self.exchange(5, 60, "90 F", new=[0, 60])
        self.assertEqual(found, ["exchange-without-initial 0.0"])

    def test_new_serial_number_with_neither_is_raised(self) -> None:
        self.assertEqual(self.exchange(5, 60, 90, new=[0, 60]), ["new-serial 0.0"])

    def test_meters_that_are_both_read_are_not_raised(self) -> None:
        self.assertEqual(self.exchange(5, 60, 90, 120, 150, new=[0, 60]), [])

    def test_meters_that_were_always_beside_each_other_are_not_raised(self) -> None:
        self.assertEqual(codes(monthly(5), monthly(60, meter=2)), [])

    def test_meter_without_a_valid_reading_is_no_new_one(self) -> None:
        rows = [row._replace(is_suspect=True) for row in monthly(60, meter=2)]
        self.assertEqual(codes(monthly(5), rows), [])


class SameSerialTests(SimpleTestCase):
    def beside(self, first: str, last: str, *, final: bool = False) -> list[str]:
        """Return what is raised if another point's meter was read at this time."""
        span = Span(seconds(first), seconds(last), seconds(last) if final else None)
        values = usual(3)
        rows = monthly(*values, start="20240601")
        return codes(rows, now="20240802", same_serials={1: [span]})

    def test_meters_at_the_same_time_are_raised(self) -> None:
        self.assertEqual(self.beside("20240101", "20240701"), ["same-serial 10000.0"])

    def test_meter_that_moved_is_not_raised(self) -> None:
        self.assertEqual(self.beside("20240101", "20240601", final=True), [])

    def test_meter_that_moved_without_a_final_reading_is_raised(self) -> None:
        self.assertEqual(self.beside("20240101", "20240501"), ["same-serial 10000.0"])

    def test_final_reading_after_the_first_elsewhere_is_raised(self) -> None:
        found = self.beside("20240101", "20240701", final=True)
        self.assertEqual(found, ["same-serial 10000.0"])


class NewPointTests(SimpleTestCase):
    def point(self, reading: str, *, now: str = "20240901") -> list[str]:
        start = seconds("20230101")
        return codes(register(reading), now=now, data_start=start)

    def test_meter_point_that_was_never_read_before_is_raised(self) -> None:
        self.assertEqual(self.point("20240801 100"), ["new-point 100.0"])

    def test_initial_reading_says_why_it_is_new(self) -> None:
        self.assertEqual(self.point("20240801 100 I"), [])

    def test_meter_point_of_the_first_cycle_is_not_raised(self) -> None:
        self.assertEqual(self.point("20230601 100", now="20230701"), [])

    def test_meter_point_is_new_for_some_time_only(self) -> None:
        self.assertEqual(self.point("20240801 100", now="20260101"), [])
