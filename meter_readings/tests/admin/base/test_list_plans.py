"""What the database does for a list of a large table, by its own account.

Every query of every list is explained, for every choice of every filter and for pairs
of them. No table of rows by the million is read from end to end, and none is sorted
but for rows that were found before.
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
from meter_readings.tests.flow_file_builder import flow_file
from meter_readings.tests.import_helpers import imported
from meter_readings.tests.query_plans import (
    Query,
    plan_text,
    plan_tree,
    queries_of,
    refuse_unbounded,
    use_indexes_for_few_rows,
)

LARGE = {model._meta.db_table for model in (Reading, SiteVisit, Finding)}
# Their lists are in the order of the primary key, as SQLite stores the rows.
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

    def queries(self, name: str, asked: dict[str, Any]) -> list[Query]:
        """Return the queries of a list about large tables."""
        return queries_of(lambda: self.get_list(name, **asked), tables=LARGE)

    def refuse(self, name: str, asked: dict[str, Any]) -> None:
        """Fail where a query of a list would take long with many rows."""
        for query in self.queries(name, asked):
            with self.subTest(name, **asked):
                refuse_unbounded(
                    plan_tree(query), tables=LARGE, in_order_of_pk=IN_ORDER_OF_PK
                )


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
            "version_status__exact": "withdrawn",
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
            "reading_not_current": {"version_status__exact": "withdrawn"},
            "reading_not_validated": {"bsc_validation_status__exact": "F"},
            "reading_not_routine": {"reading_type__exact": "T"},
            "reading_estimated": {"basis": "estimated"},
        }
        for index, asked in indexes.items():
            for query in self.queries("reading", asked)[-2:]:
                with self.subTest(index):
                    self.assertIn(index, plan_text(query))


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
