"""Meter points, meters and site visits."""

from __future__ import annotations

from typing import Any

from meter_readings.models import Meter, MeterPoint
from meter_readings.tests.api.base import MPAN, OTHER_MPAN, ResourceTestCase


class MeterPointTests(ResourceTestCase):
    def mpans(self, **params: Any) -> list[str]:
        """Return the MPANs found."""
        return self.found("meter-points/", "mpan", **params)

    def test_orders_meter_points_by_mpan(self) -> None:
        mpans = [OTHER_MPAN, "1200023305967", MPAN]
        self.assertEqual(self.mpans(), mpans)
        self.assertEqual(self.mpans(ordering="-mpan"), mpans[::-1])

    def test_filters_meter_points_by_mpan(self) -> None:
        self.assertEqual(self.mpans(mpan="12 0002 3305 967"), ["1200023305967"])

    def test_searches_meter_points_by_the_start_of_an_mpan(self) -> None:
        self.assertEqual(self.mpans(search="1"), [OTHER_MPAN, "1200023305967"])

    def test_searches_meter_points_by_serial_number(self) -> None:
        self.assertEqual(self.mpans(search="f75a 00802"), ["1200023305967"])

    def test_pages_of_meter_points_have_a_cursor(self) -> None:
        first = self.json("meter-points/", page_size=2)
        second = self.client.get(first["next"]).json()
        self.assertEqual([row["mpan"] for row in second["results"]], [MPAN])
        self.assertIsNone(second["next"])

    def test_a_meter_point_has_its_distributor(self) -> None:
        (point,) = self.results("meter-points/", mpan=MPAN)
        self.assertEqual(point["distributor"]["area"], "Southern")

    def test_a_meter_point_without_a_known_distributor_has_none(self) -> None:
        point = MeterPoint.objects.create(mpan="9900000000000")
        self.assertIsNone(self.json(f"meter-points/{point.pk}/")["distributor"])

    def test_a_meter_point_is_found_by_its_mpan_or_its_id(self) -> None:
        point = MeterPoint.objects.get(mpan=MPAN)
        for part in ["", "readings/", "advances/"]:
            by_mpan = self.json(f"meter-points/{MPAN}/{part}")
            with self.subTest(part):
                self.assertEqual(by_mpan, self.json(f"meter-points/{point.pk}/{part}"))

    def test_an_unknown_mpan_or_id_is_404(self) -> None:
        for number in ["9900000000000", "0", "99", "9" * 19]:
            with self.subTest(number):
                self.get_problem(f"meter-points/{number}/", 404)

    def test_the_links_of_a_meter_point_exist(self) -> None:
        for params in [{}, {"format": "json"}]:
            (point,) = self.results("meter-points/", mpan=OTHER_MPAN, **params)
            for name, url in point["links"].items():
                with self.subTest(name, params=params):
                    self.assert_exists(url)


class MeterTests(ResourceTestCase):
    def serials(self, **params: Any) -> list[str]:
        """Return the serial numbers found."""
        return self.found("meters/", "meter_serial", **params)

    def test_filters_meters_by_every_parameter(self) -> None:
        point = MeterPoint.objects.get(mpan=MPAN)
        for name, value, expected in [
            ("mpan", MPAN, ["SERIAL0002"]),
            ("meter_serial", "F75A 00802", ["F75A 00802"]),
            ("meter_point", point.pk, ["SERIAL0002"]),
            ("search", "F75A", ["F75A 00802"]),
            ("search", OTHER_MPAN, ["SERIAL0001"]),
        ]:
            with self.subTest(name, value=value):
                self.assertEqual(self.serials(**{name: value}), expected)

    def test_orders_meters_by_serial_number(self) -> None:
        ordered = ["F75A 00802", "SERIAL0001", "SERIAL0002"]
        self.assertEqual(self.serials(ordering="meter_serial"), ordered)
        self.assertEqual(self.serials(ordering="-meter_serial"), ordered[::-1])

    def test_pages_meters_by_serial_number(self) -> None:
        first = self.json("meters/", page_size=1, ordering="meter_serial")
        second = self.client.get(first["next"]).json()
        self.assertEqual(second["results"][0]["meter_serial"], "SERIAL0001")

    def test_the_detail_of_a_meter_equals_its_row_in_the_list(self) -> None:
        (row,) = self.results("meters/", mpan=MPAN)
        self.assertEqual(self.json(f"meters/{row['id']}/"), row)

    def test_the_links_of_a_meter_exist(self) -> None:
        (row,) = self.results("meters/", mpan=MPAN)
        for name, url in row["links"].items():
            with self.subTest(name):
                self.assert_exists(url)


class SiteVisitTests(ResourceTestCase):
    def visits(self, **params: Any) -> list[str]:
        """Return what was found on the visits."""
        return self.found("site-visits/", "check_code", **params)

    def test_filters_site_visits_by_every_parameter(self) -> None:
        point = MeterPoint.objects.get(mpan=OTHER_MPAN)
        meter = Meter.objects.get(serial_number="F75A 00802")
        for name, value, expected in [
            ("mpan", OTHER_MPAN, ["02"]),
            ("meter_serial", "F75A 00802", ["20"]),
            ("meter_point", point.pk, ["02"]),
            ("meter", meter.pk, ["20"]),
            ("flow_file", self.odd.pk, ["20"]),
            ("check_code", "02", ["02"]),
            ("search", "sample.uff", ["02"]),
        ]:
            with self.subTest(name, value=value):
                self.assertEqual(self.visits(**{name: value}), expected)

    def test_lists_the_site_visits_of_a_flow_file(self) -> None:
        found = self.found(f"flow-files/{self.file.pk}/site-visits/", "check_code")
        self.assertEqual(found, ["02"])

    def test_orders_site_visits(self) -> None:
        self.assertEqual(self.visits(), ["20", "02"])
        self.assertEqual(self.visits(ordering="id"), ["02", "20"])
        self.assertEqual(self.visits(ordering="line_number"), ["02", "20"])
        by_number = {"ordering": "-id", "flow_file": self.file.pk}
        self.assertEqual(self.visits(**by_number), ["02"])

    def test_a_site_visit_without_a_meter_has_no_serial_number(self) -> None:
        (row,) = self.results("site-visits/", mpan=OTHER_MPAN)
        self.assertIsNone(row["meter_serial"])
        self.assertIsNone(row["links"]["meter"])

    def test_the_detail_of_a_site_visit_equals_its_row_in_the_list(self) -> None:
        (row,) = self.results("site-visits/", mpan=OTHER_MPAN)
        self.assertEqual(self.json(f"site-visits/{row['id']}/"), row)
