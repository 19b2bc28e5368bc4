"""The summary of readings."""

from __future__ import annotations

from typing import Any
from unittest.mock import patch

from meter_readings.tests.api.base import (
    EVERYTHING,
    OTHER_MPAN,
    ApiTestCase,
    later_file,
)
from meter_readings.tests.support.import_helpers import imported

# Ranges of two readings
EXAMINED = patch("meter_readings.api.scans.SCAN_ROWS", (2,))
# Only the first of them is examined.
OUT_OF_TIME = patch("meter_readings.api.summaries.SCAN_SECONDS", -1)
# All readings are too many to be counted at once.
TOO_MANY = patch("meter_readings.api.summaries.MAX_COUNTED", 0)


class ReadingSummaryTests(ApiTestCase):
    @classmethod
    def setUpTestData(cls) -> None:
        super().setUpTestData()
        cls.file = imported(EVERYTHING)
        groups = [f"026|{OTHER_MPAN}|V|", "028|SERIAL0001|R|"]
        correction = [*groups, "030|01|20240401000000|7.0|||T|N|"]
        imported(later_file(correction), "correction.uff")

    def summary(self, **params: Any) -> Any:
        """Return the summary with these parameters."""
        return self.json("readings/summary/", **params)

    def test_counts_current_readings_by_default(self) -> None:
        summary = self.summary()
        self.assertEqual((summary["count"], summary["rows_examined"]), (3, None))

    def test_counts_the_readings_that_the_list_filters(self) -> None:
        for params in [
            {"mpan": OTHER_MPAN, "version_status": "all"},
            {"flow_file": self.file.pk},
            {"date_from": "2024-04-02"},
            {"register_id": "01"},
            {"search": "correction.uff"},
        ]:
            with self.subTest(params=params):
                self.assertEqual(
                    self.summary(**params)["count"], len(self.values(**params))
                )

    def test_the_summary_has_the_earliest_and_latest_time(self) -> None:
        summary = self.summary()
        times = summary["earliest_read_at"], summary["latest_read_at"]
        self.assertEqual(times, ("2024-01-01T00:00:00Z", "2024-04-02T00:00:00+01:00"))

    def test_counts_readings_by_reading_type(self) -> None:
        rows = self.summary()["by_reading_type"]
        self.assertEqual(
            [(row["reading_type"], row["basis"], row["count"]) for row in rows],
            [("D", "estimated", 1), ("R", "actual", 2)],
        )

    def test_counts_readings_by_version_status(self) -> None:
        rows = self.summary(version_status="all")["by_version_status"]
        self.assertEqual(
            [(row["version_status_label"], row["count"]) for row in rows],
            [("Current", 3), ("Superseded", 1)],
        )

    def test_a_summary_without_readings_has_no_times(self) -> None:
        summary = self.summary(register_id="ZZ")
        self.assertEqual(
            (summary["count"], summary["earliest_read_at"], summary["latest_read_at"]),
            (0, None, None),
        )

    def test_all_readings_are_counted_without_the_limit_of_time(self) -> None:
        with EXAMINED, OUT_OF_TIME:
            summary = self.summary()
        self.assertEqual((summary["count"], summary["rows_examined"]), (3, None))

    def test_counting_and_examining_all_readings_have_one_result(self) -> None:
        for status in "current", "all":
            with self.subTest(status):
                counted = self.summary(version_status=status)
                with TOO_MANY:
                    self.assertEqual(self.summary(version_status=status), counted)

    @EXAMINED
    @TOO_MANY
    def test_counts_range_after_range_while_there_is_time(self) -> None:
        summary = self.summary()
        self.assertEqual((summary["count"], summary["rows_examined"]), (3, None))
        self.assertEqual(summary["earliest_read_at"], "2024-01-01T00:00:00Z")

    def test_says_how_much_was_examined_when_the_time_was_over(self) -> None:
        with EXAMINED, OUT_OF_TIME, TOO_MANY:
            summary = self.summary()
        self.assertEqual(
            {name: value for name, value in summary.items() if "by_" not in name},
            {
                "count": None,
                "at_least": 2,
                "rows_examined": 2,
                "earliest_read_at": None,
                "latest_read_at": None,
            },
        )

    def test_stored_counts_are_exact_when_the_time_was_over(self) -> None:
        with EXAMINED, OUT_OF_TIME, TOO_MANY:
            for params, count in [
                ({"version_status": "all"}, 4),
                ({"version_status": "all", "flow_file": self.file.pk}, 3),
            ]:
                with self.subTest(params=params):
                    summary = self.summary(**params)
                    found = summary["count"], summary["at_least"]
                    self.assertEqual(
                        (found, summary["rows_examined"]), ((count,) * 2, 2)
                    )

    def test_counts_by_a_partial_index_are_exact_when_the_time_was_over(self) -> None:
        with EXAMINED, OUT_OF_TIME, TOO_MANY:
            for params in [{"reading_type": "D"}, {"version_status": "superseded"}]:
                with self.subTest(params=params):
                    self.assertEqual(self.summary(**params)["count"], 1)

    def test_counts_of_a_register_are_exact_when_the_time_was_over(self) -> None:
        with EXAMINED, OUT_OF_TIME, TOO_MANY:
            summary = self.summary(mpan=OTHER_MPAN, register_id="02")
        self.assertEqual(summary["count"], 1)

    def test_the_summary_has_no_ordering(self) -> None:
        wrong = self.invalid_fields("readings/summary/", ordering="read_at")
        self.assertEqual(wrong, [("ordering", "unknown")])


class EmptyDatabaseTests(ApiTestCase):
    def test_an_empty_database_has_no_counts_and_no_times(self) -> None:
        self.assertEqual(
            self.json("readings/summary/", version_status="all"),
            {
                "count": 0,
                "at_least": 0,
                "rows_examined": None,
                "earliest_read_at": None,
                "latest_read_at": None,
                "by_reading_type": [],
                "by_version_status": [],
            },
        )
