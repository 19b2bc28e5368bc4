"""What the database does for a list of a large table, by its own account.

Every query of every list is explained, for every choice of every filter and for pairs
of them. No table of rows by the million is read from end to end, and none is sorted
but for rows that were found before.
"""

from __future__ import annotations

import json
import re
from itertools import combinations
from typing import Any

from django.db import connection
from django.test.utils import CaptureQueriesContext

from meter_readings.models import Finding, Meter, Reading, SiteVisit
from meter_readings.tests.admin.base import (
    AdminTestCase,
    file_with_much,
    header_of,
    list_address,
)
from meter_readings.tests.flow_file_builder import flow_file
from meter_readings.tests.import_helpers import imported

LARGE = {model._meta.db_table for model in (Reading, SiteVisit, Finding)}
# They are listed by their numbers, in the order of which they lie on SQLite.
IN_ORDER_OF_NUMBERS = {model._meta.db_table for model in (SiteVisit, Finding)}


class Unbounded(AssertionError):
    """A query reads or sorts a large table whole."""


type Node = dict[str, Any]


def explained(sql: str) -> Node:
    """Return the plan of a query as a tree."""
    with connection.cursor() as cursor:
        # The cursor would take per cent signs for places of parameters.
        sql = sql.replace("%", "%%")
        if connection.vendor == "postgresql":
            cursor.execute(f"EXPLAIN (FORMAT json) {sql}", [])
            ((plan,),) = cursor.fetchall()
            return (json.loads(plan) if isinstance(plan, str) else plan)[0]["Plan"]
        cursor.execute(f"EXPLAIN QUERY PLAN {sql}", [])
        nodes: dict[int, Node] = {0: {"detail": sql, "inner": []}}
        for number, parent, _, detail in cursor.fetchall():
            nodes[number] = {"detail": detail, "inner": []}
            nodes[parent]["inner"].append(nodes[number])
        return nodes[0]


def refuse_unbounded(plan: Node) -> None:
    """Raise Unbounded where a large table would be read or sorted as a whole."""
    if connection.vendor == "postgresql":
        refuse_unbounded_on_postgresql(plan)
    else:
        refuse_unbounded_on_sqlite(plan)


def refuse_unbounded_on_sqlite(plan: Node) -> None:
    details = [node["detail"] for node in plan["inner"]]
    is_sorted = "USE TEMP B-TREE FOR ORDER BY" in details
    for table in LARGE:
        # What a query inside found is named as its table is.
        if {f"CO-ROUTINE {table}", f"MATERIALIZE {table}"} & {*details}:
            continue
        for detail in details:
            if detail == f"SCAN {table}" and table in IN_ORDER_OF_NUMBERS:
                detail = f"SCAN {table} USING INDEX of numbers"
            is_of_table = re.match(f"(SCAN|SEARCH) {table}\\b", detail)
            is_in_order = "USING" in detail and not is_sorted
            if is_of_table and not (is_in_order or "(meter_id=?" in detail):
                raise Unbounded(details)
    for node in plan["inner"]:
        refuse_unbounded_on_sqlite(node)


def refuse_unbounded_on_postgresql(node: Node, is_sorted: bool = False) -> None:
    kind = node["Node Type"]
    # What is of a large table is named after it, as a partition is.
    if node.get("Relation Name", "").startswith((*LARGE,)):
        is_in_order = kind in ("Index Scan", "Index Only Scan") and not is_sorted
        # A filter is asked of one row after the other, who knows how many.
        if not is_in_order or "Filter" in node:
            raise Unbounded(json.dumps(node, indent=1))
    is_sorted = (is_sorted or kind in ("Sort", "Incremental Sort")) and kind != "Limit"
    for inner in node.get("Plans", []):
        refuse_unbounded_on_postgresql(inner, is_sorted)


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
        if connection.vendor == "postgresql":
            with connection.cursor() as cursor:
                # So few rows are quicker to read and to sort than to look up.
                cursor.execute(
                    "SET LOCAL enable_seqscan = off; SET LOCAL enable_bitmapscan = off;"
                    "SET LOCAL enable_sort = off"
                )

    def queries(self, name: str, asked: dict[str, Any]) -> list[str]:
        """Return the queries of a page that speak of a large table."""
        with CaptureQueriesContext(connection) as captured:
            self.get_list(name, **asked)
        return [
            query["sql"]
            for query in captured.captured_queries
            if any(table in query["sql"] for table in LARGE)
        ]

    def refuse(self, name: str, asked: dict[str, Any]) -> None:
        """Fail where a query of a list would take long with many rows."""
        for sql in self.queries(name, asked):
            with self.subTest(name, **asked):
                refuse_unbounded(explained(sql))


def lookups_of(spec: Any) -> list[str]:
    """Return the values that a filter offers."""
    return [str(value) for value, _ in spec.lookup_choices]


class ReadingPlanTests(ListPlanTestCase):
    """Of the list of readings."""

    def asked(self) -> list[dict[str, str]]:
        """Return all that can be chosen."""
        changes = self.client.get(list_address("reading")).context["cl"]
        offered = [
            {spec.parameter_name: value}
            for spec in changes.filter_specs
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

    def test_no_choice_reads_or_sorts_the_table(self) -> None:
        for asked in [{}, *self.asked()]:
            self.refuse("reading", asked)

    def test_no_pair_of_choices_reads_or_sorts_the_table(self) -> None:
        one_of_each = {next(iter(asked)): asked for asked in self.asked()}
        few = {
            "standing__exact": "withdrawn",
            "reading_type__exact": "T",
            "basis": "estimated",
            "bsc_validation_status__exact": "F",
        }
        alternatives = [*one_of_each.values(), *({key: few[key]} for key in few)]
        for one, other in combinations(alternatives, 2):
            if one.keys() != other.keys():
                self.refuse("reading", one | other)

    def test_few_readings_are_found_by_an_index_of_their_own(self) -> None:
        indexes = {
            "reading_not_current": {"standing__exact": "withdrawn"},
            "reading_not_validated": {"bsc_validation_status__exact": "F"},
            "reading_not_routine": {"reading_type__exact": "T"},
            "reading_estimated": {"basis": "estimated"},
        }
        for index, asked in indexes.items():
            for sql in self.queries("reading", asked)[-2:]:
                with self.subTest(index):
                    self.assertIn(index, json.dumps(explained(sql)))


class VisitPlanTests(ListPlanTestCase):
    """Of the lists of site visits and findings."""

    def test_no_choice_reads_or_sorts_the_table_of_visits(self) -> None:
        file = str(self.file.pk)
        for asked in (
            {},
            {"check_code__exact": "02"},
            {"sender": "UDMS"},
            {"flow_file": file},
            {"flow_file": file, "check_code__exact": "02"},
        ):
            self.refuse("sitevisit", asked)

    def test_no_choice_reads_or_sorts_the_table_of_findings(self) -> None:
        file = str(self.file.pk)
        for asked in (
            {},
            {"severity__exact": "warning"},
            {"rule": "extra-decimals"},
            {"rule": "extra-decimals", "severity__exact": "note"},
            {"sender": "UDMS"},
            {"flow_file": file, "rule": "extra-decimals"},
        ):
            self.refuse("finding", asked)
