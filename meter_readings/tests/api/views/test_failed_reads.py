"""Failed reads: list, pages, filters and counts."""

from __future__ import annotations

from typing import Any

from jsonschema import Draft202012Validator, FormatChecker
from referencing import Registry, Resource
from referencing.jsonschema import DRAFT202012

from meter_readings.api.views.root import CachedSchemaGenerator
from meter_readings.models import Meter, MeterPoint, Reading
from meter_readings.tests.api.base import MPAN, OTHER_MPAN, V1, ApiTestCase
from meter_readings.tests.support.flow_file_builder import flow_file
from meter_readings.tests.support.import_helpers import imported

# Of an unknown distributor
UNKNOWN_MPAN = "9900000000013"
AS_OF = "2024-05-11"

FILE = flow_file(f"""
    026|{MPAN}|F|
    028|SERIAL0001|R|
    030|DY|20240401000000|1.0|||F|N|
    032|05|F|
    030|NT|20240401000000|2.0|||F|N|
    032|03|F|
    026|{OTHER_MPAN}|F|
    028|SERIAL0002|R|
    030|01|20240510000000|3.0|||F|N|
    026|{UNKNOWN_MPAN}|F|
    028|SERIAL0003|R|
    030|01|20240401000000|4.0|||F|N|
    032|05|F|
    """)


class FailedReadTestCase(ApiTestCase):
    @classmethod
    def setUpTestData(cls) -> None:
        super().setUpTestData()
        imported(FILE)

    def mpans(self, **params: Any) -> list[str]:
        rows = self.results("failed-reads/", **{"as_of": AS_OF} | params)
        return [row["mpan"] for row in rows]

    def validate(self, route: str, data: Any) -> None:
        """Expect data to be as the schema says."""
        schema = CachedSchemaGenerator().get_schema()
        whole = Resource.from_contents(schema, DRAFT202012)
        operation = schema["paths"][V1 + route]["get"]
        content = operation["responses"]["200"]["content"]["application/json"]
        Draft202012Validator(
            {"$ref": "urn:api" + content["schema"]["$ref"]},
            registry=Registry().with_resource("urn:api", whole),
            format_checker=FormatChecker(),
        ).validate(data)


class FailedReadListTests(FailedReadTestCase):
    def test_row_has_registers_reasons_age_and_distributor(self) -> None:
        page = self.json("failed-reads/", as_of=AS_OF, distributor_id="20")
        self.validate("failed-reads/", page)
        [row] = page["results"]
        readings = {each.register_id: each.pk for each in Reading.objects.all()}
        meter = Meter.objects.get(serial_number="SERIAL0001")
        url = f"http://testserver{V1}"
        day, night = row.pop("registers")
        self.assertEqual(
            day,
            {
                "meter_serial": "SERIAL0001",
                "register_id": "DY",
                "read_at": "2024-04-01T00:00:00+01:00",
                "value": "1.0",
                "reading_type": "R",
                "reading_type_label": "Routine",
                "reason_code": "05",
                "reason_code_label": "Over twice expected advance",
                "from_participant": "UDMS",
                "links": {
                    "reading": f"{url}readings/{readings['DY']}/",
                    "meter": f"{url}meters/{meter.pk}/",
                },
            },
        )
        self.assertEqual((night["register_id"], night["reason_code"]), ("NT", "03"))
        point = MeterPoint.objects.get(mpan=MPAN)
        self.assertEqual(
            row,
            {
                "mpan": MPAN,
                "visit_date": "2024-04-01",
                "age_days": 40,
                "age_band": {"min_age_days": 30, "max_age_days": 89},
                "distributor": {
                    "distributor_id": "20",
                    "participant": "SOUT",
                    "area": "Southern",
                    "gsp_group": "_H",
                },
                "reasons": [
                    {
                        "reason_code": "03",
                        "reason_code_label": "Negative consumption",
                    },
                    {
                        "reason_code": "05",
                        "reason_code_label": "Over twice expected advance",
                    },
                ],
                "links": {"meter_point": f"{url}meter-points/{point.pk}/"},
            },
        )

    def test_latest_visit_is_first(self) -> None:
        self.assertEqual(self.mpans(), [OTHER_MPAN, MPAN, UNKNOWN_MPAN])

    def test_unknown_distributor_is_null(self) -> None:
        *_, row = self.results("failed-reads/", as_of=AS_OF)
        self.assertIsNone(row["distributor"])

    def test_today_is_the_default(self) -> None:
        row = self.results("failed-reads/")[0]
        self.assertEqual(row["age_band"], {"min_age_days": 180, "max_age_days": None})

    def test_as_of_an_earlier_date(self) -> None:
        self.assertEqual(self.mpans(as_of="2024-05-09"), [MPAN, UNKNOWN_MPAN])

    def test_filters(self) -> None:
        for filters, expected in [
            ({"from_participant": "UDMS"}, [OTHER_MPAN, MPAN, UNKNOWN_MPAN]),
            ({"from_participant": "SIEM"}, []),
            ({"reason_code": "03"}, [MPAN]),
            ({"distributor_id": "10"}, [OTHER_MPAN]),
            ({"min_age_days": "2"}, [MPAN, UNKNOWN_MPAN]),
            ({"max_age_days": "1"}, [OTHER_MPAN]),
            ({"max_age_days": "0"}, []),
        ]:
            with self.subTest(filters):
                self.assertEqual(self.mpans(**filters), expected)

    def test_age_bands_are_a_parameter(self) -> None:
        row = self.results("failed-reads/", as_of=AS_OF, age_bands="1,2")[0]
        self.assertEqual(row["age_band"], {"min_age_days": 1, "max_age_days": 1})

    def test_pages_have_every_row_once(self) -> None:
        url, found = f"{V1}failed-reads/?as_of={AS_OF}&page_size=1", []
        while url:
            page = self.client.get(url).json()
            found += [row["mpan"] for row in page["results"]]
            url = page["next"]
        self.assertEqual(found, [OTHER_MPAN, MPAN, UNKNOWN_MPAN])

    def test_invalid_parameters_are_named(self) -> None:
        for name, value in [
            ("as_of", "yesterday"),
            ("as_of", "2200-01-01"),
            ("min_age_days", "-1"),
            ("max_age_days", "36501"),
            ("age_bands", "30,7"),
            ("age_bands", "0"),
            ("age_bands", "7,x"),
            ("age_bands", ",".join(map(str, range(1, 14)))),
            ("cursor", "20240401"),
            ("cursor", f"20240230-{MPAN}"),
            ("cursor", f"99990101-{MPAN}"),
            ("page_size", "0"),
        ]:
            with self.subTest(name, value=value):
                problem = self.get_problem("failed-reads/", **{name: value})
                fields = [error["field"] for error in problem["errors"]]
                self.assertEqual(fields, [name])

    def test_range_of_ages_that_ends_before_it_begins_is_an_error(self) -> None:
        params = {"min_age_days": "9", "max_age_days": "8"}
        self.assertEqual(
            self.invalid_fields("failed-reads/", **params),
            [("max_age_days", "reversed")],
        )


class FailedReadSummaryTests(FailedReadTestCase):
    def test_counts_by_age_band_sender_reason_and_distributor(self) -> None:
        summary = self.json("failed-reads/summary/", as_of=AS_OF, age_bands="30")
        self.validate("failed-reads/summary/", summary)
        self.assertEqual(
            summary,
            {
                "as_of": AS_OF,
                "count": 3,
                "by_age_band": [
                    {"min_age_days": 0, "max_age_days": 29, "count": 1},
                    {"min_age_days": 30, "max_age_days": None, "count": 2},
                ],
                "by_sender": [{"from_participant": "UDMS", "count": 3}],
                "by_reason": [
                    {"reason_code": "", "reason_code_label": "", "count": 1},
                    {
                        "reason_code": "03",
                        "reason_code_label": "Negative consumption",
                        "count": 1,
                    },
                    {
                        "reason_code": "05",
                        "reason_code_label": "Over twice expected advance",
                        "count": 2,
                    },
                ],
                "by_distributor": [
                    {"distributor_id": "10", "area": "Eastern", "count": 1},
                    {"distributor_id": "20", "area": "Southern", "count": 1},
                    {"distributor_id": "99", "area": "", "count": 1},
                ],
            },
        )

    def test_counts_are_of_the_rows_that_match(self) -> None:
        summary = self.json("failed-reads/summary/", as_of=AS_OF, reason_code="03")
        self.assertEqual(summary["count"], 1)
