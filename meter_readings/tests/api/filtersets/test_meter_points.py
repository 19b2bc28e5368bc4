"""The limit of meters with one serial number."""

from __future__ import annotations

from unittest.mock import patch

from meter_readings.models import Meter, MeterPoint
from meter_readings.tests.api.base import ApiTestCase, MPAN, OTHER_MPAN


class MeterLimitTests(ApiTestCase):
    """More meters have one serial number than the limit."""

    @classmethod
    def setUpTestData(cls) -> None:
        super().setUpTestData()
        for mpan in (MPAN, OTHER_MPAN):
            point = MeterPoint.objects.create(mpan=mpan)
            Meter.objects.create(meter_point=point, serial_number="UNKNOWN")
        cls.enterClassContext(
            patch("meter_readings.api.filtersets.meter_points.MAX_METERS", 1)
        )
        cls.enterClassContext(
            patch("meter_readings.api.filtersets.readings.MAX_METERS", 1)
        )

    def test_a_serial_number_of_too_many_meters_is_400(self) -> None:
        for url in ["readings/", "site-visits/"]:
            with self.subTest(url):
                wrong = self.invalid_fields(url, meter_serial="UNKNOWN")
                self.assertEqual(wrong, [("meter_serial", "invalid")])

    def test_a_search_for_a_serial_number_of_too_many_meters_is_400(self) -> None:
        wrong = self.invalid_fields("readings/", search="UNKNOWN")
        self.assertEqual(wrong, [("search", "invalid")])

    def test_a_serial_number_of_many_meters_is_accepted_with_an_mpan(self) -> None:
        self.assertEqual(self.values(meter_serial="UNKNOWN", mpan=MPAN), [])
