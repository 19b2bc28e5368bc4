"""Base classes of the tests of the API, and the files that they import."""

from __future__ import annotations

import logging
from typing import Any

from django.contrib.auth.models import User
from django.http import HttpResponse

from meter_readings.api.views.root import CachedSchemaGenerator
from meter_readings.models import (
    Finding,
    FlowFile,
    ImportJob,
    Meter,
    MeterPoint,
    Reading,
    SiteVisit,
)
from meter_readings.tests.support.flow_file_builder import flow_file, header_line
from meter_readings.tests.support.import_helpers import import_text, imported
from meter_readings.tests.support.users import SignedInTestCase, user_with_permissions

V1 = "/api/v1/"
PROBLEM = "application/problem+json"

MODELS = {
    "flow-files": FlowFile,
    "imports": ImportJob,
    "findings": Finding,
    "meter-points": MeterPoint,
    "meters": Meter,
    "site-visits": SiteVisit,
    "readings": Reading,
}

MPAN, OTHER_MPAN = "2000000000015", "1000000000003"

EVERYTHING = flow_file(
    f"""
    026|{OTHER_MPAN}|V|
    027|02|Nobody at home|
    028|SERIAL0001|R|
    030|01|20240401000000|1.0|||T|N|
    030|02|20240402000000|2.0|||T|N|
    026|{MPAN}|U|
    028|SERIAL0002|D|
    030|S|20240101000000|3.5|||T|P|
    """,
    header=header_line(created_at="20240402070000"),
)


def later_file(groups: str | list[str], number: int = 2) -> str:
    """Return a file that was created after EVERYTHING."""
    header = header_line(
        file_identifier=f"TEST{number:06}", created_at=f"2024040208{number:02}00"
    )
    return flow_file(groups, header=header)


def user_with(*codenames: str, name: str = "program") -> User:
    """Return a user with these permissions and no other."""
    return user_with_permissions(*codenames, name=name, is_staff=False)


def query_parameters(route: str) -> list[str]:
    """Return the query parameters of a route, by the OpenAPI schema."""
    operation = CachedSchemaGenerator().get_schema()["paths"][V1 + route]["get"]
    return [each["name"] for each in operation["parameters"] if each["in"] == "query"]


class ApiTestCase(SignedInTestCase):
    """A superuser is signed in."""

    def get(self, url: str, status: int = 200, /, **params: Any) -> HttpResponse:
        """Return the response of a URL below /api/v1/."""
        response = self.client.get(V1 + url, params)
        self.assertEqual(response.status_code, status, getattr(response, "content", ""))
        return response

    def url(self, route: str) -> str:
        """Return the URL of a route below /api/v1/ with an id that exists."""
        url = V1 + route
        if "{" in route:
            model = MODELS[route.partition("/")[0]]
            latest = model._default_manager.latest("pk")
            url = url.replace("{id}", str(latest.pk))
            url = url.replace("{mpan}", str(getattr(latest, "mpan", "")))
        return f"{url}?mpan={MPAN}" if route == "readings/latest/" else url

    def json(self, url: str, **params: Any) -> Any:
        """Return the JSON of a URL."""
        return self.get(url, **params).json()

    def results(self, url: str, **params: Any) -> list[dict[str, Any]]:
        """Return the rows on a page of a list."""
        return self.json(url, **params)["results"]

    def values(self, url: str = "readings/", **params: Any) -> list[str]:
        """Return the values of the readings on a page."""
        return [row["value"] for row in self.results(url, **params)]

    def get_problem(
        self, url: str, status: int = 400, /, **params: Any
    ) -> dict[str, Any]:
        """Return the error response of a URL."""
        logging.disable(logging.ERROR)
        try:
            response = self.get(url, status, **params)
        finally:
            logging.disable(logging.NOTSET)
        self.assertEqual(response["Content-Type"], PROBLEM)
        return response.json()

    def invalid_fields(self, url: str, **params: Any) -> list[tuple[str, str]]:
        """Return the errors of a 400 response: field and code of each."""
        problem = self.get_problem(url, **params)
        return [(error["field"], error["code"]) for error in problem["errors"]]


REJECTED = "This is no flow file."


class ReadingTestCase(ApiTestCase):
    """Four readings in two files, one of which supersedes another."""

    @classmethod
    def setUpTestData(cls) -> None:
        super().setUpTestData()
        cls.file = imported(EVERYTHING)
        groups = [f"026|{OTHER_MPAN}|V|", "028|SERIAL0001|R|"]
        correction = later_file([*groups, "030|01|20240401000000|7.0|||T|N|"])
        cls.correction = imported(correction, "correction.uff")


class ResourceTestCase(ApiTestCase):
    """A file with everything, another with a finding, and one that was rejected."""

    @classmethod
    def setUpTestData(cls) -> None:
        super().setUpTestData()
        cls.file = imported(EVERYTHING)
        groups = ["026|1200023305967|V|", "028|F75A 00802|R|"]
        odd = later_file([*groups, "029|20||", "030|01|20240401000000|7.25|||T|N|"])
        cls.odd = imported(odd, "odd.uff")
        cls.rejected = import_text(REJECTED, "rejected.uff").flow_file

    def assert_exists(self, url: str) -> None:
        """Expect 200, and read the whole response."""
        response = self.client.get(url)
        self.assertEqual(response.status_code, 200)
        response.getvalue()

    def found(self, url: str, name: str, /, **params: Any) -> list[Any]:
        """Return one field of each row found."""
        return [row[name] for row in self.results(url, **params)]
