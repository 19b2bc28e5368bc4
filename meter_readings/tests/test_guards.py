"""Answers have headers; large bodies, and pages without a database, are refused."""

from __future__ import annotations

import logging
from unittest.mock import patch

from django.contrib.auth.models import User
from django.db import OperationalError
from django.http import HttpResponse
from django.test import TestCase, override_settings

from meter_readings import importer

_MEGABYTE = 1 << 20


class HeaderTests(TestCase):
    def test_nobody_keeps_a_page_that_is_not_there(self) -> None:
        page = self.client.get("/nowhere/")
        self.assertEqual(page.headers["Cache-Control"], "no-store")

    def test_pages_need_no_camera_and_no_place(self) -> None:
        policy = self.client.get("/").headers["Permissions-Policy"]
        self.assertIn("camera=()", policy)
        self.assertIn("geolocation=()", policy)


class DatabaseAwayTests(TestCase):
    def answer_to(self, error: Exception) -> HttpResponse:
        """Return what is answered where a page meets this error."""
        self.client.raise_request_exception = False
        logging.disable(logging.CRITICAL)
        self.addCleanup(logging.disable, logging.NOTSET)
        self.client.force_login(User.objects.create_superuser("alice"))
        with patch("meter_readings.queries.holdings", side_effect=error):
            return self.client.get("/")

    def test_is_logged_by_its_kind_alone(self) -> None:
        logging.disable(logging.NOTSET)
        self.client.force_login(User.objects.create_superuser("alice"))
        error = OperationalError("could not connect to 10.1.2.3")
        with (
            patch("meter_readings.queries.holdings", side_effect=error),
            self.assertLogs("meter_readings.guards", "ERROR") as logs,
        ):
            self.client.get("/")
        said = "ERROR:meter_readings.guards:The database cannot be used "
        self.assertEqual(logs.output, [f"{said}(OperationalError)."])

    def test_says_later_where_the_database_is_away(self) -> None:
        response = self.answer_to(OperationalError("could not connect to 10.1.2.3"))
        self.assertEqual(response.status_code, 503)
        self.assertEqual(response.headers["Retry-After"], "30")
        self.assertNotIn(b"10.1.2.3", response.content)

    def test_says_later_where_another_load_lasts(self) -> None:
        self.assertEqual(self.answer_to(importer.Busy()).status_code, 503)

    def test_says_that_the_storage_is_full(self) -> None:
        response = self.answer_to(importer.StorageFull())
        self.assertContains(response, "The storage is full.", status_code=507)

    def test_leaves_other_errors_to_django(self) -> None:
        self.assertEqual(self.answer_to(ValueError("broken")).status_code, 500)


class BodyLimitTests(TestCase):
    """A body that is announced and not sent: nothing waits for it."""

    def post(self, size: str, path: str = "/admin/login/", **more: str) -> HttpResponse:
        """Return what is answered to a body of this many bytes."""
        return self.client.post(path, "", "text/plain", CONTENT_LENGTH=size, **more)

    def test_takes_a_form_from_anybody(self) -> None:
        self.assertEqual(self.post("1000").status_code, 200)
        self.assertEqual(self.post(str(_MEGABYTE)).status_code, 200)

    def test_refuses_a_large_body_from_those_who_are_not_signed_in(self) -> None:
        response = self.post(str(_MEGABYTE + 1))
        self.assertEqual(response.status_code, 413)
        self.assertContains(response, "1,048,576", status_code=413)

    def test_takes_a_large_body_from_those_who_are(self) -> None:
        self.client.force_login(User.objects.create_superuser("alice"))
        self.assertNotEqual(self.post(str(_MEGABYTE + 1)).status_code, 413)

    @override_settings(UPLOAD_MAX_MEGABYTES=2)
    def test_refuses_what_is_larger_than_any_file_may_be(self) -> None:
        self.client.force_login(User.objects.create_superuser("alice"))
        self.assertNotEqual(self.post(str(2 * _MEGABYTE)).status_code, 413)
        self.assertEqual(self.post(str(2 * _MEGABYTE + 1)).status_code, 413)

    def test_leaves_it_to_doors_of_the_api_that_take_files(self) -> None:
        for address in ["/api/v1/flow-files/", "/api/v1/flow-files/upload/"]:
            with self.subTest(address):
                response = self.post(str(_MEGABYTE + 1), address)
                self.assertEqual(response.status_code, 401)

    def test_leaves_nothing_to_its_other_doors(self) -> None:
        for address in ["/api/v1/readings/", "/api/v1/flow-files/1/"]:
            with self.subTest(address):
                response = self.post(str(_MEGABYTE + 1), address)
                self.assertEqual(response.status_code, 413)

    @override_settings(UPLOAD_MAX_MEGABYTES=2)
    def test_those_doors_take_no_more_than_any_other(self) -> None:
        response = self.post(str(2 * _MEGABYTE + 1), "/api/v1/flow-files/")
        self.assertEqual(response.status_code, 413)

    def test_refuses_a_body_of_unsaid_length(self) -> None:
        response = self.post("0", HTTP_TRANSFER_ENCODING="chunked")
        self.assertEqual(response.status_code, 411)

    def test_takes_a_length_that_is_no_number_for_none(self) -> None:
        self.assertEqual(self.post("many").status_code, 200)
