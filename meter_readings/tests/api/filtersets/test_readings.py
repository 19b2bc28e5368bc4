"""Filters and orderings of readings."""

from __future__ import annotations

from unittest.mock import patch

from meter_readings.models import Meter, MeterPoint
from meter_readings.tests.api.base import MPAN, OTHER_MPAN, ReadingTestCase, later_file
from meter_readings.tests.support.import_helpers import import_text


class ReadingFilterSetTests(ReadingTestCase):
    def test_lists_current_readings_newest_first_by_default(self) -> None:
        self.assertEqual(self.values(), ["2.0", "7.0", "3.5"])

    def test_version_status_all_lists_every_version(self) -> None:
        self.assertEqual(
            self.values(version_status="all"), ["2.0", "7.0", "1.0", "3.5"]
        )

    def test_filters_readings_by_version_status(self) -> None:
        self.assertEqual(self.values(version_status="superseded"), ["1.0"])

    def test_filters_readings_by_mpan(self) -> None:
        self.assertEqual(self.values(mpan=OTHER_MPAN), ["2.0", "7.0"])

    def test_accepts_an_mpan_with_spaces(self) -> None:
        self.assertEqual(self.values(mpan="20 0000 0000 015"), ["3.5"])

    def test_an_unknown_mpan_has_no_readings(self) -> None:
        self.assertEqual(self.values(mpan="1200023305967"), [])

    def test_filters_readings_by_serial_number(self) -> None:
        self.assertEqual(self.values(meter_serial="SERIAL0002"), ["3.5"])

    def test_an_mpan_and_a_serial_number_elsewhere_have_no_readings(self) -> None:
        self.assertEqual(self.values(mpan=MPAN, meter_serial="SERIAL0001"), [])

    def test_filters_readings_by_meter(self) -> None:
        meter = Meter.objects.get(serial_number="SERIAL0002")
        self.assertEqual(self.values(meter=meter.pk), ["3.5"])

    def test_filters_readings_by_meter_point(self) -> None:
        point = MeterPoint.objects.get(mpan=MPAN)
        self.assertEqual(self.values(meter_point=point.pk), ["3.5"])

    def test_filters_readings_by_flow_file_in_order_of_lines(self) -> None:
        found = self.values(flow_file=self.file.pk, version_status="all")
        self.assertEqual(found, ["1.0", "2.0", "3.5"])

    def test_filters_readings_by_flow_file_and_mpan(self) -> None:
        found = self.values(flow_file=self.file.pk, mpan=OTHER_MPAN)
        self.assertEqual(found, ["2.0"])

    def test_filters_readings_by_register(self) -> None:
        self.assertEqual(self.values(register_id="02"), ["2.0"])

    def test_filters_readings_by_reading_type(self) -> None:
        self.assertEqual(self.values(reading_type="D"), ["3.5"])

    def test_filters_readings_by_basis(self) -> None:
        self.assertEqual(self.values(basis="actual"), ["2.0", "7.0"])

    def test_filters_readings_by_bsc_validation_status(self) -> None:
        self.assertEqual(self.values(bsc_validation_status="U"), ["3.5"])

    def test_filters_readings_by_value(self) -> None:
        self.assertEqual(self.values(min_value="2", max_value="3.5"), ["2.0", "3.5"])

    def test_filters_readings_by_london_days_inclusively(self) -> None:
        # Midnight of 1 April in London is 23:00 of 31 March in UTC.
        self.assertEqual(self.values(date_from="2024-04-01"), ["2.0", "7.0"])
        self.assertEqual(self.values(date_to="2024-03-31"), ["3.5"])
        self.assertEqual(
            self.values(date_from="2024-04-01", date_to="2024-04-01"), ["7.0"]
        )

    def test_filters_readings_by_mpan_and_days(self) -> None:
        self.assertEqual(self.values(mpan=MPAN, date_from="2024-01-02"), [])
        self.assertEqual(self.values(mpan=MPAN, date_to="2023-12-31"), [])

    def test_filters_readings_by_time_with_an_offset(self) -> None:
        self.assertEqual(self.values(date_to="2024-03-31T22:59:59Z"), ["3.5"])
        self.assertEqual(
            self.values(date_from="2024-04-01T01:00:00+02:00"), ["2.0", "7.0"]
        )

    def test_accepts_a_time_whose_plus_sign_became_a_space(self) -> None:
        found = self.client.get("/api/v1/readings/?date_to=2024-04-02T00:00:00+01:00")
        self.assertEqual(len(found.json()["results"]), 3)

    def test_accepts_times_outside_the_range_of_readings(self) -> None:
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

    def test_a_time_without_an_offset_is_london_time(self) -> None:
        self.assertEqual(self.values(date_from="2024-04-02T00:00:00.000001"), [])

    def test_search_finds_readings_by_mpan(self) -> None:
        self.assertEqual(self.values(search=" 20 0000 0000 015 "), ["3.5"])

    def test_search_finds_readings_by_serial_number_in_lower_case(self) -> None:
        self.assertEqual(self.values(search="serial0002"), ["3.5"])

    def test_search_finds_readings_by_filename(self) -> None:
        self.assertEqual(self.values(search="correction.uff"), ["7.0"])

    def test_search_combines_with_an_mpan(self) -> None:
        self.assertEqual(self.values(search="SERIAL0001", mpan=MPAN), [])
        self.assertEqual(self.values(search="correction.uff", mpan=MPAN), [])

    def test_search_for_another_file_than_flow_file_finds_nothing(self) -> None:
        found = self.values(search="correction.uff", flow_file=self.file.pk)
        self.assertEqual(found, [])

    def test_search_does_not_find_part_of_a_serial_number(self) -> None:
        self.assertEqual(self.values(search="SERIAL"), [])

    def test_search_for_a_filename_of_several_files_is_400(self) -> None:
        text = later_file(
            [f"026|{MPAN}|V|", "028|SERIAL0002|R|"]
            + ["030|S|20240501000000|5.0|||T|N|"],
            4,
        )
        import_text(text, "correction.uff", allow_same_name=True)
        wrong = self.invalid_fields("readings/", search="correction.uff")
        self.assertEqual(wrong, [("search", "invalid")])

    def test_search_ignores_rejected_files(self) -> None:
        import_text("This is no flow file.", "other.uff")
        self.assertEqual(self.values(search="other.uff"), [])


class ReadingTypeTests(ReadingTestCase):
    def test_a_basis_given_as_the_reading_type_is_told_its_parameter(self) -> None:
        for value in ["ACTUAL", "customer", "Estimated"]:
            with self.subTest(value):
                problem = self.get_problem("readings/", reading_type=value)
                (error,) = problem["errors"]
                self.assertEqual(error["field"], "reading_type")
                self.assertIn(f"basis={value.lower()}", error["message"])

    def test_a_longer_reading_type_is_400(self) -> None:
        wrong = self.invalid_fields("readings/", reading_type="RR")
        self.assertEqual(wrong, [("reading_type", "max_length")])


class ReadingOrderingTests(ReadingTestCase):
    def test_orders_readings_by_time_ascending(self) -> None:
        self.assertEqual(self.values(ordering="read_at"), ["3.5", "7.0", "2.0"])

    def test_orders_readings_of_an_mpan_by_time_ascending(self) -> None:
        found = self.values(ordering="read_at", mpan=OTHER_MPAN, version_status="all")
        self.assertEqual(found, ["1.0", "7.0", "2.0"])

    def test_orders_readings_of_a_file_by_time_descending(self) -> None:
        found = self.values(flow_file=self.file.pk, ordering="-read_at")
        self.assertEqual(found, ["2.0", "3.5"])

    def test_orders_readings_of_an_mpan_in_a_file_by_line(self) -> None:
        found = self.values(
            ordering="line_number", mpan=OTHER_MPAN, flow_file=self.file.pk
        )
        self.assertEqual(found, ["2.0"])

    def test_the_order_of_lines_needs_a_file(self) -> None:
        for params in [{}, {"mpan": OTHER_MPAN}, {"date_to": "2024-04-01"}]:
            with self.subTest(params=params):
                wrong = self.invalid_fields(
                    "readings/", ordering="line_number", **params
                )
                self.assertEqual(wrong, [("ordering", "invalid")])

    def test_orders_readings_of_a_file_by_line(self) -> None:
        found = self.values(flow_file=self.file.pk, ordering="line_number")
        self.assertEqual(found, ["2.0", "3.5"])

    def test_orders_readings_of_a_meter_or_a_file_by_value(self) -> None:
        for params, values in [
            ({"mpan": OTHER_MPAN, "version_status": "all"}, ["1.0", "2.0", "7.0"]),
            ({"flow_file": self.file.pk}, ["2.0", "3.5"]),
        ]:
            with self.subTest(params=params):
                found = self.values(ordering="value", **params)
                self.assertEqual(found, values)
                found = self.values(ordering="-value", **params)
                self.assertEqual(found, values[::-1])

    def test_pages_follow_the_order_of_values(self) -> None:
        page = self.json(
            "readings/", flow_file=self.file.pk, ordering="-value", page_size=1
        )
        following = self.client.get(page["next"]).json()
        self.assertEqual([row["value"] for row in following["results"]], ["2.0"])

    def test_the_order_of_values_needs_a_meter_or_a_file(self) -> None:
        for params in [{}, {"register_id": "01"}, {"date_to": "2024-04-01"}]:
            with self.subTest(params=params):
                problem = self.get_problem("readings/", ordering="value", **params)
                self.assertIn("name a meter", problem["errors"][0]["message"])

    @patch("meter_readings.api.filtersets.readings._MAX_SORTED", 2)
    def test_a_large_file_is_not_sorted_by_value(self) -> None:
        wrong = self.invalid_fields(
            "readings/", ordering="value", flow_file=self.file.pk
        )
        self.assertEqual(wrong, [("ordering", "invalid")])

    def test_an_unknown_ordering_is_400(self) -> None:
        for name in ["meter__meter_point__mpan", "?", "id", "-id"]:
            with self.subTest(name):
                wrong = self.invalid_fields("readings/", ordering=name)
                self.assertEqual(wrong, [("ordering", "invalid_choice")])


class NestedReadingsTests(ReadingTestCase):
    def test_lists_the_readings_of_a_flow_file(self) -> None:
        url = f"flow-files/{self.file.pk}/readings/"
        self.assertEqual(self.values(url), ["2.0", "3.5"])

    def test_lists_the_readings_of_a_meter_point(self) -> None:
        point = MeterPoint.objects.get(mpan=OTHER_MPAN)
        url = f"meter-points/{point.pk}/readings/"
        self.assertEqual(self.values(url), ["2.0", "7.0"])

    def test_lists_the_readings_of_a_meter(self) -> None:
        meter = Meter.objects.get(serial_number="SERIAL0002")
        self.assertEqual(self.values(f"meters/{meter.pk}/readings/"), ["3.5"])

    def test_filters_the_readings_of_a_meter_point(self) -> None:
        point = MeterPoint.objects.get(mpan=OTHER_MPAN)
        url = f"meter-points/{point.pk}/readings/"
        self.assertEqual(self.values(url, register_id="02"), ["2.0"])

    def test_another_meter_point_in_the_query_string_has_no_readings(self) -> None:
        point = MeterPoint.objects.get(mpan=OTHER_MPAN)
        url = f"meter-points/{point.pk}/readings/"
        other = MeterPoint.objects.get(mpan=MPAN)
        self.assertEqual(self.values(url, meter_point=other.pk), [])
        self.assertEqual(self.values(url, mpan=MPAN), [])

    def test_filters_the_readings_of_a_flow_file_by_mpan_and_file(
        self,
    ) -> None:
        url = f"flow-files/{self.file.pk}/readings/"
        params = {"mpan": OTHER_MPAN, "flow_file": self.file.pk}
        self.assertEqual(self.values(url, **params), ["2.0"])

    def test_another_flow_file_in_the_query_string_has_no_readings(
        self,
    ) -> None:
        url = f"flow-files/{self.file.pk}/readings/"
        self.assertEqual(self.values(url, flow_file=self.correction.pk), [])

    def test_readings_below_an_id_without_a_row_are_404(self) -> None:
        for name in ["flow-files", "meter-points", "meters"]:
            with self.subTest(name):
                self.get_problem(f"{name}/{10**18}/readings/", 404)
