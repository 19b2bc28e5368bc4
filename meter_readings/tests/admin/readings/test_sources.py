"""Tests of the source of a reading in the list of readings."""

from __future__ import annotations

from django.contrib.auth.models import User

from meter_readings.models import Correction, Reading
from meter_readings.tests.admin.testcases import AdminTestCase
from meter_readings.tests.support.correction_helpers import correct, undo
from meter_readings.tests.support.flow_file_builder import flow_file
from meter_readings.tests.support.import_helpers import imported

READING = [
    "026|2000000000015|V|",
    "028|TST0000001|R|",
    "030|S|20240401000000|10.0|||T|N|",
]


class SourceTests(AdminTestCase):
    def setUp(self) -> None:
        super().setUp()
        imported(flow_file(READING), "monthly.uff")
        self.alex = User.objects.create_user("alex")

    def correct_reading(self) -> Correction:
        """Correct the reading as alex."""
        reading = Reading.objects.get()
        return correct(reading, value="12.5", user=self.alex).correction

    def test_source_of_a_reading_of_a_file_is_the_file(self) -> None:
        self.assertIn("monthly.uff", self.list_words("reading"))

    def test_source_of_a_correction_is_its_user_and_day(self) -> None:
        self.correct_reading()
        self.assertIn("Corrected by alex 24 Nov 2026", self.list_words("reading"))

    def test_source_of_an_undone_correction_says_that_it_is_undone(self) -> None:
        undo(self.correct_reading())
        every_version = self.list_words("reading", version_status__exact="all")
        self.assertIn("Corrected by alex undone", every_version)

    def test_source_of_a_correction_by_a_user_who_is_deleted(self) -> None:
        self.correct_reading()
        self.alex.delete()
        self.assertIn("Corrected by a deleted user", self.list_words("reading"))
