"""Home page, lists, exports, API and commands count the same readings."""

from __future__ import annotations

from collections.abc import Callable
from io import StringIO

from django.core.management import call_command
from django.urls import reverse

from meter_readings.tests.admin.testcases import AdminTestCase, header_of
from meter_readings.tests.support.flow_file_builder import flow_file
from meter_readings.tests.support.import_helpers import imported


def file_of(number: int, value: str, reading_type: str = "R") -> str:
    """Return a file with a reading that other files repeat, and one that none does."""
    return flow_file(
        f"""
        026|2000000000015|V|
        028|TST0000001|{reading_type}|
        030|S|20240401000000|{value}|||T|N|
        028|TST000000{number}|R|
        030|S|20240402000000|{number}.0|||T|N|
        """,
        header=header_of(number),
    )


class ReadingCountTests(AdminTestCase):
    @classmethod
    def setUpTestData(cls) -> None:
        super().setUpTestData()
        # One version of 1 April is current; each file has a reading of 2 April.
        for number, value in ((2, "10.0"), (3, "11.0"), (4, "11.0")):
            imported(file_of(number, value), f"{number}.uff")

    def home(self) -> int:
        totals = {stat.name: stat.number for stat in self.get("/").context["totals"]}
        return int(totals["Current readings"])

    def testing_dashboard(self) -> int:
        return int(self.get(reverse("testing-dashboard")).context["totals"].readings)

    def admin_list(self) -> int:
        return int(self.get_list("reading").context["cl"].result_count)

    def export_page(self) -> int:
        page = self.get(reverse("admin:meter_readings_reading_export"))
        return int(page.context["cl"].result_count)

    def csv_export(self) -> int:
        response = self.get(reverse("admin:meter_readings_reading_export_csv"))
        return len(response.getvalue().decode().splitlines()) - 1

    def d0010_export(self) -> int:
        response = self.get(reverse("admin:meter_readings_reading_export_d0010"))
        return int(response.getvalue().count(b"030|"))

    def api_list(self) -> int:
        return len(self.get(reverse("api:reading-list")).json()["results"])

    def api_summary(self) -> int:
        return int(self.get(reverse("api:reading-summary")).json()["count"])

    def export_command(self) -> int:
        output = StringIO()
        call_command("export_readings", stdout=output, stderr=StringIO())
        return len(output.getvalue().splitlines()) - 1

    def get(self, address: str):  # type: ignore[no-untyped-def]
        response = self.client.get(address)
        self.assertEqual(response.status_code, 200, address)
        return response

    def test_every_interface_counts_the_current_versions(self) -> None:
        interfaces: list[Callable[[], int]] = [
            self.home,
            self.testing_dashboard,
            self.admin_list,
            self.export_page,
            self.csv_export,
            self.d0010_export,
            self.api_list,
            self.api_summary,
            self.export_command,
        ]
        counts = {interface.__name__: interface() for interface in interfaces}
        self.assertEqual(set(counts.values()), {4}, counts)

    def test_list_and_export_of_all_versions_count_every_version(self) -> None:
        params = {"version_status__exact": "all"}
        self.assertEqual(
            self.get_list("reading", **params).context["cl"].result_count, 6
        )
        address = reverse("admin:meter_readings_reading_export_csv")
        text = self.client.get(address, params).getvalue().decode()
        self.assertEqual(len(text.splitlines()), 7)
