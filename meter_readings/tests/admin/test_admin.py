"""Tests of the admin's lists: read-only, with a fixed number of queries."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import product
from unittest.mock import patch

from django.contrib import admin
from django.contrib.auth.models import User
from django.db import connection
from django.test import TestCase
from django.urls import reverse

from meter_readings.admin.base.read_only import BoundedPaginator, ReadOnlyAdmin
from meter_readings.models import (
    READING_ORDER_REVERSED,
    Finding,
    FlowFile,
    ImportJob,
    Meter,
    MeterPoint,
    Reading,
    SiteVisit,
)
from meter_readings.tests.admin.testcases import (
    AdminTestCase,
    file_with_much,
    list_address,
)
from meter_readings.tests.robustness import chosen
from meter_readings.tests.support.flow_file_builder import (
    MPAN_LINE,
    READING_LINE,
    flow_file,
    flow_file_of_readings,
)
from meter_readings.tests.support.import_helpers import import_text, imported
from meter_readings.tests.support.users import user_with_view_permissions

MODELS = [FlowFile, MeterPoint, Meter, Reading, SiteVisit, Finding, ImportJob]
MODEL_NAMES = [model._meta.model_name for model in MODELS]

# Session, user, count, rows, and the values that filters offer: senders; for readings
# also the latest time, the earliest time, the years between them, and the registers.
QUERIES_OF_LISTS = {
    "flowfile": 8,
    "meterpoint": 4,
    "meter": 4,
    "reading": 10,
    "sitevisit": 5,
    "finding": 5,
    "importjob": 4,
}


class SiteTests(AdminTestCase):
    def test_admin_index_shows_the_product_name(self) -> None:
        self.assertContains(self.client.get("/admin/"), "Kraken D0010")

    def test_admin_index_links_to_the_home_page(self) -> None:
        self.assertContains(
            self.client.get("/admin/"), '<a href="/">Kraken D0010</a>', html=True
        )

    def test_admin_index_links_to_the_list_of_every_model(self) -> None:
        index = self.client.get("/admin/")
        for name in MODEL_NAMES:
            with self.subTest(name):
                self.assertContains(index, list_address(name))

    def test_login_page_has_one_h1(self) -> None:
        self.client.logout()
        page = self.client.get("/admin/login/")
        self.assertContains(page, "<h1>Sign in</h1>", 1, html=True)

    def test_pages_of_an_account_say_sign_in_and_sign_out(self) -> None:
        pages = [
            self.client.get(f"/admin/{path}")
            for path in ("", "password_change/", "password_change/done/")
        ]
        pages += [self.client.post("/admin/logout/"), self.client.get("/admin/login/")]
        for page in pages:
            with self.subTest(page.request["PATH_INFO"]):
                text = page.content.decode().lower()
                words = re.findall("(?:log|logged|sign) (?:in|out)", text)
                self.assertLessEqual({*words}, {"sign in", "sign out"})
                self.assertNotEqual(words, [])

    def test_lists_redirect_anonymous_users_to_the_login_page(self) -> None:
        self.client.logout()
        for name in MODEL_NAMES:
            with self.subTest(name):
                response = self.client.get(list_address(name))
                login = f"/admin/login/?next={list_address(name)}"
                self.assertRedirects(response, login)


class ReadOnlyTests(AdminTestCase):
    @classmethod
    def setUpTestData(cls) -> None:
        super().setUpTestData()
        imported(file_with_much(1))

    def setUp(self) -> None:
        super().setUp()
        self.silence_request_log()

    def addresses(self, view: str) -> list[str]:
        """Return the address of a view of one row of each model."""
        names = [f"admin:meter_readings_{name}_{view}" for name in MODEL_NAMES]
        if view == "add":
            return [reverse(name) for name in names]
        numbers = [model._default_manager.get().pk for model in MODELS]
        return [reverse(name, args=(pk,)) for name, pk in zip(names, numbers)]

    def test_every_model_has_a_read_only_admin(self) -> None:
        for model in MODELS:
            with self.subTest(model):
                self.assertIsInstance(admin.site.get_model_admin(model), ReadOnlyAdmin)

    def test_superuser_cannot_add_rows(self) -> None:
        """But for readings, which are corrections."""
        adds_readings = reverse("admin:meter_readings_reading_add")
        for address in {*self.addresses("add")} - {adds_readings}:
            with self.subTest(address):
                self.assertEqual(self.client.post(address).status_code, 403)

    def test_superuser_cannot_change_rows(self) -> None:
        for address in self.addresses("change"):
            with self.subTest(address):
                answer = self.client.post(address, {"filename": "x", "value": "1"})
                self.assertEqual(answer.status_code, 403)

    def test_superuser_cannot_delete_rows(self) -> None:
        for address in self.addresses("delete"):
            with self.subTest(address):
                answer = self.client.post(address, {"post": "yes"})
                self.assertEqual(answer.status_code, 403)

    def test_lists_without_actions_show_no_action_form(self) -> None:
        # Flow files can be undone and re-processed, readings can be exported.
        for name in set(MODEL_NAMES) - {"flowfile", "reading"}:
            with self.subTest(name):
                self.assertNotContains(self.get_list(name), 'name="action"')

    def test_forged_delete_action_deletes_nothing(self) -> None:
        self.client.post(
            list_address("reading"),
            {"action": "delete_selected", "_selected_action": Reading.objects.get().pk},
        )
        self.assertEqual(Reading.objects.count(), 1)

    def test_staff_without_permission_cannot_view_lists(self) -> None:
        self.client.force_login(user_with_view_permissions())
        for name in MODEL_NAMES:
            with self.subTest(name):
                answer = self.client.get(list_address(name))
                self.assertEqual(answer.status_code, 403)

    def test_staff_with_one_permission_can_view_one_list(self) -> None:
        self.client.force_login(user_with_view_permissions("reading"))
        answers = [self.client.get(list_address(name)) for name in MODEL_NAMES]
        seen = [answer.status_code == 200 for answer in answers]
        self.assertEqual(seen, [name == "reading" for name in MODEL_NAMES])


class QueryCountTests(AdminTestCase):
    def counts(self) -> dict[str, int]:
        """Return the number of queries of each list."""
        return {name: self.query_count(list_address(name)) for name in MODEL_NAMES}

    def test_list_of_one_row_takes_the_expected_queries(self) -> None:
        imported(file_with_much(1))
        self.assertEqual(self.counts(), QUERIES_OF_LISTS)

    def test_list_of_fifty_rows_takes_the_same_queries(self) -> None:
        imported(file_with_much(50))
        for number in range(1, 50):
            imported(file_with_much(1, number), f"{number}.uff")
        self.assertEqual(self.counts(), QUERIES_OF_LISTS)


class PlanTests(AdminTestCase):
    """Query plans of lists, as they would be with many rows."""

    @classmethod
    def setUpTestData(cls) -> None:
        super().setUpTestData()
        imported(file_with_much(3))

    def plan(self, model_name: str, *, avoiding: str = "", **params: str) -> str:
        """Return the query plan of a list."""
        if connection.vendor == "postgresql":
            # With so few rows PostgreSQL would scan and sort.
            with connection.cursor() as cursor:
                for way in ["seqscan", "bitmapscan", *avoiding.split()]:
                    cursor.execute(f"SET LOCAL enable_{way} = off")
        change_list = self.get_list(model_name, **params).context["cl"]
        return change_list.queryset[:101].explain()

    def test_readings_are_read_in_the_order_of_the_index_by_time(self) -> None:
        plan = self.plan("reading", avoiding="sort")
        self.assertIn("reading_time_idx", plan)
        self.assertNotRegex(plan, r"(?i)sort  \(|temp b-tree")

    def test_readings_of_a_file_are_read_in_the_order_of_an_index(self) -> None:
        file = FlowFile.objects.get()
        plan = self.plan("reading", avoiding="sort", flow_file=str(file.pk))
        self.assertNotRegex(plan, r"(?i)sort  \(|temp b-tree")

    def test_search_by_mpan_uses_the_index_of_meters(self) -> None:
        mpan = MeterPoint.objects.all()[0].mpan
        self.assertIn("reading_key_idx", self.plan("reading", q=mpan))

    def test_search_by_serial_number_uses_the_index_of_meters(self) -> None:
        self.assertIn("reading_key_idx", self.plan("reading", q="SERIAL0001"))

    def test_search_for_meters_uses_the_index_of_serial_numbers(self) -> None:
        plan = self.plan("meter", q="SERIAL")
        self.assertRegex(plan, "meter_readings_meter_serial_number_search")
        self.assertNotRegex(plan, r"(?i)temp b-tree")

    def test_search_for_meter_points_uses_the_index_of_mpans(self) -> None:
        plan = self.plan("meterpoint", q="20")
        self.assertRegex(
            plan, "meterpoint_mpan_key|autoindex_meter_readings_meterpoint"
        )

    def test_search_by_prefix_scans_no_table(self) -> None:
        params = {"meter": "SERIAL", "meterpoint": "20"}
        for name, text in params.items():
            with self.subTest(name):
                self.assertNotRegex(self.plan(name, q=text), "(?m)^.*(SCAN|Seq Scan)")


class ListTests(AdminTestCase):
    @classmethod
    def setUpTestData(cls) -> None:
        super().setUpTestData()
        cls.file = imported(flow_file("""
            026|1200023305967|V|
            028|F75A 00802|D|
            030|S|20240301000000|1.0|||T|N|
            030|S|20240302000000|2.5|||F|P|
            """))

    def test_readings_are_listed_latest_first(self) -> None:
        self.assertEqual(self.values(), [2, 1])

    def test_readings_with_the_same_time_are_listed_by_meter_and_register(self) -> None:
        same_time = [f"030|{register}|20240302000000|3.0|||T|N|" for register in "AB"]
        imported(flow_file_of_readings(*same_time), "other.uff")
        change_list = self.get_list("reading").context["cl"]
        places = [
            (reading.read_at, reading.meter_id, reading.register_id)
            for reading in change_list.result_list
        ]
        self.assertEqual(places, sorted(places, reverse=True))

    def test_mpan_is_shown_in_groups_that_are_copied_as_one_number(self) -> None:
        groups = "<span>12</span><span>0002</span><span>3305</span><span>967</span>"
        self.assertContains(self.get_list("meterpoint"), groups)

    def test_reading_row_links_to_its_meter(self) -> None:
        meter = Meter.objects.get()
        link = f'<a href="{meter.get_absolute_url()}">F75A 00802</a>'
        self.assertContains(self.get_list("reading"), link, html=True)

    def test_reading_row_links_to_its_meter_point(self) -> None:
        point = MeterPoint.objects.get()
        self.assertContains(self.get_list("reading"), f'"{point.get_absolute_url()}"')

    def test_reading_row_links_to_its_flow_file(self) -> None:
        link = f'<a href="{self.file.get_absolute_url()}">sample.uff</a>'
        self.assertContains(self.get_list("reading"), link, html=True)

    def test_status_is_a_word_with_a_shape(self) -> None:
        shape = '<span aria-hidden="true">✓</span> Imported'
        self.assertContains(self.get_list("flowfile"), shape)

    def test_reading_without_bsc_validation_shows_a_dash(self) -> None:
        Reading.objects.update(bsc_validation_status="")
        self.assertContains(self.get_list("reading"), '<div class="muted">–</div>')

    def test_text_from_a_file_is_escaped(self) -> None:
        imported(flow_file([MPAN_LINE, "028|<svg onload|R|", READING_LINE]), "<b>")
        page = self.get_list("reading")
        self.assertNotContains(page, "<svg onload")
        self.assertContains(page, "&lt;svg onload")

    def test_heading_of_a_list_is_the_plural_of_its_model(self) -> None:
        self.assertContains(self.get_list("reading"), "<h1>Readings</h1>", html=True)

    def test_finding_links_to_its_file_and_line(self) -> None:
        Finding.objects.create(
            flow_file=self.file, code="no-trailer", severity="note", line_number=3
        )
        page = self.get_list("finding")
        file = self.file.get_absolute_url()
        lines = file.replace("change", "lines")
        self.assertContains(
            page,
            f'<td class="field-finding_line"><a href="{file}">sample.uff</a>'
            f'<div class="muted">line <a href="{lines}?line=3">3</a></div></td>',
        )

    def test_finding_without_a_line_links_to_its_file(self) -> None:
        Finding.objects.create(flow_file=self.file, code="no-trailer", severity="note")
        file = self.file.get_absolute_url()
        self.assertContains(
            self.get_list("finding"),
            f'<td class="field-finding_line"><a href="{file}">sample.uff</a></td>',
        )

    def test_meter_point_of_an_unknown_distributor_shows_unknown(self) -> None:
        MeterPoint.objects.create(mpan="9900000000000")
        self.assertContains(
            self.get_list("meterpoint"), '<td class="field-distributor">Unknown</td>'
        )

    def test_meter_point_shows_its_distribution_area(self) -> None:
        self.assertContains(
            self.get_list("meterpoint"),
            '<td class="field-distributor">London (12)</td>',
        )

    def test_site_visit_without_a_meter_shows_its_meter_point_only(self) -> None:
        imported(flow_file(["026|2000000000015|V|", "027|20||"]), "visit.uff")
        cell = '<td class="field-visit_meter"><a [^/]*/admin/[^>]*>.*</a></td>'
        html = self.get_list("sitevisit").content.decode()
        self.assertRegex(html, cell)
        self.assertNotIn("/meter/", html.partition('id="result_list"')[2])

    def test_register_is_shown_with_its_usual_meaning(self) -> None:
        meaning = "Usual meaning of this register id; the file does not say it"
        cell = f'<span class="mono">S</span> <span class="muted" title="{meaning}">'
        self.assertContains(self.get_list("reading"), f"{cell}Single rate</span>")

    def test_site_visit_row_links_to_its_meter(self) -> None:
        visit = flow_file(["026|1200023305967|V|", "028|F75A 00802|D|", "029|20||"])
        imported(visit, "visit.uff")
        link = f'<a href="{Meter.objects.get().get_absolute_url()}">F75A 00802</a>'
        self.assertContains(self.get_list("sitevisit"), link, html=True)

    def test_import_job_without_a_file_shows_a_dash(self) -> None:
        import_text("of the same name, and another text")
        self.assertContains(
            self.get_list("importjob"), '<td class="field-job_flow_file">–</td>'
        )

    def test_file_without_a_header_shows_a_dash_as_sender(self) -> None:
        import_text("nothing of the kind", "nothing.txt")
        listed = self.get_list("flowfile", q="nothing.txt")
        cell = '<td class="field-participants">–<div class="muted">to –</div></td>'
        self.assertContains(listed, cell)


class HostileParameterTests(AdminTestCase):
    """Any query parameters get a page or a client error."""

    VALUES = ["\0", "1e999", "9" * 40, "-1", "٣", "%", "' OR 1=1 --", "[", "2024-13"]

    @classmethod
    def setUpTestData(cls) -> None:
        super().setUpTestData()
        imported(file_with_much(1))

    def setUp(self) -> None:
        super().setUp()
        self.silence_request_log()

    def parameters(self) -> Iterator[tuple[str, str]]:
        """Yield the names of a list and of one of its parameters."""
        for name in ("p", "o", "flow_file", "meter"):
            yield "reading", name
        for model_name in MODEL_NAMES:
            yield model_name, "q"
            for spec in self.get_list(model_name).context["cl"].filter_specs:
                for name in spec.expected_parameters():
                    yield model_name, name

    def test_no_value_of_a_parameter_causes_a_server_error(self) -> None:
        for (model_name, name), value in chosen(
            product(self.parameters(), self.VALUES)
        ):
            with self.subTest(model_name=model_name, name=name, value=value):
                answer = self.client.get(list_address(model_name), {name: value})
                self.assertIn(answer.status_code, {200, 302, 400})

    def test_a_number_that_no_column_holds_causes_no_server_error(self) -> None:
        for name in ("flow_file", "meter"):
            answer = self.client.get(list_address("reading"), {name: "9" * 40})
            self.assertIn(answer.status_code, {200, 302, 400})

    def test_regular_expression_lookup_is_a_bad_request(self) -> None:
        params = {"register_id__regex": "(a+)+$"}
        answer = self.client.get(list_address("reading"), params)
        self.assertEqual(answer.status_code, 400)

    def test_lookup_across_tables_is_a_bad_request(self) -> None:
        params = {"requested_by__password__startswith": "pbkdf2"}
        answer = self.client.get(list_address("importjob"), params)
        self.assertEqual(answer.status_code, 400)

    def test_lookup_on_a_column_filters_the_list(self) -> None:
        self.assertEqual(len(self.values(register_id="S")), 1)

    def test_list_cannot_be_sorted_without_an_index(self) -> None:
        change_list = self.get_list("reading", o="4").context["cl"]
        self.assertEqual(change_list.queryset.query.order_by, READING_ORDER_REVERSED)


class BoundedPaginatorTests(TestCase):
    @classmethod
    def setUpTestData(cls) -> None:
        for name in "abc":
            User.objects.create(username=name)

    def pages(self, limit: int) -> BoundedPaginator:
        """Return a paginator of two users a page with a limit of counting."""
        paginator = BoundedPaginator(User.objects.order_by("username"), 2)
        paginator.LIMIT = limit
        return paginator

    def test_paginator_counts_up_to_the_limit(self) -> None:
        self.assertEqual([self.pages(2).count, self.pages(2).has_more], [2, True])

    def test_paginator_counts_exactly_within_the_limit(self) -> None:
        self.assertEqual([self.pages(3).count, self.pages(3).has_more], [3, False])

    def test_paginator_has_pages_up_to_the_limit(self) -> None:
        self.assertEqual([self.pages(2).num_pages, self.pages(3).num_pages], [1, 2])

    def test_paginator_counts_with_one_query(self) -> None:
        pages = self.pages(2)
        with self.assertNumQueries(1):
            self.assertEqual((pages.count, pages.has_more), (2, True))


class ListCountTests(AdminTestCase):
    @classmethod
    def setUpTestData(cls) -> None:
        super().setUpTestData()
        imported(file_with_much(3))

    def test_list_beyond_the_limit_shows_that_there_are_more(self) -> None:
        with patch.object(BoundedPaginator, "LIMIT", 2):
            self.assertContains(self.get_list("reading"), "More than 2 readings")

    def test_list_shows_the_number_of_rows(self) -> None:
        self.assertContains(self.get_list("reading"), "3 readings")

    def test_list_of_one_row_shows_the_singular(self) -> None:
        self.assertContains(self.get_list("meter", q="SERIAL0001"), "1 meter")
