"""Readings as JSON."""

from __future__ import annotations

from meter_readings.tests.api.base import MPAN, ReadingTestCase, later_file
from meter_readings.tests.support.import_helpers import imported


class ReadingSerializerTests(ReadingTestCase):
    def reading(self, value: str) -> dict[str, object]:
        """Return the reading with this value."""
        found = self.results("readings/", version_status="all")
        return next(row for row in found if row["value"] == value)

    def test_the_value_is_exact_text(self) -> None:
        self.assertEqual(self.values(mpan=MPAN), ["3.5"])

    def test_a_time_in_summer_has_the_offset_of_bst(self) -> None:
        self.assertEqual(self.reading("2.0")["read_at"], "2024-04-02T00:00:00+01:00")

    def test_a_time_in_winter_is_utc(self) -> None:
        self.assertEqual(self.reading("3.5")["read_at"], "2024-01-01T00:00:00Z")

    def test_codes_have_labels(self) -> None:
        reading = self.reading("3.5")
        names = ["reading_type", "basis", "bsc_validation_status", "reading_method"]
        self.assertEqual(
            [(reading[name], reading[f"{name}_label"]) for name in names],
            [
                ("D", "Deemed or estimated"),
                ("estimated", "Estimated"),
                ("U", "Not validated"),
                ("P", "Viewed by an agent, or site visit"),
            ],
        )

    def test_the_label_of_an_unlisted_code_is_the_code(self) -> None:
        text = later_file(
            [f"026|{MPAN}|V|", "028|SERIAL0002|K|"]
            + ["030|S|20240201000000|9.0|||T|N|"],
            3,
        )
        imported(text, "unlisted.uff")
        reading = self.reading("9.0")
        self.assertEqual(
            (reading["reading_type"], reading["reading_type_label"]), ("K", "K")
        )

    def test_the_links_of_a_reading_exist(self) -> None:
        reading = self.reading("3.5")
        for name, url in reading["links"].items():
            with self.subTest(name):
                self.assertEqual(self.client.get(url).status_code, 200)

    def test_the_detail_of_a_reading_equals_its_row_in_the_list(self) -> None:
        reading = self.reading("3.5")
        self.assertEqual(self.json(f"readings/{reading['id']}/"), reading)

    def test_fields_selects_the_fields_to_return(self) -> None:
        (reading,) = self.results("readings/", mpan=MPAN, fields="value,read_at")
        self.assertEqual(reading, {"read_at": "2024-01-01T00:00:00Z", "value": "3.5"})

    def test_an_unknown_field_name_is_400(self) -> None:
        wrong = self.invalid_fields("readings/", fields="value,password")
        self.assertEqual(wrong, [("fields", "invalid")])
