"""Base class and helpers of the tests of the admin."""

from __future__ import annotations

import re
from typing import Any

from django.db import connection
from django.http import HttpResponse
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from meter_readings.models import Reading
from meter_readings.tests.support.flow_file_builder import (
    flow_file,
    header_line,
    mpan_core,
)
from meter_readings.tests.support.users import SignedInTestCase

_TAG = re.compile("<[^>]*>")


def header_of(number: int) -> str:
    """Return the header of file `number`, created after those of lower numbers."""
    return header_line(
        file_identifier=f"FILE{number:06}",
        created_at=f"20240402{number // 60:02}{number % 60:02}00",
    )


def file_with_much(meter_points: int, number: int = 0) -> str:
    """Return a file with a site visit, a reading and a finding for each meter point."""
    groups = []
    for index in range(meter_points):
        place = 1000 * number + index
        groups += [
            f"026|{mpan_core(place)}|V|",
            "027|02||",
            f"028|SERIAL{place:04}|R|",
            "030|S|20240401000000|99.25|||T|N|",
        ]
    return flow_file(groups, header=header_of(number))


def list_address(model_name: str) -> str:
    return reverse(f"admin:meter_readings_{model_name}_changelist")


class AdminTestCase(SignedInTestCase):
    """Signs in as a superuser."""

    def get_list(self, model_name: str, **params: Any) -> HttpResponse:
        """Return the list of a model."""
        response = self.client.get(list_address(model_name), params)
        self.assertEqual(response.status_code, 200)
        return response

    def listed(self, model_name: str, **params: Any) -> list[str]:
        """Return the rows of a list as text."""
        change_list = self.get_list(model_name, **params).context["cl"]
        return [str(row) for row in change_list.result_list]

    def list_words(self, model_name: str, **params: Any) -> str:
        """Return the text of the rows of a list."""
        html = self.get_list(model_name, **params).content.decode()
        rows = html[html.index("<tbody>") : html.index("</tbody>")]
        return " ".join(_TAG.sub(" ", rows.replace("<wbr>", "")).split())

    def values(self, **params: Any) -> list[int]:
        """Return the values of the readings listed."""
        change_list = self.get_list("reading", **params).context["cl"]
        return [int(reading.value) for reading in change_list.result_list]

    def page(self, row: Any) -> HttpResponse:
        """Return the page of an object."""
        name = f"admin:meter_readings_{row._meta.model_name}_change"
        response = self.client.get(reverse(name, args=(row.pk,)))
        self.assertEqual(response.status_code, 200)
        return response

    def words(self, row: Any) -> str:
        """Return the text of the page of an object from its heading on."""
        html = self.page(row).content.decode().replace("<wbr>", "")
        words = _TAG.sub(" ", html[html.index("<h1") :]).split()
        return " ".join(words).replace(" ,", ",")

    def query_count(self, address: str) -> int:
        """Return the number of database queries of an address."""
        with CaptureQueriesContext(connection) as queries:
            self.assertEqual(self.client.get(address).status_code, 200)
        return len(queries)


def reading_of(value: int) -> Reading:
    """Return the one reading with this value."""
    return Reading.objects.get(value=value)
