"""Validation of query parameters."""

from __future__ import annotations

from itertools import combinations

from meter_readings.tests.api.base import (
    EVERYTHING,
    MPAN,
    OTHER_MPAN,
    V1,
    ApiTestCase,
    query_parameters,
)
from meter_readings.tests.robustness import chosen
from meter_readings.tests.support.import_helpers import imported

LISTS = [
    "flow-files/",
    "imports/",
    "findings/",
    "meter-points/",
    "meters/",
    "site-visits/",
    "overdue-readings/",
    "readings/",
]
NESTED_LISTS = [
    "flow-files/{id}/readings/",
    "meter-points/{mpan}/readings/",
    "meters/{id}/readings/",
]
# A valid value of each parameter; for the others 1 is valid.
VALID_VALUES = {
    "basis": "actual",
    "changed_since": "2024-04-01",
    "date_from": "2024-04-01",
    "date_to": "2024-04-01",
    "channel": "command",
    "fields": "id",
    "file_created_at_from": "2024-04-01",
    "file_created_at_to": "2024-04-01",
    "has_findings": "true",
    "kind": "import",
    "level": "register",
    "needs_attention": "true",
    "mpan": MPAN,
    "phase": "loading",
    "policy": "standard",
    "received_at_from": "2024-04-01",
    "received_at_to": "2026-12-31",
    "severity": "error",
    "sha256": "0" * 64,
    "version_status": "all",
    "started_at_from": "2024-04-01",
    "started_at_to": "2026-12-31",
    "state": "finished",
    "status": "imported",
}
ORDERS = {
    "flow-files/": "filename",
    "imports/": "started_at",
    "findings/": "-id",
    "meter-points/": "-mpan",
    "meters/": "meter_serial",
    "site-visits/": "id",
    "overdue-readings/": "-meter_id",
}


class QueryParameterTests(ApiTestCase):
    """Any query string gets a page, or a problem that does not repeat it."""

    @classmethod
    def setUpTestData(cls) -> None:
        super().setUpTestData()
        imported(EVERYTHING)

    def setUp(self) -> None:
        super().setUp()
        self.silence_request_log()

    def valid_parameters(self, url: str) -> dict[str, str]:
        """Return a valid value of each parameter of a list."""
        names = {*query_parameters(url)} - {"cursor", "format"}
        valid = {name: VALID_VALUES.get(name, "1") for name in sorted(names)}
        if url == "overdue-readings/":
            valid["state"] = "missing"
        return valid | {"ordering": ORDERS.get(url, "read_at")}

    def test_parameters_can_be_combined(self) -> None:
        lists = {url: self.valid_parameters(url) for url in [*LISTS, *NESTED_LISTS]}
        pairs = [
            (url, dict(pair))
            for url, valid in lists.items()
            for pair in combinations(valid.items(), 2)
        ]
        for url, params in [*lists.items(), *chosen(pairs)]:
            with self.subTest(url, params=params):
                response = self.client.get(self.url(url), params)
                self.assertEqual(response.status_code, 200, response.content)

    def test_a_lookup_of_the_orm_is_an_unknown_parameter(self) -> None:
        for name in [
            "mpan__regex",
            "meter__meter_point__mpan",
            "value__gte",
            "_connector",
            "_negated",
            "pk",
            "id",
            "\0",
        ]:
            for url in LISTS:
                with self.subTest(url, name=name):
                    wrong = self.invalid_fields(url, **{name: "1"})
                    field = name if name.isidentifier() else "?"
                    self.assertEqual(wrong, [(field, "unknown")])

    def test_lists_are_separated_by_commas_or_repeated(self) -> None:
        for query in [
            f"mpan={MPAN},{OTHER_MPAN}",
            f"mpan={MPAN}&mpan={OTHER_MPAN}",
            f"mpan={MPAN}&mpan={OTHER_MPAN},{MPAN}",
        ]:
            with self.subTest(query):
                response = self.client.get(f"{V1}readings/latest/?{query}")
                mpans = {row["mpan"] for row in response.json()["results"]}
                self.assertEqual(mpans, {MPAN, OTHER_MPAN})
        row, *_ = self.client.get(f"{V1}readings/?fields=id&fields=value").json()[
            "results"
        ]
        self.assertEqual(set(row), {"id", "value"})

    def test_booleans_may_be_written_as_in_python_or_as_a_digit(self) -> None:
        for values, count in [(["true", "True", "1"], 0), (["false", "False", "0"], 1)]:
            for value in values:
                with self.subTest(value):
                    found = self.results("flow-files/", has_findings=value)
                    self.assertEqual(len(found), count)
        for value in ["yes", "TRUE", "2"]:
            with self.subTest(value):
                wrong = self.invalid_fields("flow-files/", has_findings=value)
                self.assertEqual(wrong, [("has_findings", "invalid_choice")])

    def test_numbers_are_digits_alone(self) -> None:
        for name in ["min_value", "max_value", "meter"]:
            for value in ["1e2", "+1", " 1", "1.", "1_0", "\u0661", "0x1"]:
                with self.subTest(name, value=value):
                    wrong = self.invalid_fields("readings/", **{name: value})
                    self.assertEqual(wrong, [(name, "invalid")])

    def test_a_range_that_ends_before_it_starts_is_400(self) -> None:
        for url, start, end, first, last in [
            ("readings/", "date_from", "date_to", "2024-04-02", "2024-04-01"),
            ("readings/summary/", "date_from", "date_to", "2024-04-02", "2024-04-01"),
            ("readings/", "min_value", "max_value", "2", "1.9"),
            (
                "imports/",
                "started_at_from",
                "started_at_to",
                "2024-02-01",
                "2024-01-31",
            ),
        ]:
            with self.subTest(url, start=start):
                wrong = self.invalid_fields(url, **{start: first, end: last})
                self.assertEqual(wrong, [(end, "reversed")])

    def test_a_range_may_be_one_day_or_one_value(self) -> None:
        self.get("readings/", date_from="2024-04-01T12:00", date_to="2024-04-01")
        self.get("readings/", min_value="1", max_value="1.0")

    def test_the_schema_has_no_other_parameters_than_format(self) -> None:
        for name in ["version", "lang", "colour"]:
            with self.subTest(name):
                wrong = self.invalid_fields("schema/", **{name: "en\0"})
                self.assertEqual(wrong, [(name, "unknown")])
        self.assertEqual(self.json("schema/", format="json")["openapi"], "3.1.0")

    def test_an_error_does_not_repeat_an_mpan_in_the_query_string(self) -> None:
        for url in LISTS:
            for name in [*query_parameters(url), MPAN]:
                for value in [MPAN, f"{MPAN} x", f"{MPAN}{MPAN}"]:
                    with self.subTest(url, name=name, value=value):
                        response = self.client.get(V1 + url, {name: value})
                        if response.status_code != 200:
                            self.assertNotIn(MPAN, response.content.decode())

    def test_an_error_does_not_repeat_an_mpan_in_the_path(self) -> None:
        for url in [
            f"meter-points/{MPAN[::-1]}/",
            f"{MPAN}/",
            f"meters/{MPAN}/readings/",
        ]:
            with self.subTest(url):
                problem = str(self.get_problem(url, 404))
                self.assertNotIn(MPAN, problem)
                self.assertNotIn(MPAN[::-1], problem)
