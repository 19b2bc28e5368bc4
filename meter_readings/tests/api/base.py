"""What tests of the API share: somebody signed in, addresses, and what comes back."""

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
from meter_readings.tests.flow_file_builder import flow_file, header_line
from meter_readings.tests.users import SignedInTestCase, user_with_permissions

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
    """Return a file that was made after the one with everything."""
    header = header_line(
        file_identifier=f"TEST{number:06}", created_at=f"2024040208{number:02}00"
    )
    return flow_file(groups, header=header)


def user_with(*codenames: str, name: str = "program") -> User:
    """Return a user who has these permissions and no other."""
    return user_with_permissions(*codenames, name=name, is_staff=False)


def query_parameters(route: str) -> list[str]:
    """Return the query parameters of a route, by the OpenAPI schema."""
    operation = CachedSchemaGenerator().get_schema()["paths"][V1 + route]["get"]
    return [each["name"] for each in operation["parameters"] if each["in"] == "query"]


class ApiTestCase(SignedInTestCase):
    """A superuser asks the API."""

    def get(self, address: str, status: int = 200, /, **asked: Any) -> HttpResponse:
        """Return what an address below /api/v1/ answers."""
        response = self.client.get(V1 + address, asked)
        self.assertEqual(response.status_code, status, getattr(response, "content", ""))
        return response

    def url(self, route: str) -> str:
        """Return the URL of a route below /api/v1/ with an id that exists."""
        url = V1 + route
        if "{id}" in route:
            model = MODELS[route.partition("/")[0]]
            url = url.replace("{id}", str(model._default_manager.latest("pk").pk))
        return f"{url}?mpan={MPAN}" if route == "readings/latest/" else url

    def json(self, address: str, **asked: Any) -> Any:
        """Return the data at an address."""
        return self.get(address, **asked).json()

    def results(self, address: str, **asked: Any) -> list[dict[str, Any]]:
        """Return the rows on a page of a list."""
        return self.json(address, **asked)["results"]

    def values(self, address: str = "readings/", **asked: Any) -> list[str]:
        """Return the readings on a page, by their values."""
        return [row["value"] for row in self.results(address, **asked)]

    def refused(
        self, address: str, status: int = 400, /, **asked: Any
    ) -> dict[str, Any]:
        """Return the problem that an address answers with."""
        logging.disable(logging.ERROR)
        try:
            response = self.get(address, status, **asked)
        finally:
            logging.disable(logging.NOTSET)
        self.assertEqual(response["Content-Type"], PROBLEM)
        return response.json()

    def wrong_fields(self, address: str, **asked: Any) -> list[tuple[str, str]]:
        """Return what is complained of: each field, and the code of its fault."""
        problem = self.refused(address, **asked)
        return [(error["field"], error["code"]) for error in problem["errors"]]
