"""Readings: which are found, how they look, and that pages hold under imports."""

from __future__ import annotations

import base64
import json

from meter_readings.models import Meter, MeterPoint, Reading
from meter_readings.tests.api.base import (
    EVERYTHING,
    MPAN,
    OTHER_MPAN,
    ApiTestCase,
    later_file,
)
from meter_readings.tests.flow_file_builder import flow_file
from meter_readings.tests.import_helpers import import_text, imported


class ReadingTestCase(ApiTestCase):
    """Four readings in two files, one of which supersedes another."""

    @classmethod
    def setUpTestData(cls) -> None:
        super().setUpTestData()
        cls.file = imported(EVERYTHING)
        groups = [f"026|{OTHER_MPAN}|V|", "028|SERIAL0001|R|"]
        correction = later_file([*groups, "030|01|20240401000000|7.0|||T|N|"])
        cls.correction = imported(correction, "correction.uff")


class LookTests(ReadingTestCase):
    def reading(self, value: str) -> dict[str, object]:
        """Return the reading with this value."""
        found = self.results("readings/", version_status="all")
        return next(row for row in found if row["value"] == value)

    def test_a_value_is_text_and_exact(self) -> None:
        self.assertEqual(self.values(mpan=MPAN), ["3.5"])

    def test_a_time_in_summer_has_its_offset(self) -> None:
        self.assertEqual(self.reading("2.0")["read_at"], "2024-04-02T00:00:00+01:00")

    def test_a_time_in_winter_has_its_offset(self) -> None:
        self.assertEqual(self.reading("3.5")["read_at"], "2024-01-01T00:00:00Z")

    def test_codes_have_what_they_mean_beside_them(self) -> None:
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

    def test_a_code_that_is_not_listed_means_itself(self) -> None:
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

    def test_look_links_lead_to_what_belongs_to_it(self) -> None:
        reading = self.reading("3.5")
        for name, address in reading["links"].items():
            with self.subTest(name):
                self.assertEqual(self.client.get(address).status_code, 200)

    def test_a_detail_is_as_in_the_list(self) -> None:
        reading = self.reading("3.5")
        self.assertEqual(self.json(f"readings/{reading['id']}/"), reading)

    def test_fields_can_be_chosen(self) -> None:
        (reading,) = self.results("readings/", mpan=MPAN, fields="value,read_at")
        self.assertEqual(reading, {"read_at": "2024-01-01T00:00:00Z", "value": "3.5"})

    def test_a_field_that_is_not_there_is_refused(self) -> None:
        wrong = self.wrong_fields("readings/", fields="value,password")
        self.assertEqual(wrong, [("fields", "invalid")])


class FilterTests(ReadingTestCase):
    def test_those_that_count_come_first_and_the_latest_before_the_others(self) -> None:
        self.assertEqual(self.values(), ["2.0", "7.0", "3.5"])

    def test_every_version_can_be_asked_for(self) -> None:
        self.assertEqual(
            self.values(version_status="all"), ["2.0", "7.0", "1.0", "3.5"]
        )

    def test_one_standing_can_be_asked_for(self) -> None:
        self.assertEqual(self.values(version_status="superseded"), ["1.0"])

    def test_filter_of_an_mpan(self) -> None:
        self.assertEqual(self.values(mpan=OTHER_MPAN), ["2.0", "7.0"])

    def test_filter_of_an_mpan_with_spaces(self) -> None:
        self.assertEqual(self.values(mpan="20 0000 0000 015"), ["3.5"])

    def test_filter_of_an_mpan_that_is_not_held(self) -> None:
        self.assertEqual(self.values(mpan="1200023305967"), [])

    def test_filter_of_a_serial_number(self) -> None:
        self.assertEqual(self.values(meter_serial="SERIAL0002"), ["3.5"])

    def test_filter_of_an_mpan_and_a_serial_number_that_is_elsewhere(self) -> None:
        self.assertEqual(self.values(mpan=MPAN, meter_serial="SERIAL0001"), [])

    def test_filter_of_a_meter(self) -> None:
        meter = Meter.objects.get(serial_number="SERIAL0002")
        self.assertEqual(self.values(meter=meter.pk), ["3.5"])

    def test_filter_of_a_meter_point(self) -> None:
        point = MeterPoint.objects.get(mpan=MPAN)
        self.assertEqual(self.values(meter_point=point.pk), ["3.5"])

    def test_filter_of_a_file_line_by_line(self) -> None:
        found = self.values(flow_file=self.file.pk, version_status="all")
        self.assertEqual(found, ["1.0", "2.0", "3.5"])

    def test_filter_of_a_file_and_an_mpan(self) -> None:
        found = self.values(flow_file=self.file.pk, mpan=OTHER_MPAN)
        self.assertEqual(found, ["2.0"])

    def test_filter_of_a_register(self) -> None:
        self.assertEqual(self.values(register_id="02"), ["2.0"])

    def test_filter_of_a_reading_type(self) -> None:
        self.assertEqual(self.values(reading_type="D"), ["3.5"])

    def test_filter_of_a_basis(self) -> None:
        self.assertEqual(self.values(basis="actual"), ["2.0", "7.0"])

    def test_filter_of_a_validation_status(self) -> None:
        self.assertEqual(self.values(bsc_validation_status="U"), ["3.5"])

    def test_filter_of_values_in_a_range(self) -> None:
        self.assertEqual(self.values(min_value="2", max_value="3.5"), ["2.0", "3.5"])

    def test_filter_of_days_the_last_one_too(self) -> None:
        # Midnight of 1 April in London is 23:00 of 31 March in UTC.
        self.assertEqual(self.values(date_from="2024-04-01"), ["2.0", "7.0"])
        self.assertEqual(self.values(date_to="2024-03-31"), ["3.5"])
        self.assertEqual(
            self.values(date_from="2024-04-01", date_to="2024-04-01"), ["7.0"]
        )

    def test_filter_of_an_mpan_on_days(self) -> None:
        self.assertEqual(self.values(mpan=MPAN, date_from="2024-01-02"), [])
        self.assertEqual(self.values(mpan=MPAN, date_to="2023-12-31"), [])

    def test_filter_of_moments_with_an_offset(self) -> None:
        self.assertEqual(self.values(date_to="2024-03-31T22:59:59Z"), ["3.5"])
        self.assertEqual(
            self.values(date_from="2024-04-01T01:00:00+02:00"), ["2.0", "7.0"]
        )

    def test_filter_of_a_moment_whose_plus_has_become_a_space(self) -> None:
        found = self.client.get("/api/v1/readings/?date_to=2024-04-02T00:00:00+01:00")
        self.assertEqual(len(found.json()["results"]), 3)

    def test_filter_of_times_before_and_after_all(self) -> None:
        everything = self.values()
        for name, value in [
            ("date_from", "0001-01-01"),
            ("date_from", "0001-01-01T00:00:00+14:00"),
            ("date_to", "9999-12-31"),
            ("date_to", "9999-12-31T23:59:59-14:00"),
            ("date_to", "2400-02-29"),
        ]:
            with self.subTest(value):
                self.assertEqual(self.values(**{name: value}), everything)
        self.assertEqual(self.values(date_to="0004-02-29"), [])
        self.assertEqual(self.values(date_from="9999-12-31"), [])

    def test_filter_of_a_moment_in_london(self) -> None:
        self.assertEqual(self.values(date_from="2024-04-02T00:00:00.000001"), [])

    def test_search_finds_an_mpan(self) -> None:
        self.assertEqual(self.values(search=" 20 0000 0000 015 "), ["3.5"])

    def test_search_finds_a_serial_number_typed_small(self) -> None:
        self.assertEqual(self.values(search="serial0002"), ["3.5"])

    def test_search_finds_a_file_by_its_name(self) -> None:
        self.assertEqual(self.values(search="correction.uff"), ["7.0"])

    def test_search_within_an_mpan(self) -> None:
        self.assertEqual(self.values(search="SERIAL0001", mpan=MPAN), [])
        self.assertEqual(self.values(search="correction.uff", mpan=MPAN), [])

    def test_search_within_another_file_finds_nothing(self) -> None:
        found = self.values(search="correction.uff", flow_file=self.file.pk)
        self.assertEqual(found, [])

    def test_search_finds_nothing_by_part_of_a_word(self) -> None:
        self.assertEqual(self.values(search="SERIAL"), [])

    def test_search_for_a_name_that_several_files_have_is_refused(self) -> None:
        text = later_file(
            [f"026|{MPAN}|V|", "028|SERIAL0002|R|"]
            + ["030|S|20240501000000|5.0|||T|N|"],
            4,
        )
        import_text(text, "correction.uff", allow_same_name=True)
        wrong = self.wrong_fields("readings/", search="correction.uff")
        self.assertEqual(wrong, [("search", "invalid")])

    def test_a_rejected_file_of_the_same_name_does_not_count(self) -> None:
        import_text("This is no flow file.", "other.uff")
        self.assertEqual(self.values(search="other.uff"), [])


class OrderTests(ReadingTestCase):
    def test_the_earliest_can_come_first(self) -> None:
        self.assertEqual(self.values(ordering="read_at"), ["3.5", "7.0", "2.0"])

    def test_the_earliest_of_an_mpan_can_come_first(self) -> None:
        found = self.values(ordering="read_at", mpan=OTHER_MPAN, version_status="all")
        self.assertEqual(found, ["1.0", "7.0", "2.0"])

    def test_a_file_may_come_by_time_too(self) -> None:
        found = self.values(flow_file=self.file.pk, ordering="-read_at")
        self.assertEqual(found, ["2.0", "3.5"])

    def test_all_may_come_file_by_file(self) -> None:
        found = self.values(ordering="line_number")
        self.assertEqual(found, ["2.0", "3.5", "7.0"])

    def test_an_mpan_may_come_file_by_file(self) -> None:
        found = self.values(ordering="line_number", mpan=OTHER_MPAN)
        self.assertEqual(found, ["2.0", "7.0"])

    def test_days_may_come_file_by_file(self) -> None:
        found = self.values(ordering="line_number", date_to="2024-04-01")
        self.assertEqual(found, ["3.5", "7.0"])

    def test_a_file_may_be_asked_for_in_its_order(self) -> None:
        found = self.values(flow_file=self.file.pk, ordering="line_number")
        self.assertEqual(found, ["2.0", "3.5"])

    def test_nothing_else_is_an_order(self) -> None:
        for name in ["value", "meter__meter_point__mpan", "?", "id", "-id"]:
            with self.subTest(name):
                wrong = self.wrong_fields("readings/", ordering=name)
                self.assertEqual(wrong, [("ordering", "invalid_choice")])


class UnderAnotherRowTests(ReadingTestCase):
    def test_under_another_row_of_a_file(self) -> None:
        address = f"flow-files/{self.file.pk}/readings/"
        self.assertEqual(self.values(address), ["2.0", "3.5"])

    def test_under_another_row_of_a_meter_point(self) -> None:
        point = MeterPoint.objects.get(mpan=OTHER_MPAN)
        address = f"meter-points/{point.pk}/readings/"
        self.assertEqual(self.values(address), ["2.0", "7.0"])

    def test_under_another_row_of_a_meter(self) -> None:
        meter = Meter.objects.get(serial_number="SERIAL0002")
        self.assertEqual(self.values(f"meters/{meter.pk}/readings/"), ["3.5"])

    def test_under_another_row_can_be_narrowed(self) -> None:
        point = MeterPoint.objects.get(mpan=OTHER_MPAN)
        address = f"meter-points/{point.pk}/readings/"
        self.assertEqual(self.values(address, register_id="02"), ["2.0"])

    def test_what_is_asked_for_beside_must_hold_too(self) -> None:
        point = MeterPoint.objects.get(mpan=OTHER_MPAN)
        address = f"meter-points/{point.pk}/readings/"
        other = MeterPoint.objects.get(mpan=MPAN)
        self.assertEqual(self.values(address, meter_point=other.pk), [])
        self.assertEqual(self.values(address, mpan=MPAN), [])

    def test_readings_of_a_file_can_be_narrowed_to_a_meter(
        self,
    ) -> None:
        address = f"flow-files/{self.file.pk}/readings/"
        asked = {"mpan": OTHER_MPAN, "flow_file": self.file.pk}
        self.assertEqual(self.values(address, **asked), ["2.0"])

    def test_another_file_than_that_of_the_address_has_none_of_its_readings(
        self,
    ) -> None:
        address = f"flow-files/{self.file.pk}/readings/"
        self.assertEqual(self.values(address, flow_file=self.correction.pk), [])

    def test_under_another_row_of_nothing_are_not_found(self) -> None:
        for name in ["flow-files", "meter-points", "meters"]:
            with self.subTest(name):
                self.refused(f"{name}/{10**18}/readings/", 404)


class PageTests(ApiTestCase):
    """Twelve readings at three times."""

    @classmethod
    def setUpTestData(cls) -> None:
        super().setUpTestData()
        groups = [f"026|{MPAN}|V|", "028|SERIAL0001|R|"]
        for number in range(12):
            day = f"2024010{1 + number // 4}000000"
            groups.append(f"030|{number:02}|{day}|{number}.0|||T|N|")
        cls.file = imported(flow_file(groups))

    def followed(self, address: str, **asked: object) -> list[list[str]]:
        """Return the values on each page, as `next` leads from one to the other."""
        pages, page = [], self.json(address, **asked)
        pages.append([row["value"] for row in page["results"]])
        while page["next"]:
            page = self.client.get(page["next"]).json()
            pages.append([row["value"] for row in page["results"]])
        return pages

    def in_order(self, *order: str) -> list[str]:
        """Return the values of all readings in an order."""
        readings = Reading.objects.order_by(*order)
        return [f"{reading.value:.1f}" for reading in readings]

    def test_page_are_followed_by_the_latest_first(self) -> None:
        pages = self.followed("readings/", page_size=5)
        newest = self.in_order("-read_at", "-id")
        self.assertEqual(pages, [newest[:5], newest[5:10], newest[10:]])

    def test_page_are_followed_by_the_earliest_first(self) -> None:
        pages = self.followed("readings/", page_size=7, ordering="read_at")
        self.assertEqual(sum(pages, []), self.in_order("read_at", "id"))

    def test_page_are_followed_through_a_file(self) -> None:
        pages = self.followed("readings/", page_size=6, flow_file=self.file.pk)
        self.assertEqual(sum(pages, []), [f"{number}.0" for number in range(12)])

    def test_page_are_followed_file_by_file(self) -> None:
        pages = self.followed("readings/", page_size=6, ordering="line_number")
        self.assertEqual(sum(pages, []), [f"{number}.0" for number in range(12)])

    def test_page_are_followed_through_a_file_by_time(self) -> None:
        pages = self.followed(
            "readings/", page_size=7, flow_file=self.file.pk, ordering="read_at"
        )
        self.assertEqual(sum(pages, []), self.in_order("read_at", "id"))

    def test_page_are_followed_through_an_mpan(self) -> None:
        pages = self.followed("readings/", page_size=5, mpan=MPAN)
        newest = self.in_order("-read_at", "-id")
        self.assertEqual(sum(pages, []), newest)

    def test_a_full_page_that_is_the_last_has_no_next(self) -> None:
        self.assertEqual(len(self.followed("readings/", page_size=6)), 2)

    def test_what_is_imported_meanwhile_moves_nothing_that_is_to_come(self) -> None:
        first = self.json("readings/", page_size=5)
        newer = later_file(
            [f"026|{MPAN}|V|", "028|SERIAL0001|R|"]
            + ["030|ZZ|20240301000000|99.0|||T|N|"]
        )
        imported(newer, "newer.uff")
        second = self.client.get(first["next"]).json()
        self.assertEqual(
            [row["value"] for row in second["results"]],
            self.in_order("-read_at", "-id")[6:11],
        )

    def test_what_is_imported_meanwhile_into_what_is_to_come_comes(self) -> None:
        first = self.json("readings/", page_size=5)
        older = later_file(
            [f"026|{MPAN}|V|", "028|SERIAL0001|R|"]
            + ["030|ZZ|20230101000000|99.0|||T|N|"]
        )
        imported(older, "older.uff")
        second = self.client.get(first["next"].replace("page_size=5", "page_size=50"))
        self.assertEqual(second.json()["results"][-1]["value"], "99.0")

    def test_an_undone_import_leaves_the_cursor_good(self) -> None:
        first = self.json("readings/", page_size=5)
        comes_next = self.in_order("-read_at", "-id")[5]
        numbers = [row["id"] for row in first["results"]]
        Reading.objects.filter(pk__in=numbers).delete()
        second = self.client.get(first["next"]).json()
        self.assertEqual(second["results"][0]["value"], comes_next)

    def test_a_cursor_of_another_order_is_refused(self) -> None:
        following = self.json("readings/", page_size=5)["next"]
        response = self.client.get(following + "&ordering=read_at")
        self.assertEqual(response.status_code, 404)
        self.assertIn("take it from `next`", response.json()["detail"])

    def test_a_cursor_that_was_made_up_is_refused(self) -> None:
        for cursor in MADE_UP:
            with self.subTest(cursor):
                self.refused("readings/", 404, cursor=cursor)

    def test_sizes_have_limits(self) -> None:
        for size in ["0", "1001", "-1", "1e3", "9" * 5000, "٣", "ten", "1.5"]:
            with self.subTest(size[:20]):
                wrong = self.wrong_fields("readings/", page_size=size)
                self.assertEqual(wrong, [("page_size", "invalid")])


def _cursor(*parts: object) -> str:
    return base64.urlsafe_b64encode(json.dumps(parts).encode()).decode().rstrip("=")


MADE_UP = [
    "x",
    "é",
    "====",
    "W" * 500,
    _cursor(),
    _cursor("-read_at"),
    _cursor("-read_at", "2024-01-01", "1"),
    _cursor("-read_at", "2024-01-01T00:00:00", "1"),
    _cursor("-read_at", "2024-01-01T00:00:00Z", "x"),
    _cursor("-read_at", "2024-01-01T00:00:00Z", "-1"),
    _cursor("-read_at", "2024-01-01T00:00:00Z", "9" * 30),
    _cursor("-read_at", "2024-01-01T00:00:00Z", "9" * 5000),
    _cursor("-read_at", "2024-01-01T00:00:00Z", 1),
    _cursor("-read_at", "2024-01-01T00:00:00Z", "1\0"),
    _cursor("-read_at", "0001-01-01T00:00:00+14:00", "1"),
    _cursor("-read_at", "9999-12-31T23:59:59-14:00", "1"),
    _cursor("-read_at", "2024-01-01T00:00:00Z", "1", "1"),
    base64.urlsafe_b64encode(b'{"a": 1}').decode(),
    base64.urlsafe_b64encode(b"[" * 250).decode(),
]
