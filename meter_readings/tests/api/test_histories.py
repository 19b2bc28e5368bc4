"""What is latest, how far registers went on, and how many readings there are."""

from __future__ import annotations

from typing import Any
from unittest.mock import patch

from meter_readings.models import MeterPoint
from meter_readings.tests.api.base import (
    EVERYTHING,
    MPAN,
    OTHER_MPAN,
    ApiTestCase,
    later_file,
)
from meter_readings.tests.flow_file_builder import flow_file, mpan_core
from meter_readings.tests.import_helpers import imported


class LatestTests(ApiTestCase):
    @classmethod
    def setUpTestData(cls) -> None:
        super().setUpTestData()
        imported(EVERYTHING)
        groups = [f"026|{OTHER_MPAN}|V|", "028|SERIAL0001|R|"]
        newer = [*groups, "030|01|20240402000000|8.0|||T|N|"]
        imported(later_file(newer), "newer.uff")
        gone = [f"026|{MPAN}|V|", "028|SERIAL0003|W|", "030|S|20240301000000|9.0||||N|"]
        imported(later_file(gone, 3), "gone.uff")

    def latest(self, mpans: str) -> list[str]:
        """Return the latest readings at some MPANs, by their values."""
        return self.values("readings/latest/", mpan=mpans)

    def test_latest_are_one_for_each_register(self) -> None:
        self.assertEqual(self.latest(OTHER_MPAN), ["8.0", "2.0"])

    def test_latest_are_of_each_mpan(self) -> None:
        self.assertEqual(self.latest(f"{MPAN},{OTHER_MPAN}"), ["8.0", "2.0", "3.5"])

    def test_latest_of_an_mpan_that_is_not_held_are_none(self) -> None:
        self.assertEqual(self.latest("1200023305967"), [])

    def test_mpans_may_be_spaced_and_come_twice(self) -> None:
        self.assertEqual(self.latest("20 0000 0000 015, 2000000000015"), ["3.5"])

    def test_latest_look_as_readings_do(self) -> None:
        (reading,) = self.results("readings/latest/", mpan=MPAN)
        self.assertEqual(self.json(f"readings/{reading['id']}/"), reading)

    def test_latest_of_no_mpan_are_refused(self) -> None:
        wrong = self.wrong_fields("readings/latest/")
        self.assertEqual(wrong, [("mpan", "required")])

    def test_latest_of_what_is_no_mpan_are_refused(self) -> None:
        for mpans in [",", "12", f"{MPAN},", f"{MPAN};{MPAN}"]:
            with self.subTest(mpans):
                wrong = self.wrong_fields("readings/latest/", mpan=mpans)
                self.assertEqual(wrong, [("mpan", "invalid")])

    def test_latest_are_of_200_mpans_at_once(self) -> None:
        many = [mpan_core(1000 + number) for number in range(201)]
        self.assertEqual(self.latest(",".join(many[:200])), [])
        wrong = self.wrong_fields("readings/latest/", mpan=",".join(many))
        self.assertEqual(wrong, [("mpan", "too_many")])

    @patch("meter_readings.api.views.history.MAX_METERS", 1)
    def test_latest_of_too_many_meters_are_refused(self) -> None:
        asked = f"{MPAN},{OTHER_MPAN}"
        wrong = self.wrong_fields("readings/latest/", mpan=asked)
        self.assertEqual(wrong, [("mpan", "invalid")])

    @patch("meter_readings.api.views.history.MAX_REGISTERS", 1)
    def test_latest_of_too_many_registers_are_refused(self) -> None:
        wrong = self.wrong_fields("readings/latest/", mpan=OTHER_MPAN)
        self.assertEqual(wrong, [("mpan", "invalid")])


class AdvanceTests(ApiTestCase):
    """A meter is read every month, and another has two registers."""

    @classmethod
    def setUpTestData(cls) -> None:
        super().setUpTestData()
        imported(flow_file(f"""
            026|{MPAN}|V|
            028|SERIAL0001|R|
            030|S|20221201000000|1.0|||T|N|
            030|S|20230101000000|10.0|||T|N|
            028|SERIAL0002|R|
            030|01|20240101000000|100.0|||T|N|
            030|01|20240201000000|131.5|||T|N|
            030|02|20240101000000|50.0|||T|N|
            030|02|20240201000000|40.0|||T|N|
            030|MD|20240101000000|5.0|20231201000000|1|T|N|
            030|MD|20240201000000|6.0|20240101000000|1|T|N|
            """))
        cls.point = MeterPoint.objects.get(mpan=MPAN)

    def answer(self, **asked: Any) -> Any:
        """Return what there is to say of the meter point's advances."""
        return self.json(f"meter-points/{self.point.pk}/advances/", **asked)

    def units(self, **asked: Any) -> list[tuple[str, str | None]]:
        """Return each advance as register and units."""
        rows = self.answer(**asked)["results"]
        return [(row["register_id"], row["units"]) for row in rows]

    def test_advance_are_of_the_latest_thirteen_months(self) -> None:
        self.assertCountEqual(self.units(), [("01", "31.5"), ("02", None)])

    def test_advance_can_begin_earlier(self) -> None:
        found = self.units(date_from="2022-12-01")
        self.assertEqual(found[0], ("S", "9.0"))
        self.assertEqual(len(found), 3)

    def test_advance_can_end_earlier(self) -> None:
        found = self.units(date_from="2022-12-01", date_to="2023-01-01")
        self.assertEqual(found, [("S", "9.0")])

    def test_advance_are_of_a_meter(self) -> None:
        asked = {"date_from": "2022-12-01", "meter_serial": "SERIAL0001"}
        self.assertEqual(self.units(**asked), [("S", "9.0")])

    def test_advance_are_of_a_register(self) -> None:
        self.assertEqual(self.units(register_id="01"), [("01", "31.5")])
        self.assertEqual(self.units(register_id="ZZ"), [])

    def test_advance_say_how_it_went(self) -> None:
        (row,) = self.answer(register_id="01")["results"]
        names = ("mpan", "meter_serial", "from_value", "to_value", "days", "per_day")
        self.assertEqual(
            [row[name] for name in names],
            [MPAN, "SERIAL0002", "100.0", "131.5", 31, "1.02"],
        )
        self.assertEqual(row["direction"], "forward")
        self.assertEqual(row["to_read_at"], "2024-02-01T00:00:00Z")

    def test_backwards_is_no_advance(self) -> None:
        (row,) = self.answer(register_id="02")["results"]
        self.assertEqual((row["direction"], row["units"]), ("backward", None))

    def test_advance_links_lead_to_the_two_readings(self) -> None:
        (row,) = self.answer(register_id="01")["results"]
        values = [
            self.client.get(row["links"][name]).json()["value"]
            for name in ("earlier", "later")
        ]
        self.assertEqual(values, ["100.0", "131.5"])

    def test_advance_of_a_point_with_no_reading_are_none(self) -> None:
        self.point = MeterPoint.objects.create(mpan=OTHER_MPAN)
        self.assertEqual(self.answer(), {"is_complete": True, "results": []})

    def test_advance_of_too_many_readings_are_of_the_latest(self) -> None:
        self.assertIs(self.answer()["is_complete"], True)
        with (
            patch("meter_readings.api.views.history.MAX_READINGS", 0),
            patch("meter_readings.api.views.history.MAX_READINGS_PER_REGISTER", 1),
        ):
            answer = self.answer()
        self.assertEqual(answer, {"is_complete": False, "results": []})


class SummaryTests(ApiTestCase):
    @classmethod
    def setUpTestData(cls) -> None:
        super().setUpTestData()
        cls.file = imported(EVERYTHING)
        groups = [f"026|{OTHER_MPAN}|V|", "028|SERIAL0001|R|"]
        correction = [*groups, "030|01|20240401000000|7.0|||T|N|"]
        imported(later_file(correction), "correction.uff")

    def summary(self, **asked: Any) -> Any:
        """Return the summary of what is asked."""
        return self.json("readings/summary/", **asked)

    def test_summary_counts_what_counts(self) -> None:
        summary = self.summary()
        self.assertEqual((summary["count"], summary["count_is_exact"]), (3, True))

    def test_summary_counts_what_lists_find(self) -> None:
        for asked in [
            {"mpan": OTHER_MPAN, "version_status": "all"},
            {"flow_file": self.file.pk},
            {"date_from": "2024-04-02"},
            {"register_id": "01"},
            {"search": "correction.uff"},
        ]:
            with self.subTest(asked=asked):
                self.assertEqual(
                    self.summary(**asked)["count"], len(self.values(**asked))
                )

    def test_summary_says_when_it_begins_and_ends(self) -> None:
        summary = self.summary()
        times = summary["earliest_read_at"], summary["latest_read_at"]
        self.assertEqual(times, ("2024-01-01T00:00:00Z", "2024-04-02T00:00:00+01:00"))

    def test_summary_counts_by_type(self) -> None:
        rows = self.summary()["by_reading_type"]
        self.assertEqual(
            [(row["reading_type"], row["basis"], row["count"]) for row in rows],
            [("D", "estimated", 1), ("R", "actual", 2)],
        )

    def test_summary_counts_by_standing(self) -> None:
        rows = self.summary(version_status="all")["by_version_status"]
        self.assertEqual(
            [(row["version_status_label"], row["count"]) for row in rows],
            [("Current", 3), ("Superseded", 1)],
        )

    def test_summary_of_nothing_has_no_times(self) -> None:
        summary = self.summary(register_id="ZZ")
        self.assertEqual(
            (summary["count"], summary["earliest_read_at"], summary["latest_read_at"]),
            (0, None, None),
        )

    @patch("meter_readings.api.views.readings.MAX_SUMMARISED", 2)
    def test_summary_counts_so_many_and_says_so(self) -> None:
        summary = self.summary(version_status="all")
        self.assertEqual((summary["count"], summary["count_is_exact"]), (3, False))

    def test_summary_has_no_order(self) -> None:
        wrong = self.wrong_fields("readings/summary/", ordering="read_at")
        self.assertEqual(wrong, [("ordering", "unknown")])
