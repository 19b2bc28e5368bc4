"""Latest readings and advances."""

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
from meter_readings.tests.support.flow_file_builder import flow_file, mpan_core
from meter_readings.tests.support.import_helpers import imported


class LatestReadingsTests(ApiTestCase):
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

    def test_lists_the_latest_reading_of_each_register(self) -> None:
        self.assertEqual(self.latest(OTHER_MPAN), ["8.0", "2.0"])

    def test_lists_latest_readings_of_several_mpans(self) -> None:
        self.assertEqual(self.latest(f"{MPAN},{OTHER_MPAN}"), ["8.0", "2.0", "3.5"])

    def test_leaves_out_removed_meters_unless_asked(self) -> None:
        removed = [f"026|{MPAN}|V|", "028|SERIAL0002|F|"]
        removed += ["030|S|20240302000000|4.5|||T|N|", "028|SERIAL0004|R|"]
        removed += ["030|S|20240302000000|0.5|||T|N|"]
        imported(later_file(removed, 4), "exchange.uff")
        self.assertEqual(self.latest(MPAN), ["0.5"])
        for include_removed, values in {
            "true": ["4.5", "0.5"],
            "false": ["0.5"],
        }.items():
            found = self.values(
                "readings/latest/", mpan=MPAN, include_removed=include_removed
            )
            self.assertEqual(found, values)

    def test_an_unknown_mpan_has_no_latest_readings(self) -> None:
        self.assertEqual(self.latest("1200023305967"), [])

    def test_accepts_mpans_with_spaces_and_repetitions(self) -> None:
        self.assertEqual(self.latest("20 0000 0000 015, 2000000000015"), ["3.5"])

    def test_latest_readings_have_the_fields_of_readings(self) -> None:
        (reading,) = self.results("readings/latest/", mpan=MPAN)
        self.assertEqual(self.json(f"readings/{reading['id']}/"), reading)

    def test_requires_an_mpan(self) -> None:
        wrong = self.invalid_fields("readings/latest/")
        self.assertEqual(wrong, [("mpan", "required")])

    def test_an_invalid_mpan_is_400(self) -> None:
        for mpans in [",", "12", f"{MPAN},", f"{MPAN};{MPAN}"]:
            with self.subTest(mpans):
                wrong = self.invalid_fields("readings/latest/", mpan=mpans)
                self.assertEqual(wrong, [("mpan", "invalid")])

    def test_accepts_200_mpans_and_no_more(self) -> None:
        many = [mpan_core(1000 + number) for number in range(201)]
        self.assertEqual(self.latest(",".join(many[:200])), [])
        wrong = self.invalid_fields("readings/latest/", mpan=",".join(many))
        self.assertEqual(wrong, [("mpan", "too_many")])

    @patch("meter_readings.api.views.history.MAX_METERS", 1)
    def test_too_many_meters_are_400(self) -> None:
        params = f"{MPAN},{OTHER_MPAN}"
        wrong = self.invalid_fields("readings/latest/", mpan=params)
        self.assertEqual(wrong, [("mpan", "invalid")])

    @patch("meter_readings.api.views.history.MAX_REGISTERS", 1)
    def test_too_many_registers_are_400(self) -> None:
        wrong = self.invalid_fields("readings/latest/", mpan=OTHER_MPAN)
        self.assertEqual(wrong, [("mpan", "invalid")])


class AdvancesTests(ApiTestCase):
    """One meter has monthly readings, and another has two registers."""

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

    def answer(self, **params: Any) -> Any:
        """Return what there is to say of the meter point's advances."""
        return self.json(f"meter-points/{self.point.pk}/advances/", **params)

    def units(self, **params: Any) -> list[tuple[str, str | None]]:
        """Return each advance as register and units."""
        rows = self.answer(**params)["results"]
        return [(row["register_id"], row["units"]) for row in rows]

    def test_lists_the_advances_of_the_latest_thirteen_months(self) -> None:
        self.assertCountEqual(self.units(), [("01", "31.5"), ("02", None)])

    def test_filters_advances_by_start_date(self) -> None:
        found = self.units(date_from="2022-12-01")
        self.assertEqual(found[0], ("S", "9.0"))
        self.assertEqual(len(found), 3)

    def test_filters_advances_by_end_date(self) -> None:
        found = self.units(date_from="2022-12-01", date_to="2023-01-01")
        self.assertEqual(found, [("S", "9.0")])

    def test_filters_advances_by_serial_number(self) -> None:
        params = {"date_from": "2022-12-01", "meter_serial": "SERIAL0001"}
        self.assertEqual(self.units(**params), [("S", "9.0")])

    def test_filters_advances_by_register(self) -> None:
        self.assertEqual(self.units(register_id="01"), [("01", "31.5")])
        self.assertEqual(self.units(register_id="ZZ"), [])

    def test_an_advance_has_units_days_and_direction(self) -> None:
        (row,) = self.answer(register_id="01")["results"]
        names = ("mpan", "meter_serial", "from_value", "to_value", "days", "per_day")
        self.assertEqual(
            [row[name] for name in names],
            [MPAN, "SERIAL0002", "100.0", "131.5", 31, "1.02"],
        )
        self.assertEqual(row["direction"], "forward")
        self.assertEqual(row["to_read_at"], "2024-02-01T00:00:00Z")

    def test_a_backward_advance_has_no_units(self) -> None:
        (row,) = self.answer(register_id="02")["results"]
        self.assertEqual((row["direction"], row["units"]), ("backward", None))

    def test_an_advance_links_to_both_readings(self) -> None:
        (row,) = self.answer(register_id="01")["results"]
        values = [
            self.client.get(row["links"][name]).json()["value"]
            for name in ("earlier", "later")
        ]
        self.assertEqual(values, ["100.0", "131.5"])

    def test_a_meter_point_without_readings_has_no_advances(self) -> None:
        self.point = MeterPoint.objects.create(mpan=OTHER_MPAN)
        self.assertEqual(self.answer(), {"is_complete": True, "results": []})

    def test_uses_the_latest_readings_if_there_are_too_many(self) -> None:
        with (
            patch("meter_readings.api.views.history.MAX_READINGS", 0),
            patch("meter_readings.api.views.history.MAX_READINGS_PER_REGISTER", 1),
        ):
            answer = self.answer()
        self.assertEqual(answer, {"is_complete": False, "results": []})
