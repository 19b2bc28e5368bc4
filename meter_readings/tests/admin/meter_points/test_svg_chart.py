"""Tests of line charts."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from django.test import SimpleTestCase
from hypothesis import given, settings
from hypothesis import strategies as st

from meter_readings.admin.meter_points import svg_chart
from meter_readings.admin.meter_points.svg_chart import Chart, Point, Series
from meter_readings.d0010 import LONDON

START = datetime(2024, 1, 1, tzinfo=LONDON)
END = datetime(2025, 1, 31, tzinfo=LONDON)


def point(day: int, value: str, **options: Any) -> Point:
    """Return a point at so many days after the start."""
    at = START + timedelta(days=day)
    return Point(at, Decimal(value), f"{value} on day {day}", **options)


def chart_of(*series: Sequence[Point], **options: Any) -> Chart:
    """Return a chart of series with the names A, B and so on."""
    named = [Series("ABCD"[place], points) for place, points in enumerate(series)]
    usual = {"title": "T", "description": "D", "unit": "U", "start": START, "end": END}
    return svg_chart.draw(series=named, **usual | options)


class ValueTicksTests(SimpleTestCase):
    def ticks(self, lowest: str, highest: str, **options: bool) -> list[str]:
        found = svg_chart.value_ticks(Decimal(lowest), Decimal(highest), **options)
        return [format(value, "f") for value in found]

    def test_ticks_are_round_values(self) -> None:
        self.assertEqual(
            self.ticks("21234.5", "24890.1"),
            ["21000", "22000", "23000", "24000", "25000"],
        )

    def test_ticks_below_one_are_round_values(self) -> None:
        self.assertEqual(self.ticks("0.12", "0.31"), ["0.1", "0.2", "0.3", "0.4"])

    def test_ticks_begin_at_zero_with_from_zero(self) -> None:
        self.assertEqual(
            self.ticks("31", "39", from_zero=True), ["0", "10", "20", "30", "40"]
        )

    def test_ticks_surround_a_single_value(self) -> None:
        self.assertEqual(self.ticks("10", "10"), ["9.0", "9.5", "10.0", "10.5", "11.0"])

    def test_ticks_of_zero_begin_at_zero(self) -> None:
        self.assertEqual(self.ticks("0", "0")[0], "0.0")

    @settings(deadline=None)
    @given(
        st.decimals(0, 999_999_999, places=3),
        st.decimals(0, 999_999_999, places=3),
        st.booleans(),
    )
    def test_three_to_five_ticks_cover_all_values(
        self, one: Decimal, other: Decimal, from_zero: bool
    ) -> None:
        lowest, highest = sorted((one, other))
        ticks = svg_chart.value_ticks(lowest, highest, from_zero=from_zero)
        self.assertIn(len(ticks), (3, 4, 5))
        self.assertLessEqual(ticks[0], lowest)
        self.assertGreaterEqual(ticks[-1], highest)
        self.assertEqual(ticks, sorted(set(ticks)))


class TimeTicksTests(SimpleTestCase):
    def words(self, start: datetime, end: datetime) -> list[str]:
        return [text for _, text in svg_chart.time_ticks(start, end)]

    def test_ticks_of_a_year_are_months(self) -> None:
        self.assertEqual(
            self.words(START, END),
            ["Jan 2024", "Apr 2024", "Jul 2024", "Oct 2024", "Jan 2025"],
        )

    def test_ticks_of_a_decade_are_years(self) -> None:
        self.assertEqual(
            self.words(START.replace(year=2015), END),
            ["2016", "2018", "2020", "2022", "2024"],
        )

    @settings(deadline=None)
    @given(st.integers(62, 80_000), st.integers(0, 20_000))
    def test_time_ticks_at_most_five_ticks_are_between_start_and_end(
        self, days: int, later: int
    ) -> None:
        start = START.replace(year=1950) + timedelta(days=later)
        ticks = svg_chart.time_ticks(start, start + timedelta(days=days))
        self.assertIn(len(ticks), (1, 2, 3, 4, 5))
        for at, _ in ticks:
            self.assertTrue(start <= at <= start + timedelta(days=days))


class DrawTests(SimpleTestCase):
    def test_draw_points_go_from_left_to_right_and_from_bottom_to_top(self) -> None:
        chart = chart_of([point(0, "10"), point(396, "30")])
        first, last = chart.lines[0].markers
        self.assertEqual((first.x, first.y), (chart.left, chart.bottom))
        self.assertEqual((last.x, last.y), (chart.right, chart.top))

    def test_straight_lines_join_readings(self) -> None:
        chart = chart_of([point(0, "10"), point(396, "30")])
        self.assertEqual(chart.lines[0].path, "M26.0,176.0 L330.0,26.0")

    def test_line_of_a_rate_is_level_during_its_period(self) -> None:
        chart = chart_of(
            [
                point(99, "10", period_start=START),
                point(198, "30", period_start=START + timedelta(days=99)),
            ]
        )
        self.assertRegex(chart.lines[0].path, r"^M[\d.]+,176.0H[\d.]+ V26.0H[\d.]+$")

    def test_line_has_a_gap_where_there_is_no_rate(self) -> None:
        chart = chart_of(
            [
                point(99, "10", period_start=START),
                point(198, "30", period_start=START + timedelta(days=120)),
            ]
        )
        self.assertEqual(chart.lines[0].path.count("M"), 2)

    def test_rate_whose_period_began_earlier_begins_at_the_axis(self) -> None:
        before = START - timedelta(days=30)
        chart = chart_of(
            [
                point(99, "10", period_start=before),
                point(198, "30", period_start=before),
            ]
        )
        self.assertTrue(chart.lines[0].path.startswith(f"M{chart.left},"))

    def test_left_margin_fits_the_widest_value(self) -> None:
        wide, narrow = (chart_of([point(0, value)]) for value in ("1234567", "1"))
        self.assertGreater(wide.left, narrow.left)

    def test_markers_tell_estimates_from_other_points(self) -> None:
        chart = chart_of([point(0, "1"), point(9, "2", is_estimate=True)])
        markers = [marker.is_estimate for marker in chart.lines[0].markers]
        self.assertEqual(markers, [False, True])

    def test_only_estimates_have_markers_if_there_are_many_points(self) -> None:
        points = [point(day, "1", is_estimate=day == 50) for day in range(61)]
        (marker,) = chart_of(points).lines[0].markers
        self.assertEqual(marker.tooltip, "1 on day 50")

    def test_each_series_has_its_own_number_and_shape(self) -> None:
        chart = chart_of(*[[point(9, str(value))] for value in range(4)])
        self.assertEqual([line.number for line in chart.lines], [1, 2, 3, 4])
        self.assertEqual(len({line.shape for line in chart.lines}), 4)

    def test_draw_changes_outside_the_period_are_omitted(self) -> None:
        changes = [START + timedelta(days=days) for days in (-1, 198, 900)]
        chart = chart_of([point(0, "1")], changes=changes)
        self.assertEqual(chart.changes, [(chart.left + chart.right) / 2])


class LabelTests(SimpleTestCase):
    def test_labels_name_every_line(self) -> None:
        chart = chart_of([point(300, "1")], [point(300, "100")])
        names = [line.label.text for line in chart.lines if line.label]
        self.assertEqual(names, ["A", "B"])
        self.assertIs(chart.is_labelled, True)

    def test_labels_are_omitted_if_they_would_overlap(self) -> None:
        chart = chart_of([point(300, "1"), point(305, "100")], [point(300, "99")])
        self.assertIs(chart.is_labelled, False)

    def test_labels_side_by_side_do_not_overlap(self) -> None:
        chart = chart_of([point(100, "50")], [point(300, "50")])
        self.assertIs(chart.is_labelled, True)

    def test_single_line_has_no_label(self) -> None:
        self.assertIs(chart_of([point(300, "1")]).is_labelled, False)
