"""Tests of the query plans of change lists of large tables.

EXPLAIN shows the plan of every query of every list, for every value of every filter and
for pairs of them. No large table is scanned from end to end, and none is sorted except
for rows that were found before.
"""

from __future__ import annotations

from itertools import combinations
from typing import Any

from meter_readings.models import Finding, Meter, Reading, SiteVisit
from meter_readings.tests.admin.testcases import (
    AdminTestCase,
    file_with_much,
    header_of,
    list_address,
)
from meter_readings.tests.robustness import chosen
from meter_readings.tests.support.flow_file_builder import flow_file
from meter_readings.tests.support.import_helpers import imported
from meter_readings.tests.support.query_plans import (
    Query,
    plan_text,
    plan_tree,
    queries_of,
    refuse_unbounded,
    use_indexes_for_few_rows,
)

LARGE = {model._meta.db_table for model in (Reading, SiteVisit, Finding)}
# Their lists are ordered by primary key, as SQLite stores the rows.
IN_ORDER_OF_PK = {model._meta.db_table for model in (SiteVisit, Finding)}


class ListPlanTestCase(AdminTestCase):
    @classmethod
    def setUpTestData(cls) -> None:
        super().setUpTestData()
        cls.file = imported(file_with_much(30))
        again = flow_file(
            ["026|1000000000003|U|", "028|A|D|", "030|S|20230501000000|1.0|||T|N|"],
            header=header_of(1),
        )
        imported(again, "again.uff")

    def setUp(self) -> None:
        super().setUp()
        use_indexes_for_few_rows()

    def queries(self, name: str, params: dict[str, Any]) -> list[Query]:
        """Return the queries of a list on large tables."""
        return queries_of(lambda: self.get_list(name, **params), tables=LARGE)

    def assert_bounded(self, name: str, params: dict[str, Any]) -> None:
        """Fail if a query of a list reads or sorts a large table whole."""
        for query in self.queries(name, params):
            with self.subTest(name, **params):
                refuse_unbounded(
                    plan_tree(query), tables=LARGE, in_order_of_pk=IN_ORDER_OF_PK
                )


def lookups_of(spec: Any) -> list[str]:
    return [str(value) for value, _ in spec.lookup_choices]


class ReadingPlanTests(ListPlanTestCase):
    def all_filters(self) -> list[dict[str, str]]:
        """Return the parameters of every filter value, and of other lookups."""
        change_list = self.client.get(list_address("reading")).context["cl"]
        offered = [
            {spec.parameter_name: value}
            for spec in change_list.filter_specs
            for value in lookups_of(spec)
        ]
        reading = Reading.objects.latest("read_at")
        return offered + [
            {"register_id": "MD"},
            {"read_in": "2024-04"},
            {"read_in": "2024-04-01"},
            {"flow_file": str(self.file.pk)},
            {"meter": str(Meter.objects.all()[0].pk)},
            {"after": str(reading.pk)},
            {"q": "SERIAL0001"},
            {"q": self.file.filename},
            {"value__gte": "5"},
        ]

    def test_no_filter_reads_or_sorts_all_readings(self) -> None:
        for params in [{}, *self.all_filters()]:
            self.assert_bounded("reading", params)

    def test_no_pair_of_filters_reads_or_sorts_all_readings(self) -> None:
        one_of_each = {next(iter(params)): params for params in self.all_filters()}
        rare = {
            "version_status__exact": "withdrawn",
            "reading_type__exact": "T",
            "basis": "estimated",
            "bsc_validation_status__exact": "F",
        }
        alternatives = [*one_of_each.values(), *({key: rare[key]} for key in rare)]
        for one, other in chosen(combinations(alternatives, 2)):
            if one.keys() != other.keys():
                self.assert_bounded("reading", one | other)

    def test_rare_readings_are_found_by_a_partial_index(self) -> None:
        indexes = {
            "reading_not_current_idx": {"version_status__exact": "withdrawn"},
            "reading_not_validated_idx": {"bsc_validation_status__exact": "F"},
            "reading_not_routine_idx": {"reading_type__exact": "T"},
            "reading_estimated_idx": {"basis": "estimated"},
        }
        for index, params in indexes.items():
            for query in self.queries("reading", params)[-2:]:
                with self.subTest(index):
                    self.assertIn(index, plan_text(query))


class SiteVisitAndFindingPlanTests(ListPlanTestCase):
    def test_no_filter_reads_or_sorts_all_site_visits(self) -> None:
        file = str(self.file.pk)
        for params in (
            {},
            {"check_code__exact": "02"},
            {"sender": "UDMS"},
            {"flow_file": file},
            {"flow_file": file, "check_code__exact": "02"},
        ):
            self.assert_bounded("sitevisit", params)

    def test_no_filter_reads_or_sorts_all_findings(self) -> None:
        file = str(self.file.pk)
        for params in (
            {},
            {"severity__exact": "warning"},
            {"rule": "extra-decimals"},
            {"rule": "extra-decimals", "severity__exact": "note"},
            {"sender": "UDMS"},
            {"flow_file": file, "rule": "extra-decimals"},
        ):
            self.assert_bounded("finding", params)
