"""Charts on paper."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from django.test import SimpleTestCase
from hypothesis import given, settings
from hypothesis import strategies as st

from meter_readings import charts
from meter_readings.charts import Chart, Point, Series
from meter_readings.d0010 import LONDON

START = datetime(2024, 1, 1, tzinfo=LONDON)
END = datetime(2025, 1, 31, tzinfo=LONDON)


def point(day: int, value: str, **said: Any) -> Point:
    """Return a point so many days from the start."""
    at = START + timedelta(days=day)
    return Point(at, Decimal(value), f"{value} on day {day}", **said)


def drawn(*series: Sequence[Point], **asked: Any) -> Chart:
    """Return a chart of series that are called A, B and so on."""
    named = [Series("ABCD"[place], points) for place, points in enumerate(series)]
    usual = {"title": "T", "description": "D", "unit": "U", "start": START, "end": END}
    return charts.draw(series=named, **usual | asked)


class ValueTicksTests(SimpleTestCase):
    def ticks(self, lowest: str, highest: str, **asked: bool) -> list[str]:
        found = charts.value_ticks(Decimal(lowest), Decimal(highest), **asked)
        return [format(value, "f") for value in found]

    def test_are_round(self) -> None:
        self.assertEqual(
            self.ticks("21234.5", "24890.1"),
            ["21000", "22000", "23000", "24000", "25000"],
        )

    def test_are_round_below_one(self) -> None:
        self.assertEqual(self.ticks("0.12", "0.31"), ["0.1", "0.2", "0.3", "0.4"])

    def test_begin_at_nought_where_asked_to(self) -> None:
        self.assertEqual(
            self.ticks("31", "39", from_zero=True), ["0", "10", "20", "30", "40"]
        )

    def test_go_round_a_single_value(self) -> None:
        self.assertEqual(self.ticks("10", "10"), ["9.0", "9.5", "10.0", "10.5", "11.0"])

    def test_stay_at_nought_round_nought(self) -> None:
        self.assertEqual(self.ticks("0", "0")[0], "0.0")

    @settings(deadline=None)
    @given(
        st.decimals(0, 999_999_999, places=3),
        st.decimals(0, 999_999_999, places=3),
        st.booleans(),
    )
    def test_are_three_to_five_and_cover_all(
        self, one: Decimal, other: Decimal, from_zero: bool
    ) -> None:
        lowest, highest = sorted((one, other))
        ticks = charts.value_ticks(lowest, highest, from_zero=from_zero)
        self.assertIn(len(ticks), (3, 4, 5))
        self.assertLessEqual(ticks[0], lowest)
        self.assertGreaterEqual(ticks[-1], highest)
        self.assertEqual(ticks, sorted(set(ticks)))


class TimeTicksTests(SimpleTestCase):
    def words(self, start: datetime, end: datetime) -> list[str]:
        return [said for _, said in charts.time_ticks(start, end)]

    def test_are_months_of_a_year(self) -> None:
        self.assertEqual(
            self.words(START, END),
            ["Jan 2024", "Apr 2024", "Jul 2024", "Oct 2024", "Jan 2025"],
        )

    def test_are_years_of_a_decade(self) -> None:
        self.assertEqual(
            self.words(START.replace(year=2015), END),
            ["2016", "2018", "2020", "2022", "2024"],
        )

    @settings(deadline=None)
    @given(st.integers(62, 80_000), st.integers(0, 20_000))
    def test_are_between_start_and_end_and_at_most_five(
        self, days: int, later: int
    ) -> None:
        start = START.replace(year=1950) + timedelta(days=later)
        ticks = charts.time_ticks(start, start + timedelta(days=days))
        self.assertIn(len(ticks), (1, 2, 3, 4, 5))
        for at, _ in ticks:
            self.assertTrue(start <= at <= start + timedelta(days=days))


class DrawTests(SimpleTestCase):
    def test_places_points_from_left_to_right_and_from_bottom_to_top(self) -> None:
        chart = drawn([point(0, "10"), point(396, "30")])
        first, last = chart.lines[0].marks
        self.assertEqual((first.x, first.y), (chart.left, chart.bottom))
        self.assertEqual((last.x, last.y), (chart.right, chart.top))

    def test_joins_readings_by_straight_lines(self) -> None:
        chart = drawn([point(0, "10"), point(396, "30")])
        self.assertEqual(chart.lines[0].path, "M26.0,176.0 L336.0,26.0")

    def test_holds_a_rate_level_for_its_time(self) -> None:
        chart = drawn(
            [
                point(99, "10", since=START),
                point(198, "30", since=START + timedelta(days=99)),
            ]
        )
        self.assertRegex(chart.lines[0].path, r"^M[\d.]+,176.0H[\d.]+ V26.0H[\d.]+$")

    def test_breaks_off_where_there_is_no_rate(self) -> None:
        chart = drawn(
            [
                point(99, "10", since=START),
                point(198, "30", since=START + timedelta(days=120)),
            ]
        )
        self.assertEqual(chart.lines[0].path.count("M"), 2)

    def test_begins_a_rate_at_the_axis_that_began_before(self) -> None:
        before = START - timedelta(days=30)
        chart = drawn([point(99, "10", since=before), point(198, "30", since=before)])
        self.assertTrue(chart.lines[0].path.startswith(f"M{chart.left},"))

    def test_has_room_for_the_widest_number(self) -> None:
        wide, narrow = (drawn([point(0, value)]) for value in ("1234567", "1"))
        self.assertGreater(wide.left, narrow.left)

    def test_marks_estimates(self) -> None:
        chart = drawn([point(0, "1"), point(9, "2", is_estimate=True)])
        marks = [mark.is_estimate for mark in chart.lines[0].marks]
        self.assertEqual(marks, [False, True])

    def test_marks_only_estimates_where_there_are_many_points(self) -> None:
        points = [point(day, "1", is_estimate=day == 50) for day in range(61)]
        (mark,) = drawn(points).lines[0].marks
        self.assertEqual(mark.words, "1 on day 50")

    def test_gives_each_series_a_number_and_a_shape_of_its_own(self) -> None:
        chart = drawn(*[[point(9, str(value))] for value in range(4)])
        self.assertEqual([line.number for line in chart.lines], [1, 2, 3, 4])
        self.assertEqual(len({line.shape for line in chart.lines}), 4)

    def test_stands_changes_between_start_and_end(self) -> None:
        changes = [START + timedelta(days=days) for days in (-1, 198, 900)]
        chart = drawn([point(0, "1")], changes=changes)
        self.assertEqual(chart.changes, [(chart.left + chart.right) / 2])


class LabelTests(SimpleTestCase):
    def test_stand_over_the_ends_of_lines(self) -> None:
        chart = drawn([point(300, "1")], [point(300, "100")])
        names = [line.label.words for line in chart.lines if line.label]
        self.assertEqual(names, ["A", "B"])
        self.assertIs(chart.is_labelled, True)

    def test_are_left_out_where_they_would_run_into_one_another(self) -> None:
        chart = drawn([point(300, "1"), point(305, "100")], [point(300, "99")])
        self.assertIs(chart.is_labelled, False)

    def test_may_stand_side_by_side(self) -> None:
        chart = drawn([point(100, "50")], [point(300, "50")])
        self.assertIs(chart.is_labelled, True)

    def test_are_not_needed_for_a_single_line(self) -> None:
        self.assertIs(drawn([point(300, "1")]).is_labelled, False)
