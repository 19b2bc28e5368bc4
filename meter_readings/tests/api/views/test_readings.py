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
        self.assertEqual((summary["count"], summary["count_is_exact"]), (3, True))

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

    @patch("meter_readings.api.views.readings.MAX_SUMMARISED", 2)
    def test_counts_up_to_a_limit_and_says_so(self) -> None:
        summary = self.summary(version_status="all")
        self.assertEqual((summary["count"], summary["count_is_exact"]), (3, False))

    def test_the_summary_has_no_ordering(self) -> None:
        wrong = self.invalid_fields("readings/summary/", ordering="read_at")
        self.assertEqual(wrong, [("ordering", "unknown")])
