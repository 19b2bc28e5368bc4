"""Queries: a fixed number for each URL, all by indexes."""

from __future__ import annotations

import re
from typing import Any
from unittest.mock import Mock, patch

from django.db import connection
from django.test import override_settings

from meter_readings.api import urls
from meter_readings.models import Finding, FlowFile, Meter, MeterPoint, Reading
from meter_readings.tests.api.base import MPAN, ApiTestCase
from meter_readings.tests.support.flow_file_builder import (
    flow_file,
    header_line,
    mpan_core,
)
from meter_readings.tests.support.import_helpers import imported
from meter_readings.tests.support.query_plans import (
    plan_text,
    queries_of,
    sorts_rows,
    table_scans,
    use_indexes_for_few_rows,
)

# The number of queries of each URL: session, user and those of the comments.
QUERIES = {
    "": 2,
    "schema/": 2,
    "docs/": 0,
    # the count and the page
    "flow-files/": 4,
    "imports/": 4,
    # the row
    "flow-files/{id}/": 3,
    # the row and the audit event
    "flow-files/{id}/content/": 4,
    # the row
    "imports/{id}/": 3,
    "findings/{id}/": 3,
    "site-visits/{id}/": 3,
    "readings/{id}/": 3,
    # the row, the MPAN and the audit event
    "meters/{id}/": 5,
    # the page
    "findings/": 3,
    "meter-points/": 3,
    "meters/": 3,
    "site-visits/": 3,
    "overdue-readings/": 3,
    # all failed reads
    "failed-reads/": 3,
    "failed-reads/summary/": 3,
    # the end of the scan and the page
    "readings/": 4,
    # the stored numbers, the data version, the counts, the earliest and the latest
    "readings/summary/": 8,
    # the data version, the row and the audit event
    "meter-points/{mpan}/": 5,
    # the data version, the meters, their registers, the readings with their files, the
    # audit event
    "readings/latest/": 7,
    # the parent row, and the same
    "flow-files/{id}/findings/": 4,
    "flow-files/{id}/site-visits/": 4,
    "flow-files/{id}/readings/": 5,
    # the parent row, its meters, the page, the MPAN and the audit event
    "meters/{id}/readings/": 7,
    # the data version, the parent row, its meters, the page and the audit event
    "meter-points/{mpan}/readings/": 7,
    # the data version, the parent row, its meters, their registers with readings, the
    # history and the audit event
    "meter-points/{mpan}/advances/": 9,
}
# Those that are cached, and the parameters with which others are
CACHED = [
    "meter-points/{mpan}/",
    "meter-points/{mpan}/readings/",
    "meter-points/{mpan}/advances/",
    "readings/latest/",
    f"readings/?mpan={mpan_core(0)}",
    f"meter-points/?mpan={mpan_core(0)}",
]
# URLs that accept POST only
POSTS = {
    "flow-files/upload/",
    "flow-files/{id}/undo/",
    "flow-files/{id}/reprocess/",
    "imports/{id}/cancel/",
    "imports/{id}/retry/",
    "readings/export/",
}
# URLs that answer with a stored file; jobs.test_exports tests them
FILES = {"imports/{id}/download/"}
READINGS = Reading._meta.db_table


def large_file(number: int) -> str:
    """Return a file with twenty meter points, each with a site visit and a finding."""
    groups = []
    for place in range(20):
        groups += [
            f"026|{mpan_core(100 * number + place)}|V|",
            "027|02||",
            f"028|SERIAL{100 * number + place:04}|R|",
            "030|S|20240401000000|99.25|||T|N|",
        ]
    header = header_line(file_identifier=f"FILE{number:06}")
    return flow_file(groups, header=header)


class UploadQueryCountTests(ApiTestCase):
    @classmethod
    def setUpTestData(cls) -> None:
        super().setUpTestData()
        for number in range(3):
            imported(large_file(number), f"{number}.uff")

    def test_every_url_of_the_api_is_counted(self) -> None:
        patterns = [pattern for pattern in urls.urlpatterns[1].url_patterns]
        routes = {
            str(each.pattern)
            .replace("<int:pk>", "{id}")
            .replace("<mpan_or_id:mpan>", "{mpan}")
            for each in patterns
        }
        self.assertEqual(set(QUERIES), routes - POSTS - FILES)

    def test_the_number_of_queries_does_not_depend_on_the_number_of_rows(self) -> None:
        for route, count in QUERIES.items():
            url = self.url(route).replace(MPAN, mpan_core(0))
            with self.subTest(route), self.assertNumQueries(count):
                self.client.get(url).getvalue()

    @override_settings(AUDIT_API_LOOKUPS=False)
    def test_without_look_ups_in_the_audit_trail_there_is_a_query_less(self) -> None:
        url = self.url("meter-points/{mpan}/").replace(MPAN, mpan_core(0))
        with self.assertNumQueries(QUERIES["meter-points/{mpan}/"] - 1):
            self.client.get(url)

    def test_what_is_asked_again_reads_the_data_version_only(self) -> None:
        for route in CACHED:
            url = self.url(route).replace(MPAN, mpan_core(0))
            first = self.client.get(url)
            # The session, the user, the version and the audit event.
            with self.subTest(route), self.assertNumQueries(4):
                self.assertEqual(self.client.get(url).content, first.content)


class QueryPlanTests(ApiTestCase):
    """Every query of readings reads an index, in its order.

    PostgreSQL plans as for ten million readings, of which a full scan is slow.
    """

    @classmethod
    def setUpTestData(cls) -> None:
        super().setUpTestData()
        for number in range(3):
            imported(large_file(number), f"{number}.uff")
        cls.file = FlowFile.objects.latest("pk")
        cls.meter = Meter.objects.latest("pk")

    def setUp(self) -> None:
        super().setUp()
        use_indexes_for_few_rows()

    def plans(self, url: str, **params: Any) -> list[str]:
        """Return the plan of each query about readings."""
        queries = queries_of(
            lambda: self.get(url, **params).getvalue(), tables=[READINGS]
        )
        self.assertNotEqual(queries, [])
        return [plan_text(query) for query in queries]

    def assert_uses(self, index: str, plans: list[str]) -> None:
        """Expect each plan to use this index and to scan no table."""
        for plan in plans:
            with self.subTest(plan):
                self.assertIn(index, plan)
                scans = [scan for scan in table_scans(plan) if " USING " not in scan]
                self.assertEqual(scans, [])

    def assert_no_sorting(self, plans: list[str]) -> None:
        """Expect the plans to read the index in order."""
        for plan in plans:
            with self.subTest(plan):
                self.assertFalse(sorts_rows(plan))

    def line_index(self) -> str:
        """Return the name of the index of files and lines."""
        if connection.vendor == "postgresql":
            return "one_reading_per_file_line"
        return "sqlite_autoindex_meter_readings_reading_1"

    def test_reads_the_time_index_by_default(self) -> None:
        page = self.json("readings/", page_size=5)
        cursor = re.search("cursor=([^&]+)", page["next"])
        assert cursor is not None
        for params in [
            {},
            {"cursor": cursor[1]},
            {"ordering": "read_at"},
            {"date_from": "2024-01-01", "date_to": "2024-12-31"},
            {"register_id": "ZZ"},
            {"version_status": "all"},
            {"basis": "actual"},
            {"flow_file": self.file.pk, "ordering": "-read_at"},
        ]:
            with self.subTest(params=params):
                plans = self.plans("readings/", **params)
                self.assert_uses("reading_time_idx", plans)
                self.assert_no_sorting(plans)

    def test_reads_the_index_of_changes_for_changes(self) -> None:
        page = self.json("readings/", page_size=5, changed_since="2024-01-01")
        cursor = re.search("cursor=([^&]+)", page["next"])
        assert cursor is not None
        for params in [
            {"changed_since": "2024-01-01"},
            {"changed_since": "2024-01-01", "cursor": cursor[1]},
            {"changed_since": "2024-01-01", "version_status": "current"},
            {"changed_since": "2024-01-01", "register_id": "ZZ"},
            {"ordering": "changed_at"},
        ]:
            with self.subTest(params=params):
                plans = self.plans("readings/", **params)
                self.assert_uses("reading_change_idx", plans)
                self.assert_no_sorting(plans)

    def test_reads_the_index_of_rare_readings(self) -> None:
        for index, params in {
            "reading_not_current_idx": {"version_status": "withdrawn"},
            "reading_not_routine_idx": {"reading_type": "W", "min_value": "5"},
            "reading_not_validated_idx": {"bsc_validation_status": "F"},
            "reading_estimated_idx": {"basis": "estimated", "date_from": "2024-01-01"},
        }.items():
            with self.subTest(index):
                plans = self.plans("readings/", **params)
                for plan in plans:
                    # PostgreSQL chooses by its statistics, of which a test has none.
                    self.assertRegex(plan, f"{index}|reading_time_idx")
                    if connection.vendor == "sqlite":
                        self.assertIn(index, plan)
                self.assert_no_sorting(plans)

    def test_reads_the_index_of_lines_for_one_file(self) -> None:
        first = self.json("readings/", page_size=5, flow_file=self.file.pk)
        cursor = re.search("cursor=([^&]+)", first["next"])
        assert cursor is not None
        for params in [
            {},
            {"cursor": cursor[1]},
            {"register_id": "ZZ"},
            {"date_from": "2024-01-01"},
            {"version_status": "all"},
        ]:
            with self.subTest(params=params):
                plans = self.plans("readings/", flow_file=self.file.pk, **params)
                self.assert_uses(self.line_index(), plans)
                self.assert_no_sorting(plans)

    def test_reads_the_index_of_meters_for_a_few_meters(self) -> None:
        point = MeterPoint.objects.latest("pk")
        for params in [
            {"mpan": point.mpan},
            {"meter_serial": self.meter.serial_number},
            {"meter": self.meter.pk},
            {"meter_point": point.pk},
            {"search": point.mpan},
            {"mpan": point.mpan, "ordering": "read_at"},
            {"mpan": point.mpan, "flow_file": self.file.pk},
            {"mpan": point.mpan, "register_id": "ZZ"},
        ]:
            with self.subTest(params=params):
                self.assert_uses("reading_key_idx", self.plans("readings/", **params))

    def test_csv_reads_the_same_indexes(self) -> None:
        for params, index in [
            ({}, "reading_time_idx"),
            ({"flow_file": self.file.pk}, self.line_index()),
            ({"mpan": MPAN, "meter": self.meter.pk}, "reading_key_idx"),
        ]:
            with self.subTest(params=params):
                params = {**params, "format": "csv"}
                if "mpan" in params:
                    params["mpan"] = self.meter.meter_point.mpan
                self.assert_uses(index, self.plans("readings/", **params))

    @patch("meter_readings.api.scans.SCAN_ROWS", (5,))
    @patch.multiple("meter_readings.api.summaries", SCAN_SECONDS=-1, MAX_COUNTED=0)
    @patch("meter_readings.queries.totals.entered_readings", return_value=0)
    def test_the_summary_reads_the_same_indexes(self, _: Mock) -> None:
        for params, index in [
            ({}, "reading_time_idx"),
            ({"date_from": "2024-01-01", "register_id": "ZZ"}, "reading_time_idx"),
            ({"flow_file": self.file.pk}, self.line_index()),
            ({"meter": self.meter.pk}, "reading_key_idx"),
        ]:
            with self.subTest(params=params):
                self.assert_uses(index, self.plans("readings/summary/", **params))

    def test_reads_the_index_of_findings_for_one_file(self) -> None:
        self.assertGreater(Finding.objects.count(), 0)
        queries = queries_of(lambda: self.get("findings/", flow_file=self.file.pk))
        self.assertIn("finding", plan_text(queries[-1]))
