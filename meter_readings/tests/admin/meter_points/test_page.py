"""Tests of the pages of meter points and meters."""

from __future__ import annotations

import re
from datetime import date, timedelta
from typing import Any, ClassVar
from unittest.mock import patch

from django.http import HttpResponse
from django.test import override_settings

from meter_readings.d0010.codes import Basis
from meter_readings.models import FlowFile, Meter, MeterPoint
from meter_readings.tests.admin.testcases import (
    AdminTestCase,
    file_with_much,
    header_of,
)
from meter_readings.tests.support.flow_file_builder import flow_file, mpan_core
from meter_readings.tests.support.import_helpers import imported
from meter_readings.tests.support.users import user_with_view_permissions

_TAG = re.compile("<[^>]*>")


class MeterPointPageTestCase(AdminTestCase):
    """Imports files for one meter point and reads its page."""

    mpan = "2000000000015"

    def import_groups(self, number: int, *groups: str, name: str = "") -> FlowFile:
        """Import a file of these groups, created after those of lower numbers."""
        text = flow_file([f"026|{self.mpan}|V|", *groups], header=header_of(number))
        return imported(text, name or f"{number}.uff")

    def get(self, **params: Any) -> HttpResponse:
        point = MeterPoint.objects.get(mpan=self.mpan)
        response = self.client.get(point.get_absolute_url(), params)
        self.assertEqual(response.status_code, 200)
        return response

    def section(self, heading: str, **params: Any) -> str:
        """Return the words under one heading."""
        html = self.get(**params).content.decode()
        (after,) = re.findall(
            rf"(?s)<h2[^>]*>{heading}</h2>(.*?)(?:<h2|<dl|</main|\Z)", html
        )
        words = " ".join(_TAG.sub(" ", after).split())
        return re.sub(" ([,:])", r"\1", words)

    def history(self, **params: Any) -> list[str]:
        """Return the register and the value of each row of the history."""
        rows = self.get(**params).context["history"]
        return [f"{row.reading.register_id} {int(row.reading.value)}" for row in rows]

    def key(self, register_id: str) -> str:
        """Return the form value of a register of the only meter."""
        return f"{Meter.objects.get().pk}-{register_id}"


class MeterPointPageTests(MeterPointPageTestCase):
    def test_meter_point_page_lists_its_meters(self) -> None:
        self.import_groups(1, "028|TST0000001|R|", "028|TST0000002|R|")
        page = self.words(MeterPoint.objects.get())
        self.assertIn("Meters TST0000002, TST0000001", page)

    def test_meter_point_page_shows_the_distribution_area(self) -> None:
        point = MeterPoint.objects.create(mpan=self.mpan)
        self.assertIn(
            "Distribution area Southern (20, SOUT, GSP group _H)", self.words(point)
        )

    def test_meter_point_page_shows_an_unknown_distribution_area(self) -> None:
        point = MeterPoint.objects.create(mpan="9900000000000")
        self.assertIn("Distribution area Unknown Meters None", self.words(point))

    def test_meter_point_page_has_one_h1(self) -> None:
        MeterPoint.objects.create(mpan=self.mpan)
        self.assertContains(self.get(), "<h1", 1)

    def test_meter_point_page_without_readings_links_to_rejected_files(self) -> None:
        self.import_groups(1, "027|20||")
        words = self.section("Latest readings")
        self.assertIn("No readings stored.", words)
        self.assertIn("see rejected files", words)


class ContactTests(MeterPointPageTestCase):
    def test_page_names_the_network_operator(self) -> None:
        point = MeterPoint.objects.create(mpan=self.mpan)
        self.assertIn(
            "Network operator Scottish and Southern Electricity Networks",
            self.words(point),
        )

    def test_page_names_the_sender_of_the_latest_reading(self) -> None:
        groups = ["028|TST0000001|R|", "030|S|{}|10.0|||T|N|"]
        for number, day in ((1, "20240301000000"), (2, "20240201000000")):
            self.import_groups(number, *[group.format(day) for group in groups])
        self.assertIn(
            "Sender of the latest reading UDMS (NHH data collector), 1.uff",
            self.words(MeterPoint.objects.get()).replace(" ,", ","),
        )

    @override_settings(
        PARTICIPANT_TELEPHONES={"SOUT": "01632 960001", "UDMS": "01632 960002"}
    )
    def test_page_shows_the_telephone_numbers_of_the_setting(self) -> None:
        self.import_groups(1, "028|TST0000001|R|", "030|S|20240301000000|1.0|||T|N|")
        page = self.get()
        for number, link in (
            ("01632 960001", "tel:01632960001"),
            ("01632 960002", "tel:01632960002"),
        ):
            self.assertContains(page, f'<a href="{link}">{number}</a>', 1)

    def test_page_links_to_other_meter_points_with_the_same_serial_number(
        self,
    ) -> None:
        self.import_groups(1, "028|TST0000001|R|", "029|20||")
        others = [mpan_core(number) for number in range(1, 13)]
        groups = [line for mpan in others for line in _visit(mpan, "TST0000001")]
        imported(flow_file(groups, header=header_of(2)), "2.uff")
        page = self.get()
        found = page.context["meters_elsewhere"]
        self.assertEqual(len(found), 10)
        self.assertLessEqual({meter.meter_point.mpan for meter in found}, {*others})
        self.assertContains(page, found[0].meter_point.get_absolute_url())
        self.assertContains(page, 'meter/?q=TST0000001">more</a>')

    def test_page_without_equal_serial_numbers_has_no_such_links(self) -> None:
        self.import_groups(1, "028|TST0000001|R|", "029|20||")
        self.assertNotContains(self.get(), "Same serial number")

    def test_page_links_to_the_export_of_the_meter_point(self) -> None:
        self.import_groups(1, "028|TST0000001|R|", "030|S|20240301000000|1.0|||T|N|")
        page = self.get()
        self.assertContains(page, f'reading/export/?q={self.mpan}">Export')
        export = self.client.get(f"/admin/meter_readings/reading/export/?q={self.mpan}")
        self.assertEqual(export.context["cl"].result_count, 1)

    def test_page_has_no_link_to_the_export_without_permission(self) -> None:
        self.import_groups(1, "028|TST0000001|R|", "030|S|20240301000000|1.0|||T|N|")
        self.client.force_login(user_with_view_permissions("meterpoint", "reading"))
        self.assertNotContains(self.get(), "/export/")


def _visit(mpan: str, serial_number: str) -> list[str]:
    return [f"026|{mpan}|V|", f"028|{serial_number}|R|", "029|20||"]


class LatestReadingTests(MeterPointPageTestCase):
    def test_latest_reading_shows_value_date_basis_validation_file_and_line(
        self,
    ) -> None:
        self.import_groups(1, "028|TST0000001|R|", "030|S|20240301000000|10.0|||T|N|")
        self.assertEqual(
            self.section("Latest readings"),
            "Register S Single rate, meter TST0000001 10.0 units"
            " 1 Mar 2024 Actual, ✓ Valid 1.uff, line 4",
        )

    def test_latest_reading_links_to_its_line(self) -> None:
        file = self.import_groups(1, "028|OLD|R|", "030|S|20240301000000|1.0|||T|N|")
        self.assertContains(self.get(), f'flowfile/{file.pk}/lines/?line=4">line 4</a>')

    def test_page_shows_the_latest_reading_of_each_register(self) -> None:
        self.import_groups(
            1,
            "028|TST0000001|R|",
            "030|DY|20240201000000|9.0|||T|N|",
            "030|DY|20240301000000|10.0|||T|N|",
            "030|NT|20240301000000|20.0|||T|N|",
        )
        latest = [int(one.latest.value) for one in self.get().context["latest"]]
        self.assertEqual(latest, [10, 20])

    def test_latest_reading_is_the_current_version(self) -> None:
        for number, value in ((1, "10.0"), (2, "11.0")):
            self.import_groups(
                number, "028|TST0000001|R|", f"030|S|20240301000000|{value}|||T|N|"
            )
        self.assertIn("11.0 units", self.section("Latest readings"))

    def test_latest_estimate_is_shown_with_the_last_non_estimated_reading(self) -> None:
        self.import_groups(
            1,
            "028|TST0000001|C|",
            "030|S|20240301000000|10.0|||T|N|",
            "028|TST0000001|D|",
            "030|S|20240401000000|12.0|||T|N|",
        )
        words = self.section("Latest readings")
        self.assertIn("12.0 units 1 Apr 2024 Estimated", words)
        self.assertIn("Last non-estimated reading: 10.0, 1 Mar 2024, customer", words)

    def test_page_says_that_there_is_no_non_estimated_reading(self) -> None:
        self.import_groups(1, "028|TST0000001|D|", "030|S|20240401000000|12.0|||T|N|")
        self.assertIn(
            "No recent valid non-estimated reading",
            self.section("Latest readings"),
        )

    def test_latest_valid_reading_comes_before_a_later_suspect_one(self) -> None:
        self.import_groups(
            1,
            "028|TST0000001|R|",
            "030|S|20240301000000|10.0|||T|N|",
            "030|S|20240401093000|900.0|||F|N|",
        )
        words = self.section("Latest readings")
        self.assertIn("10.0 units 1 Mar 2024 Actual, ✓ Valid 1.uff, line 4", words)
        self.assertIn(
            "Later reading: 900.0, 1 Apr 2024 09:30 BST, actual ▲ Suspect", words
        )
        self.assertNotIn("Last non-estimated", words)

    def test_suspect_reading_is_shown_if_no_reading_is_valid(self) -> None:
        self.import_groups(1, "028|TST0000001|R|", "030|S|20240401000000|9.0|||F|N|")
        words = self.section("Latest readings")
        self.assertIn("9.0 units 1 Apr 2024 Actual, ▲ Suspect", words)
        self.assertIn("No recent valid non-estimated reading", words)

    def test_latest_reading_of_a_demand_register_is_maximum_demand(self) -> None:
        self.import_groups(
            1, "028|TST0000001|R|", "030|MD|20240401000000|7.0|20240301000000|1|T|N|"
        )
        self.assertIn("7.0 maximum demand", self.section("Latest readings"))

    def test_latest_readings_omit_a_removed_meter(self) -> None:
        self.import_groups(
            1,
            "028|OLD|F|",
            "030|S|20240301000000|99.0|||T|N|",
            "028|NEW|I|",
            "030|S|20240301000000|0.0|||T|N|",
        )
        words = self.section("Latest readings")
        self.assertIn("meter NEW", words)
        self.assertNotIn("meter OLD", words)

    def test_latest_readings_show_a_removed_meter_without_a_successor(
        self,
    ) -> None:
        self.import_groups(1, "028|OLD|F|", "030|S|20240301000000|99.0|||T|N|")
        self.assertIn("meter OLD 99.0", self.section("Latest readings"))

    def test_page_says_that_all_readings_have_been_withdrawn(self) -> None:
        for number, code in ((1, "R"), (2, "W")):
            self.import_groups(
                number, f"028|TST0000001|{code}|", "030|S|20240301000000|1.0|||T|N|"
            )
        self.assertIn(
            "All readings have been withdrawn", self.section("Latest readings")
        )
        self.assertIn(
            "S Single rate All readings withdrawn", self.section("Meters and registers")
        )
        self.assertIn("No current readings to show", self.section("Chart"))


class RegistersTests(MeterPointPageTestCase):
    def test_registers_table_shows_first_and_latest_readings(self) -> None:
        self.import_groups(
            1,
            "028|TST0000001|R|",
            "030|S|20240201000000|9.0|||T|N|",
            "030|S|20240301000000|10.0|||T|N|",
        )
        self.assertIn(
            "TST0000001 S Single rate 1 Feb 2024 9.0 1 Mar 2024 10.0 Routine (R)",
            self.section("Meters and registers"),
        )

    def test_registers_table_is_collapsed_if_it_is_long(self) -> None:
        self.import_groups(
            1,
            "028|TST0000001|R|",
            *[f"030|{number}|20240201000000|9.0|||T|N|" for number in range(10, 23)],
        )
        self.assertContains(self.get(), "<summary>Meters and registers (13)</summary>")


class AdvanceTests(MeterPointPageTestCase):
    def row(self, *groups: str) -> str:
        """Return the first row of the history."""
        self.import_groups(1, *groups)
        _, rows = self.section("History").split("Basis, validation Source ", 1)
        return rows.split(" 1.uff", 1)[0]

    def test_advance_is_shown_with_days_and_advance_per_day(self) -> None:
        row = self.row(
            "028|TST0000001|R|",
            "030|S|20240301000000|10.0|||T|N|",
            "030|S|20240401000000|103.0|||T|N|",
        )
        self.assertEqual(
            row, "1 Apr 2024 S Single rate 103.0 93.0 31 3.00 Actual ✓ Valid"
        )

    def test_advance_within_one_day_has_no_advance_per_day(self) -> None:
        row = self.row(
            "028|TST0000001|S|",
            "030|S|20240301090000|10.0|||T|N|",
            "030|S|20240301170000|13.0|||T|N|",
        )
        self.assertIn("13.0 3.0 0 – Actual", row)

    def test_advance_that_corrects_an_estimate_is_negative(self) -> None:
        row = self.row(
            "028|TST0000001|D|",
            "030|S|20240301000000|20.0|||T|N|",
            "028|TST0000001|R|",
            "030|S|20240401000000|18.0|||T|N|",
        )
        self.assertIn("18.0 −2.0 31 Correction of an over-estimated reading", row)

    def test_backward_register_shows_no_negative_number(self) -> None:
        row = self.row(
            "028|TST0000001|R|",
            "030|S|20240301000000|20.0|||T|N|",
            "030|S|20240401000000|18.0|||T|N|",
        )
        self.assertIn(
            "18.0 ▲ Negative advance: check for a register gone round the clock,"
            " a wrong meter or a misread Actual",
            row,
        )

    def test_backward_register_shows_the_advance_after_a_rollover(self) -> None:
        row = self.row(
            "028|TST0000001|R|",
            "030|S|20240201000000|99960.0|||T|N|",
            "030|S|20240301000000|99986.0|||T|N|",
            "030|S|20240401000000|11.0|||T|N|",
        )
        self.assertIn("If the register has gone round the clock: 25.0 in 31 days", row)

    def test_demand_reading_has_no_advance(self) -> None:
        row = self.row(
            "028|TST0000001|R|",
            "030|MD|20240301000000|8.0|20240201000000|1|T|N|",
            "030|MD|20240401000000|7.0|||T|N|",
        )
        self.assertIn("MD Maximum demand 7.0 Maximum demand Actual", row)

    def test_suspect_reading_has_no_advance(self) -> None:
        row = self.row(
            "028|TST0000001|R|",
            "030|S|20240301000000|8.0|||T|N|",
            "030|S|20240401000000|900.0|||F|N|",
        )
        self.assertIn("900.0 Suspect, no advance calculated Actual ▲ Suspect", row)

    def test_proving_test_has_no_advance(self) -> None:
        row = self.row(
            "028|TST0000001|T|",
            "030|S|20240401000000|900.0|||T|N|",
        )
        self.assertIn("900.0 Excluded from consumption Proving test", row)

    def test_advance_is_not_calculated_across_meters(self) -> None:
        row = self.row(
            "028|OLD|F|",
            "030|S|20240301000000|8.0|||T|N|",
            "028|NEW|R|",
            "030|S|20240401000000|9.0|||T|N|",
        )
        self.assertIn("S Single rate NEW 9.0 No previous reading", row)

    def test_last_row_of_a_page_has_an_advance(self) -> None:
        days = [f"030|S|202401{day:02}000000|{day}.0|||T|N|" for day in range(1, 30)]
        self.import_groups(1, "028|TST0000001|R|", *days)
        rows = self.get().context["history"]
        self.assertEqual(rows[-1].advance.units, 1)


class VersionsTests(MeterPointPageTestCase):
    def setUp(self) -> None:
        super().setUp()
        for number, value in ((1, "10.0"), (2, "11.0")):
            self.import_groups(
                number, "028|TST0000001|R|", f"030|S|20240301000000|{value}|||T|N|"
            )

    def test_history_row_lists_other_versions(self) -> None:
        self.assertEqual(self.history(), ["S 11"])
        self.assertIn(
            "2.uff, line 4 1 other version 10.0, actual, ● Superseded, 1.uff, line 4",
            self.section("History"),
        )

    def test_history_row_lists_five_other_versions_and_links_to_all(self) -> None:
        for number in range(3, 10):
            self.import_groups(
                number,
                "028|TST0000001|R|",
                f"030|S|20240301000000|{number}.0|||T|N|",
            )
        (row,) = self.get().context["history"]
        self.assertEqual((len(row.others), row.has_more), (5, True))
        self.assertIn("5 or more other versions", self.section("History"))

    def test_withdrawn_reading_is_struck_out(self) -> None:
        self.import_groups(3, "028|TST0000001|W|", "030|S|20240301000000|11.0|||T|N|")
        self.assertContains(self.get(), "<del>11.0</del>")
        self.assertIn(
            "11.0 Not the current version ✕ Withdrawn", self.section("History")
        )


class HistoryFormTests(MeterPointPageTestCase):
    def setUp(self) -> None:
        super().setUp()
        self.import_groups(
            1,
            "028|TST0000001|R|",
            *[f"030|DY|202401{day:02}000000|{day}.0|||T|N|" for day in range(1, 31)],
            "030|NT|20240101000000|50.0|||T|N|",
            "028|TST0000001|D|",
            "030|NT|20240102000000|51.0|||T|N|",
        )

    def test_history_shows_the_latest_25_readings_first(self) -> None:
        history = self.history()
        self.assertEqual((history[0], len(history)), ("DY 30", 25))

    def test_history_links_to_older_readings_and_back_to_the_newest(
        self,
    ) -> None:
        page = self.get()
        older = page.context["older"]
        self.assertContains(page, f'href="{older.replace("&", "&amp;")}#history"')
        point = MeterPoint.objects.get()
        after = self.client.get(point.get_absolute_url() + older)
        values = [int(row.reading.value) for row in after.context["history"]]
        self.assertEqual(values, [5, 4, 3, 2, 51, 1, 50])
        self.assertContains(after, 'href="?#history">Newest</a>')
        self.assertEqual(after.context["older"], "")

    def test_link_to_older_readings_keeps_the_form_values(self) -> None:
        params = {"register": self.key("DY"), "basis": "actual", "period": "all"}
        older = self.get(**params, chart="readings").context["older"]
        for part in (f"register={self.key('DY')}", "basis=actual", "period=all"):
            self.assertIn(part, older)
        self.assertIn("chart=readings", older)

    def test_history_shows_the_selected_register_only(self) -> None:
        self.assertEqual(self.history(register=self.key("NT")), ["NT 51", "NT 50"])

    def test_history_shows_the_selected_basis_only(self) -> None:
        self.assertEqual(self.history(basis="estimated"), ["NT 51"])

    def test_history_form_offers_every_basis_except_withdrawn(self) -> None:
        field = self.get().context["history_form"].fields["basis"]
        offered = {value for value, _ in field.choices}
        self.assertEqual(offered, {"", *Basis} - {Basis.WITHDRAWN})

    def test_history_of_a_basis_names_the_scan_limit(self) -> None:
        self.assertIn(
            "latest 10,000 readings of each", self.section("History", basis="estimated")
        )

    def test_empty_history_has_a_link_that_clears_the_filters(self) -> None:
        words = self.section("History", basis="customer")
        self.assertIn("Clear filters", words)

    def test_history_form_offers_every_register_with_its_meter(self) -> None:
        name = "NT Night, meter TST0000001"
        option = f'<option value="{self.key("NT")}" selected>{name}</option>'
        self.assertContains(self.get(register=self.key("NT")), option, html=True)

    def test_history_form_shows_the_defaults_for_invalid_values(
        self,
    ) -> None:
        page = self.get(period="2", chart="x")
        for option in (
            '<option value="13" selected>13 months</option>',
            '<option value="advances" selected>Consumption per day</option>',
        ):
            self.assertContains(page, option, html=True)

    def test_invalid_form_values_are_ignored(self) -> None:
        usual = self.history()
        key = self.key("DY")
        for params in (
            {"register": "9-XX", "basis": "x", "period": "2", "chart": "x"},
            {"before": "yesterday", "of": key},
            {"before": "2024-01-05T00:00:00+00:00"},
            {"before": "9999-12-31T23:59:59+00:00", "of": key},
            {"before": "2024-01-05T00:00:00+00:00", "of": "9-XX"},
        ):
            with self.subTest(params):
                self.assertEqual(self.history(**params), usual)


class ChartTests(MeterPointPageTestCase):
    def setUp(self) -> None:
        super().setUp()
        self.import_groups(
            1,
            "028|OLD|R|",
            "030|S|20220101000000|100.0|||T|N|",
            "030|S|20230901000000|800.0|||T|N|",
            "030|S|20231001000000|830.0|||T|N|",
            "028|OLD|D|",
            "030|S|20231101000000|870.0|||T|N|",
            "028|OLD|F|",
            "030|S|20231201000000|900.0|||T|N|",
            "028|NEW|I|",
            "030|S|20231201000000|0.0|||T|N|",
            "028|NEW|R|",
            "030|S|20240101000000|62.0|||T|N|",
        )

    def panel(self, chart: str = "readings", **params: Any) -> Any:
        (panel,) = self.get(chart=chart, **params).context["charts"].panels
        return panel

    def test_charts_cover_thirteen_months_up_to_the_latest_reading(self) -> None:
        charts = self.get().context["charts"]
        self.assertEqual(charts.start.date(), date(2022, 12, 1))
        self.assertEqual(charts.end.date(), date(2024, 1, 1))
        self.assertIn("1 Dec 2022 to 1 Jan 2024", self.section("Chart"))

    def test_charts_of_all_periods_begin_with_the_earliest_reading(self) -> None:
        self.assertEqual(len(self.panel(period="all").chart.lines[0].markers), 5)

    def test_chart_has_a_line_for_each_meter(self) -> None:
        lines = self.panel().chart.lines
        self.assertEqual([line.name for line in lines], ["OLD", "NEW"])

    def test_markers_of_estimates_are_hollow(self) -> None:
        hollow = [marker.is_estimate for marker in self.panel().chart.lines[0].markers]
        self.assertEqual(hollow, [False, False, True, False])
        page = self.get(chart="readings")
        self.assertContains(page, '<path class="marker hollow"', 1)

    def test_vertical_line_marks_a_meter_exchange(self) -> None:
        self.assertEqual(len(self.panel().chart.changes), 1)
        self.assertIn("dashed line: meter exchange", self.section("Chart"))

    def test_two_meters_in_use_at_once_are_no_meter_exchange(self) -> None:
        self.import_groups(2, "028|NEW|R|", "030|S|20230915000000|1.0|||T|N|")
        self.assertEqual(self.panel().chart.changes, [])

    def test_chart_description_has_each_series_and_meter_exchange(self) -> None:
        self.assertIn(
            "Meter OLD: 4 points, 1 of them estimated; first 800.0, 1 Sep 2023, actual;"
            " last 900.0, 1 Dec 2023, actual. Meter NEW: 2 points, 0 of them estimated;"
            " first 0.0, 1 Dec 2023, actual; last 62.0, 1 Jan 2024, actual."
            " Meter exchanged on 1 Dec 2023.",
            self.panel().chart.description,
        )

    def test_chart_table_has_the_readings_of_the_chart(self) -> None:
        self.assertIn(
            "Show as table Register S Read at Serial number Reading Reading basis"
            " 1 Sep 2023 OLD 800.0 Actual",
            self.section("Chart", chart="readings"),
        )

    def test_first_chart_is_of_consumption_per_day(self) -> None:
        words = self.section("Chart")
        self.assertIn("1 Sep 2023 1 Oct 2023 OLD 30.0 30 1.00", words)
        chart = self.panel(chart="advances").chart
        self.assertEqual(chart.title, "Consumption per day of register S")
        markers = chart.lines[1].markers
        self.assertEqual(
            [marker.tooltip for marker in markers],
            ["2.00 per day, 1 Dec 2023 to 1 Jan 2024"],
        )

    def test_tooltip_of_an_estimated_advance_says_so(self) -> None:
        markers = self.panel(chart="advances").chart.lines[0].markers
        self.assertTrue(markers[-1].tooltip.endswith(", estimated"))

    def test_chart_omits_suspect_readings(self) -> None:
        self.import_groups(2, "028|NEW|R|", "030|S|20231220000000|999.0|||F|N|")
        values = [int(reading.value) for reading in self.panel().readings]
        self.assertNotIn(999, values)

    def test_page_says_that_a_chart_shows_only_the_latest_readings(self) -> None:
        with patch(
            "meter_readings.admin.meter_points.charts._MAX_READINGS_PER_REGISTER", 2
        ):
            words = self.section("Chart")
        self.assertIn("Only the latest 2 readings of a register are shown.", words)

    def test_charts_share_the_limit_of_readings(self) -> None:
        with patch("meter_readings.admin.meter_points.charts._MAX_READINGS", 4):
            lines = self.panel().chart.lines
        self.assertEqual([len(line.markers) for line in lines], [2, 2])

    def test_chart_shows_the_selected_register_only(self) -> None:
        new = Meter.objects.get(serial_number="NEW")
        panel = self.panel(register=f"{new.pk}-S")
        self.assertEqual([line.name for line in panel.chart.lines], ["NEW"])

    def test_page_has_no_inline_styles(self) -> None:
        html = self.get().content.decode()
        self.assertNotIn("style=", html[html.index("<h1") :])
        self.assertNotIn("<style", html)


class ChartMessageTests(MeterPointPageTestCase):
    def test_page_has_charts_of_the_first_four_registers(self) -> None:
        self.import_groups(
            1,
            "028|TST0000001|R|",
            *[f"030|{name}|20240101000000|1.0|||T|N|" for name in "ABCDEF"],
        )
        panels = self.get().context["charts"].panels
        self.assertEqual([panel.register_id for panel in panels], list("ABCD"))
        self.assertIn("2 more registers: select one", self.section("Chart"))

    def test_chart_of_a_demand_register_is_always_of_its_readings(self) -> None:
        self.import_groups(
            1,
            "028|TST0000001|R|",
            "030|MD|20240101000000|8.0|20231201000000|1|T|N|",
            "030|MD|20240201000000|7.0|||T|N|",
        )
        (panel,) = self.get().context["charts"].panels
        self.assertEqual(panel.chart.title, "Maximum demand of register MD")

    def test_page_suggests_a_longer_period_without_an_advance(self) -> None:
        self.import_groups(1, "028|TST0000001|R|", "030|S|20240101000000|8.0|||T|N|")
        words = self.section("Chart", chart="advances")
        self.assertIn("No advance in this period", words)
        self.assertIn("1 Dec 2022 to 1 Jan 2024", self.section("Chart"))

    def test_page_suggests_a_longer_period_without_a_reading(self) -> None:
        self.import_groups(1, "028|TST0000001|R|", "030|S|20240101000000|8.0|||F|N|")
        words = self.section("Chart", chart="readings")
        self.assertIn("No valid readings in this period", words)

    def test_chart_has_a_legend_if_labels_would_overlap(self) -> None:
        groups = []
        for name in ("TST0000001", "TST0000002"):
            groups += [f"028|{name}|R|", "030|S|20240101000000|8.0|||T|N|"]
        self.import_groups(1, *groups)
        self.assertContains(self.get(chart="readings"), '<ul class="legend">')

    def test_chart_of_a_single_reading_covers_two_months(self) -> None:
        self.import_groups(1, "028|TST0000001|R|", "030|S|20240101000000|8.0|||T|N|")
        charts = self.get(period="all").context["charts"]
        self.assertEqual(charts.end - charts.start, timedelta(days=62))


class SiteVisitAndFindingTests(MeterPointPageTestCase):
    def test_page_shows_site_visits_with_file_and_line(self) -> None:
        self.import_groups(1, "027|20|Dog at the gate|")
        self.assertIn(
            "No access Dog at the gate – 2 Apr 2024 00:01 BST 1.uff, line 3",
            self.section("Site visits"),
        )

    def test_page_says_that_there_are_no_site_visits(self) -> None:
        MeterPoint.objects.create(mpan=self.mpan)
        self.assertEqual(self.section("Site visits"), "No site visits")

    def test_page_shows_findings_on_the_lines_of_readings_and_visits(self) -> None:
        self.import_groups(
            1, "028|TST0000001|R|", "030|S|20240301000000|1.25|||T|N|", "027|98||"
        )
        words = self.section("Findings")
        self.assertIn("extra-decimals ▲ Warning Register Reading (J0040) 1.25", words)
        self.assertIn("1.uff, line 5", words)

    def test_page_shows_no_findings_of_other_meter_points(self) -> None:
        self.import_groups(1, "028|TST0000001|R|", "030|S|20240301000000|1.0|||T|N|")
        imported(file_with_much(1, 7), "other.uff")
        self.assertIn("No findings", self.section("Findings"))


class MeterPageTests(AdminTestCase):
    @classmethod
    def setUpTestData(cls) -> None:
        super().setUpTestData()
        imported(file_with_much(2))
        cls.meter = Meter.objects.get(serial_number="SERIAL0001")

    def test_meter_page_links_to_its_meter_point(self) -> None:
        self.assertContains(
            self.page(self.meter), self.meter.meter_point.get_absolute_url()
        )

    def test_meter_page_shows_only_readings_of_the_meter(self) -> None:
        context = self.page(self.meter).context
        readings = [one.latest for one in context["latest"]]
        readings += [row.reading for row in context["history"]]
        self.assertEqual([one.meter for one in readings], [self.meter, self.meter])

    def test_meter_page_links_to_all_readings_of_the_meter(self) -> None:
        self.assertContains(self.page(self.meter), f"/reading/?meter={self.meter.pk}")


class ManyReadingsTests(MeterPointPageTestCase):
    """The number of queries and of rows shown does not grow with the readings."""

    # One of them records who opened the page.
    QUERIES = 21
    # The session, the user, the meter point, the sender schedules, the data version,
    # the notes, and the record of who opened the page.
    QUERIES_AGAIN = 7
    few: ClassVar[str]
    many: ClassVar[str]

    @classmethod
    def setUpTestData(cls) -> None:
        super().setUpTestData()
        imported(file_with_much(1))
        cls.few = MeterPoint.objects.get().get_absolute_url()
        much = mpan_core(77)
        start = date(2024, 1, 1)
        days = [f"{start + timedelta(days=day):%Y%m%d}" for day in range(30)]
        for number in range(12):
            text = [f"026|{much}|V|", "027|02||"]
            for meter in range(4):
                text.append(f"028|METER{number}{meter}|R|")
                text += [
                    f"030|{register}|{day}000000|{place}.25|||T|N|"
                    for register in ("DY", "NT")
                    for place, day in enumerate(days)
                ]
            imported(flow_file(text, header=header_of(number)), f"{number}.uff")
        cls.many = MeterPoint.objects.get(mpan=much).get_absolute_url()

    def test_page_with_many_readings_takes_as_many_queries_as_with_few(self) -> None:
        for address in (
            self.few,
            self.many,
            self.many + "?basis=actual&chart=readings&period=all",
        ):
            with self.subTest(address):
                self.assertEqual(self.query_count(address), self.QUERIES)

    def test_page_that_is_asked_again_takes_few_queries(self) -> None:
        first = self.client.get(self.many)
        self.assertEqual(self.query_count(self.many), self.QUERIES_AGAIN)
        self.assertContains(self.client.get(self.many), first.context["after_notes"])

    def test_meter_page_takes_five_queries_fewer_than_the_meter_point_page(
        self,
    ) -> None:
        address = Meter.objects.get(serial_number="METER00").get_absolute_url()
        # Content types are queried once and then cached.
        self.client.get(address)
        # It has no notes, does not say when a reading is due, and is not cached.
        self.assertEqual(self.query_count(address), self.QUERIES - 5)

    def test_page_with_many_readings_shows_limited_numbers(self) -> None:
        context = self.client.get(self.many).context
        self.assertEqual(len(context["history"]), 25)
        self.assertEqual(len(context["latest"]), 6)
        self.assertEqual(len(context["visits"]), 10)
        self.assertEqual(len(context["findings"]), 20)
        self.assertEqual(len(context["registers"]), 96)
