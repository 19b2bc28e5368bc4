"""Tests of the search boxes of the admin's lists."""

from __future__ import annotations

from unittest.mock import patch

from meter_readings.tests.admin.testcases import AdminTestCase
from meter_readings.tests.support.flow_file_builder import flow_file, header_line
from meter_readings.tests.support.import_helpers import imported

LATER_HEADER = header_line(file_identifier="TEST000002", created_at="20240402081500")


class SearchTests(AdminTestCase):
    @classmethod
    def setUpTestData(cls) -> None:
        super().setUpTestData()
        cls.file = imported(flow_file("""
            026|1200023305967|V|
            027|02||
            028|F75A 00802|D|
            030|S|20240301000000|1.0|||T|N|
            026|2000000000015|V|
            028|F75A 00803|R|
            030|S|20240302000000|2.0|||T|N|
            """))
        groups = """
            026|1000000000003|V|
            028|36933604|D|
            029|20||
            030|S|20240303000000|3.25|||T|N|
            """
        imported(flow_file(groups, header=LATER_HEADER), "other_50%.uff")

    def test_mpan_finds_its_readings(self) -> None:
        self.assertEqual(self.values(q="1200023305967"), [1])

    def test_mpan_with_spaces_finds_its_readings(self) -> None:
        self.assertEqual(self.values(q=" 12 0002 3305 967 "), [1])

    def test_serial_number_finds_its_readings(self) -> None:
        self.assertEqual(self.values(q="F75A 00803"), [2])

    def test_serial_number_in_lower_case_finds_its_readings(self) -> None:
        self.assertEqual(self.values(q="f75a 00803"), [2])

    def test_filename_finds_its_readings_in_line_order(self) -> None:
        self.assertEqual(self.values(q="sample.uff"), [1, 2])

    def test_file_identifier_finds_its_readings(self) -> None:
        self.assertEqual(self.values(q="TEST000002"), [3])

    def test_part_of_a_serial_number_finds_no_readings(self) -> None:
        self.assertEqual(self.values(q="F75A"), [])

    def test_spaces_alone_find_all_readings(self) -> None:
        self.assertEqual(self.values(q="  "), [3, 2, 1])

    def test_mpan_finds_its_meter_point(self) -> None:
        self.assertEqual(
            self.listed("meterpoint", q="12 0002 3305 967"), ["12 0002 3305 967"]
        )

    def test_prefix_of_an_mpan_finds_meter_points(self) -> None:
        self.assertEqual(self.listed("meterpoint", q="20 00"), ["20 0000 0000 015"])

    def test_serial_number_finds_its_meter_point(self) -> None:
        self.assertEqual(
            self.listed("meterpoint", q="F75A 00802"), ["12 0002 3305 967"]
        )

    def test_more_than_13_digits_find_no_meter_point(self) -> None:
        self.assertEqual(self.listed("meterpoint", q="12000233059670"), [])

    def test_prefix_of_a_serial_number_finds_meters(self) -> None:
        self.assertEqual(self.listed("meter", q="F75A"), ["F75A 00802", "F75A 00803"])

    def test_numeric_serial_number_finds_its_meter(self) -> None:
        self.assertEqual(self.listed("meter", q="36933604"), ["36933604"])

    def test_mpan_finds_its_meters(self) -> None:
        self.assertEqual(self.listed("meter", q="12 0002 3305 967"), ["F75A 00802"])

    def test_prefix_of_a_filename_finds_files(self) -> None:
        self.assertEqual(self.listed("flowfile", q="samp"), [str(self.file)])

    def test_percent_sign_in_a_search_is_literal(self) -> None:
        self.assertEqual(
            [self.listed("flowfile", q="other_50%"), self.listed("flowfile", q="%")],
            [["other_50%.uff (TEST000002)"], []],
        )

    def test_file_identifier_finds_its_file(self) -> None:
        self.assertEqual(self.listed("flowfile", q="TEST000001"), [str(self.file)])

    def test_prefix_of_a_sha256_finds_its_file(self) -> None:
        beginning = self.file.sha256[:10].upper()
        self.assertEqual(self.listed("flowfile", q=beginning), [str(self.file)])

    def test_mpan_finds_its_site_visits(self) -> None:
        self.assertEqual(self.listed("sitevisit", q="1200023305967"), ["Not occupied"])

    def test_serial_number_finds_its_site_visits(self) -> None:
        self.assertEqual(self.listed("sitevisit", q="36933604"), ["No access"])

    def test_filename_finds_its_site_visits(self) -> None:
        self.assertEqual(self.listed("sitevisit", q="sample.uff"), ["Not occupied"])

    def test_filename_finds_its_findings(self) -> None:
        self.assertEqual(
            self.listed("finding", q="other_50%.uff"), ["extra-decimals on line 5"]
        )

    def test_list_of_mpans_finds_their_readings_and_meters(self) -> None:
        text = "MPAN 1200023305967, 20 0000 0000 015"
        self.assertEqual(self.values(q=text), [2, 1])
        self.assertEqual(
            self.listed("meterpoint", q=text),
            ["12 0002 3305 967", "20 0000 0000 015"],
        )
        self.assertEqual(self.listed("meter", q=text), ["F75A 00802", "F75A 00803"])
        self.assertEqual(self.listed("sitevisit", q=text), ["Not occupied"])

    def test_readings_of_many_meters_are_scanned_by_time(self) -> None:
        with patch("meter_readings.admin.readings.admin._MAX_METERS", 1):
            found = self.values(q="1200023305967 2000000000015")
        self.assertEqual(found, [2, 1])

    def test_spaces_case_labels_and_full_stops_do_not_matter(self) -> None:
        self.assertEqual(self.values(q="serial: f75a00803."), [2])
        self.assertEqual(self.values(q="File name: SAMPLE.UFF"), [1, 2])
        self.assertEqual(
            self.listed("meter", q="f 75a0080"), ["F75A 00802", "F75A 00803"]
        )
        self.assertEqual(self.listed("flowfile", q="file: SAMP"), [str(self.file)])

    def test_meters_and_files_are_found_by_a_part_if_nothing_begins_so(self) -> None:
        self.assertEqual(self.listed("meter", q="5a0080"), ["F75A 00802", "F75A 00803"])
        self.assertEqual(self.listed("flowfile", q="ample.u"), [str(self.file)])

    def test_search_for_a_part_warns_if_rows_were_left_out(self) -> None:
        with patch("meter_readings.admin.base.read_only._MAX_PARTS", 1):
            page = self.get_list("meter", q="5a0080")
        self.assertContains(page, "Not everything was searched", 1)

    def test_list_without_results_reports_a_wrong_check_digit(self) -> None:
        page = self.get_list("meterpoint", q="12 0002 3305 968")
        self.assertContains(page, "is wrong. With the same first twelve digits")
        self.assertContains(page, '?q=1200023305967">')

    def test_list_without_results_links_to_the_search_page(self) -> None:
        page = self.get_list("reading", q="F75A")
        self.assertContains(page, '<a href="/search/?q=F75A">Search meter points,')

    def test_list_without_a_search_ignores_the_search_text(self) -> None:
        self.assertEqual(len(self.listed("importjob", q="sample.uff")), 2)
