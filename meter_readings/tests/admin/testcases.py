"""What tests of the admin share: somebody signed in, addresses, and many rows."""

from __future__ import annotations

import re
from typing import Any

from django.db import connection
from django.http import HttpResponse
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from meter_readings.models import Reading
from meter_readings.tests.flow_file_builder import flow_file, header_line, mpan_core
from meter_readings.tests.users import SignedInTestCase

_TAG = re.compile("<[^>]*>")


def header_of(number: int) -> str:
    """Return the header of another file for each number, one made after the other."""
    return header_line(
        file_identifier=f"FILE{number:06}",
        created_at=f"20240402{number // 60:02}{number % 60:02}00",
    )


def file_with_much(meter_points: int, number: int = 0) -> str:
    """Return a file in which every meter point has a visit, a reading and a finding."""
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
    """Return where the list of a model is."""
    return reverse(f"admin:meter_readings_{model_name}_changelist")


class AdminTestCase(SignedInTestCase):
    """A superuser looks at the admin."""

    def get_list(self, model_name: str, **asked: Any) -> HttpResponse:
        """Return the list of a model."""
        response = self.client.get(list_address(model_name), asked)
        self.assertEqual(response.status_code, 200)
        return response

    def listed(self, model_name: str, **asked: Any) -> list[str]:
        """Return the rows of a list, as the words of their objects."""
        changes = self.get_list(model_name, **asked).context["cl"]
        return [str(row) for row in changes.result_list]

    def values(self, **asked: Any) -> list[int]:
        """Return the readings listed, by their values."""
        changes = self.get_list("reading", **asked).context["cl"]
        return [int(reading.value) for reading in changes.result_list]

    def page(self, row: Any) -> HttpResponse:
        """Return the page of an object."""
        name = f"admin:meter_readings_{row._meta.model_name}_change"
        response = self.client.get(reverse(name, args=(row.pk,)))
        self.assertEqual(response.status_code, 200)
        return response

    def words(self, row: Any) -> str:
        """Return the words on the page of an object, without its marks."""
        html = self.page(row).content.decode()
        words = _TAG.sub(" ", html[html.index("<h1") :]).split()
        return " ".join(words).replace(" ,", ",")

    def query_count(self, address: str) -> int:
        """Return how many questions an address asks the database."""
        with CaptureQueriesContext(connection) as queries:
            self.assertEqual(self.client.get(address).status_code, 200)
        return len(queries)


def reading_of(value: int) -> Reading:
    """Return the one reading with this value."""
    return Reading.objects.get(value=value)
