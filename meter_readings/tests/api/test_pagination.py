"""Pagination by keyset, and its scan limit."""

from __future__ import annotations

import base64
import json
from unittest.mock import patch

from meter_readings.api import pagination
from meter_readings.models import READING_ORDER, READING_ORDER_REVERSED, Reading
from meter_readings.tests.api.base import MPAN, ApiTestCase, later_file
from meter_readings.tests.support.flow_file_builder import flow_file, header_line
from meter_readings.tests.support.import_helpers import imported


def _cursor(*parts: object) -> str:
    return base64.urlsafe_b64encode(json.dumps(parts).encode()).decode().rstrip("=")


MADE_UP = [
    "x",
    "é",
    "====",
    "W" * 500,
    _cursor(),
    _cursor("-read_at"),
    _cursor("-read_at", "2024-01-01", "1", "S", "1"),
    _cursor("-read_at", "2024-01-01T00:00:00", "1", "S", "1"),
    _cursor("-read_at", "2024-01-01T00:00:00Z", "1", "S", "x"),
    _cursor("-read_at", "2024-01-01T00:00:00Z", "1", "S", "-1"),
    _cursor("-read_at", "2024-01-01T00:00:00Z", "1", "S", "9" * 30),
    _cursor("-read_at", "2024-01-01T00:00:00Z", "1", "S", "9" * 5000),
    _cursor("-read_at", "2024-01-01T00:00:00Z", "1", "S", 1),
    _cursor("-read_at", "2024-01-01T00:00:00Z", "1", "S", "1\0"),
    _cursor("-read_at", "0001-01-01T00:00:00+14:00", "1", "S", "1"),
    _cursor("-read_at", "9999-12-31T23:59:59-14:00", "1", "S", "1"),
    _cursor("-read_at", "2024-01-01T00:00:00Z", "1", "S"),
    _cursor("-read_at", "2024-01-01T00:00:00Z", "1", "S", "1", "1"),
    _cursor("-read_at", "2024-01-01T00:00:00Z", "1", "\0", "1"),
    _cursor("-read_at", "2024-01-01T00:00:00Z", "1", "\ud800", "1"),
    base64.urlsafe_b64encode(b'{"a": 1}').decode(),
    base64.urlsafe_b64encode(b"[" * 250).decode(),
]


TWO_SCANNED = patch("meter_readings.api.pagination.MAX_SCANNED", 2)


class KeysetPaginationTests(ApiTestCase):
    """Twelve readings at three times."""

    @classmethod
    def setUpTestData(cls) -> None:
        super().setUpTestData()
        cls.file = imported(flow_file(cls.groups()))

    @staticmethod
    def groups(*, add: int = 0) -> list[str]:
        """Return the readings, with a number added to their values."""
        groups = [f"026|{MPAN}|V|", "028|SERIAL0001|R|"]
        for number in range(12):
            day = f"2024010{1 + number // 4}000000"
            groups.append(f"030|{number:02}|{day}|{number + add}.0|||T|N|")
        return groups

    def followed(self, url: str, **params: object) -> list[list[str]]:
        """Return the values on each page, following `next`."""
        pages, page = [], self.json(url, **params)
        pages.append([row["value"] for row in page["results"]])
        while page["next"]:
            page = self.client.get(page["next"]).json()
            pages.append([row["value"] for row in page["results"]])
        return pages

    def in_order(self, *order: str) -> list[str]:
        """Return the values of all readings in an order."""
        readings = Reading.objects.order_by(*order)
        return [f"{reading.value:.1f}" for reading in readings]

    def test_next_leads_through_all_readings_newest_first(self) -> None:
        pages = self.followed("readings/", page_size=5)
        newest = self.in_order(*READING_ORDER_REVERSED)
        self.assertEqual(pages, [newest[:5], newest[5:10], newest[10:]])

    def test_next_leads_through_all_readings_oldest_first(self) -> None:
        pages = self.followed("readings/", page_size=7, ordering="read_at")
        self.assertEqual(sum(pages, []), self.in_order(*READING_ORDER))

    def test_next_leads_through_the_lines_of_a_file(self) -> None:
        pages = self.followed("readings/", page_size=6, flow_file=self.file.pk)
        self.assertEqual(sum(pages, []), [f"{number}.0" for number in range(12)])

    def test_next_leads_through_a_file_by_time(self) -> None:
        pages = self.followed(
            "readings/", page_size=7, flow_file=self.file.pk, ordering="read_at"
        )
        self.assertEqual(sum(pages, []), self.in_order(*READING_ORDER))

    def test_next_leads_through_the_readings_of_an_mpan(self) -> None:
        pages = self.followed("readings/", page_size=5, mpan=MPAN)
        newest = self.in_order(*READING_ORDER_REVERSED)
        self.assertEqual(sum(pages, []), newest)

    def test_a_full_last_page_has_no_next(self) -> None:
        self.assertEqual(len(self.followed("readings/", page_size=6)), 2)

    def test_a_later_import_does_not_move_the_following_pages(self) -> None:
        first = self.json("readings/", page_size=5)
        newer = later_file(
            [f"026|{MPAN}|V|", "028|SERIAL0001|R|"]
            + ["030|ZZ|20240301000000|99.0|||T|N|"]
        )
        imported(newer, "newer.uff")
        second = self.client.get(first["next"]).json()
        self.assertEqual(
            [row["value"] for row in second["results"]],
            self.in_order(*READING_ORDER_REVERSED)[6:11],
        )

    def test_a_later_import_of_older_readings_is_on_the_following_pages(self) -> None:
        first = self.json("readings/", page_size=5)
        older = later_file(
            [f"026|{MPAN}|V|", "028|SERIAL0001|R|"]
            + ["030|ZZ|20230101000000|99.0|||T|N|"]
        )
        imported(older, "older.uff")
        second = self.client.get(first["next"].replace("page_size=5", "page_size=50"))
        self.assertEqual(second.json()["results"][-1]["value"], "99.0")

    def test_the_pages_miss_no_reading_that_is_corrected_between_them(self) -> None:
        number = 2
        for params in [
            {},
            {"ordering": "read_at"},
            {"mpan": MPAN},
            {"mpan": MPAN, "ordering": "read_at"},
        ]:
            seen: set[str] = set()
            page = self.json("readings/", page_size=1, **params)
            while True:
                seen.update(row["register_id"] for row in page["results"])
                if page["next"] is None:
                    break
                # Every reading has another current version on each page.
                corrected = flow_file(
                    self.groups(add=number),
                    header=header_line(
                        file_identifier=f"TEST{number:06}",
                        created_at=f"20240402{number // 60:02}{number % 60:02}00",
                    ),
                )
                imported(corrected, f"{number}.uff")
                number += 1
                page = self.client.get(page["next"]).json()
            with self.subTest(params=params):
                self.assertEqual(len(seen), 12)

    def test_a_cursor_has_any_register_that_a_file_can_have(self) -> None:
        header = header_line(file_identifier="TEST000002", created_at="20240402100000")
        groups = [f"026|{MPAN}|V|", "028|SERIAL0001|R|"]
        groups += [
            f"030|{name}|20240301000000|1.0|||T|N|" for name in ("\xa0\xad", "é")
        ]
        imported(flow_file(groups, header=header), "names.uff")
        pages = self.followed("readings/", page_size=1, date_from="2024-03-01")
        self.assertEqual(pages, [["1.0"], ["1.0"]])

    def test_a_cursor_is_valid_after_an_import_was_undone(self) -> None:
        first = self.json("readings/", page_size=5)
        comes_next = self.in_order(*READING_ORDER_REVERSED)[5]
        numbers = [row["id"] for row in first["results"]]
        Reading.objects.filter(pk__in=numbers).delete()
        second = self.client.get(first["next"]).json()
        self.assertEqual(second["results"][0]["value"], comes_next)

    def test_a_cursor_of_another_ordering_is_400(self) -> None:
        following = self.json("readings/", page_size=5)["next"]
        response = self.client.get(following + "&ordering=read_at")
        self.assertEqual(response.status_code, 400)
        (error,) = response.json()["errors"]
        self.assertEqual(error["field"], "cursor")
        self.assertIn("from `next` unchanged", error["message"])

    def test_a_cursor_may_have_any_offset(self) -> None:
        for offset, status in [
            ("+23:59", 200),
            ("+23:59:59.9", 200),
            ("-23:59:59.999999", 200),
            ("+24:00", 400),
        ]:
            position = [f"2024-04-01T00:00:00{offset}", "1", "S", "1"]
            with self.subTest(offset):
                self.get("readings/", status, cursor=_cursor("-read_at", *position))

    def test_next_keeps_the_format(self) -> None:
        first = self.json("readings/", page_size=5, format="json")
        self.assertIn("format=json", first["next"])
        self.assertEqual(self.client.get(first["next"]).status_code, 200)

    def test_a_malformed_cursor_is_400(self) -> None:
        for cursor in MADE_UP:
            with self.subTest(cursor):
                self.get_problem("readings/", 400, cursor=cursor)

    def test_page_size_has_limits(self) -> None:
        for size in ["0", "1001", "-1", "1e3", "9" * 5000, "٣", "ten", "1.5"]:
            with self.subTest(size[:20]):
                wrong = self.invalid_fields("readings/", page_size=size)
                self.assertEqual(wrong, [("page_size", "invalid")])


@patch("meter_readings.api.scans.SCAN_ROWS", (2, 4))
class ScanTests(ApiTestCase):
    """Twelve readings one day after another; two, then four are scanned at once."""

    @classmethod
    def setUpTestData(cls) -> None:
        super().setUpTestData()
        groups = [f"026|{MPAN}|V|", "028|SERIAL0001|R|"]
        for number in range(1, 13):
            groups.append(f"030|{number:02}|202401{number:02}000000|{number}.0|||T|N|")
        cls.file = imported(flow_file(groups))

    def pages(self, **params: object) -> list[list[str]]:
        """Return the values on each page."""
        url, pages = "/api/v1/readings/", []
        response = self.client.get(url, params)
        while True:
            page = response.json()
            pages.append([row["value"] for row in page["results"]])
            if page["next"] is None:
                return pages
            response = self.client.get(page["next"])

    def test_a_page_is_filled_from_range_after_range_up_to_the_limit(self) -> None:
        for params in [
            {"register_id": "02"},
            {"register_id": "02", "ordering": "read_at"},
            {"register_id": "02", "flow_file": self.file.pk},
            {"min_value": "2", "max_value": "2"},
        ]:
            with self.subTest(params=params):
                self.assertEqual(self.pages(**params), [["2.0"]])

    def test_a_page_over_several_ranges_has_as_many_rows_as_asked_for(self) -> None:
        pages = self.pages(page_size=5, version_status="all", max_value="11")
        self.assertEqual([len(page) for page in pages], [5, 5, 1])

    @patch("meter_readings.api.pagination.MAX_SCANNED", 5)
    def test_a_page_scans_a_limited_number_of_rows(self) -> None:
        found = self.pages(register_id="02", max_value="2")
        self.assertEqual(found, [[], [], ["2.0"]])

    def test_a_page_scans_twenty_thousand_rows(self) -> None:
        self.assertEqual(pagination.MAX_SCANNED, 20_000)

    @TWO_SCANNED
    def test_a_page_without_a_match_at_the_limit_has_a_next(self) -> None:
        found = self.pages(register_id="02")
        self.assertEqual(found, [[], [], [], [], [], ["2.0"], []])

    @TWO_SCANNED
    def test_the_limit_applies_to_the_readings_of_a_file(self) -> None:
        pages = self.pages(register_id="11", flow_file=self.file.pk)
        self.assertEqual(pages, [[], [], [], [], [], ["11.0"], []])

    @TWO_SCANNED
    def test_a_full_page_ends_before_the_range(self) -> None:
        pages = self.pages(page_size=1, date_from="2024-01-11")
        self.assertEqual(pages, [["12.0"], ["11.0"]])

    @TWO_SCANNED
    def test_the_limit_does_not_apply_to_a_few_meters(self) -> None:
        self.assertEqual(self.pages(register_id="02", mpan=MPAN), [["2.0"]])

    @TWO_SCANNED
    def test_the_limit_does_not_apply_to_indexed_filters(self) -> None:
        pages = self.pages(version_status="all", date_to="2024-01-06")
        self.assertEqual(len(pages), 1)

    @TWO_SCANNED
    def test_rare_readings_are_found_by_their_index(self) -> None:
        groups = [f"026|{MPAN}|F|", "028|SERIAL0001|D|"]
        groups += ["030|13|20240101000000|13.0|||F|N|", "032|05|F|"]
        imported(later_file(groups), "rare.uff")
        groups[1:] = ["028|SERIAL0001|W|", "030|12|20240112000000|12.0|||T|N|"]
        header = header_line(file_identifier="TEST000003", created_at="20240403000000")
        imported(flow_file(groups, header=header), "withdrawn.uff")
        for params, values in [
            ({"reading_type": "D"}, ["13.0"]),
            ({"basis": "estimated"}, ["13.0"]),
            ({"bsc_validation_status": "F"}, ["13.0"]),
            ({"version_status": "withdrawn"}, ["12.0", "12.0"]),
            ({"reading_type": "W", "version_status": "withdrawn"}, ["12.0"]),
        ]:
            with self.subTest(params=params):
                self.assertEqual(sum(self.pages(**params), []), values)
                self.assertEqual(self.values(**params), values)

    @TWO_SCANNED
    def test_the_limit_applies_to_the_findings_of_all_files(self) -> None:
        groups = [f"026|{MPAN}|V|", "028|SERIAL0001|R|"]
        groups += [f"030|{n:02}|20240201000000|{n}.25|||T|N|" for n in range(10)]
        imported(later_file(groups), "decimals.uff")
        page = self.json("findings/", severity="error")
        self.assertEqual(page["results"], [])
        self.assertIsNotNone(page["next"])
