"""Tests of the security headers, the limit of body sizes, and answers in an outage."""

from __future__ import annotations

import logging
from unittest.mock import patch

from django.contrib.auth.models import User
from django.db import OperationalError
from django.http import HttpResponse
from django.test import RequestFactory, TestCase, override_settings
from rest_framework.viewsets import ViewSet

from meter_readings import importer
from meter_readings.middleware import MaxBodySizeMiddleware

_MEGABYTE = 1 << 20


class SecurityHeadersMiddlewareTests(TestCase):
    def test_security_headers_middleware_forbids_caching_of_a_page_that_is_not_found(
        self,
    ) -> None:
        page = self.client.get("/nowhere/")
        self.assertEqual(page.headers["Cache-Control"], "no-store")

    def test_permissions_policy_forbids_camera_and_geolocation(self) -> None:
        policy = self.client.get("/").headers["Permissions-Policy"]
        self.assertIn("camera=()", policy)
        self.assertIn("geolocation=()", policy)


class ServiceUnavailableMiddlewareTests(TestCase):
    def answer_to(self, error: Exception) -> HttpResponse:
        """Return the response of a view that raises the error."""
        self.client.raise_request_exception = False
        logging.disable(logging.CRITICAL)
        self.addCleanup(logging.disable, logging.NOTSET)
        self.client.force_login(User.objects.create_superuser("alice"))
        with patch("meter_readings.queries.totals.row_totals", side_effect=error):
            return self.client.get("/")

    def test_middleware_logs_only_the_class_of_a_database_error(self) -> None:
        logging.disable(logging.NOTSET)
        self.client.force_login(User.objects.create_superuser("alice"))
        error = OperationalError("could not connect to 10.1.2.3")
        with (
            patch("meter_readings.queries.totals.row_totals", side_effect=error),
            self.assertLogs("meter_readings.middleware", "ERROR") as logs,
        ):
            self.client.get("/")
        message = "ERROR:meter_readings.middleware:The database cannot be used "
        self.assertEqual(logs.output, [f"{message}(OperationalError)."])

    def test_middleware_answers_503_with_retry_after_for_an_unavailable_database(
        self,
    ) -> None:
        response = self.answer_to(OperationalError("could not connect to 10.1.2.3"))
        self.assertEqual(response.status_code, 503)
        self.assertEqual(response.headers["Retry-After"], "30")
        self.assertNotIn(b"10.1.2.3", response.content)

    def test_middleware_answers_503_while_another_import_holds_the_lock(
        self,
    ) -> None:
        self.assertEqual(self.answer_to(importer.ImportLockTimeout()).status_code, 503)

    def test_middleware_answers_507_for_a_full_disk(self) -> None:
        response = self.answer_to(importer.StorageFull())
        self.assertContains(response, "The storage is full.", status_code=507)

    def test_middleware_answers_503_for_a_folder_that_cannot_be_written(self) -> None:
        response = self.answer_to(importer.StorageNotWritable("Read-only file system"))
        text = "The folder of received files cannot be written."
        self.assertContains(response, text, status_code=503)

    def test_service_unavailable_middleware_leaves_other_exceptions_to_django(
        self,
    ) -> None:
        self.assertEqual(self.answer_to(ValueError("broken")).status_code, 500)


class MaxBodySizeMiddlewareTests(TestCase):
    """The body is announced by Content-Length and never sent."""

    def post(self, size: str, path: str = "/admin/login/", **more: str) -> HttpResponse:
        """Return the response to a body of `size` bytes."""
        return self.client.post(path, "", "text/plain", CONTENT_LENGTH=size, **more)

    def test_max_body_size_middleware_accepts_a_small_form_from_an_anonymous_user(
        self,
    ) -> None:
        self.assertEqual(self.post("1000").status_code, 200)
        self.assertEqual(self.post(str(_MEGABYTE)).status_code, 200)

    def test_max_body_size_middleware_refuses_a_large_body_from_an_anonymous_user(
        self,
    ) -> None:
        response = self.post(str(_MEGABYTE + 1))
        self.assertEqual(response.status_code, 413)
        self.assertContains(response, "1,048,576", status_code=413)

    def test_max_body_size_middleware_accepts_a_large_body_from_a_user_who_is_signed_in(
        self,
    ) -> None:
        self.client.force_login(User.objects.create_superuser("alice"))
        self.assertNotEqual(self.post(str(_MEGABYTE + 1)).status_code, 413)

    @override_settings(UPLOAD_MAX_MEGABYTES=2)
    def test_max_body_size_middleware_refuses_a_body_above_the_upload_limit(
        self,
    ) -> None:
        self.client.force_login(User.objects.create_superuser("alice"))
        self.assertNotEqual(self.post(str(2 * _MEGABYTE)).status_code, 413)
        self.assertEqual(self.post(str(2 * _MEGABYTE + 1)).status_code, 413)

    def test_api_views_that_accept_uploads_authenticate_first(self) -> None:
        for address in ["/api/v1/flow-files/", "/api/v1/flow-files/upload/"]:
            with self.subTest(address):
                response = self.post(str(_MEGABYTE + 1), address)
                self.assertEqual(response.status_code, 401)

    def test_upload_page_asks_an_anonymous_user_to_sign_in_before_it_reads(
        self,
    ) -> None:
        response = self.post(str(300 * _MEGABYTE), "/admin/upload/")
        self.assertEqual(response.status_code, 302)
        self.assertIn("/admin/login/", response.headers["Location"])

    def test_viewsets_that_accept_uploads_authenticate_first(self) -> None:
        class Uploads(ViewSet):
            accepts_uploads = True

        view = Uploads.as_view({"post": "create"})
        request = RequestFactory().post("/", CONTENT_LENGTH=str(_MEGABYTE + 1))
        middleware = MaxBodySizeMiddleware(lambda request: HttpResponse())
        self.assertIsNone(middleware.process_view(request, view))

    def test_max_body_size_middleware_refuses_a_large_body_to_api_views_without_uploads(
        self,
    ) -> None:
        for address in ["/api/v1/readings/", "/api/v1/flow-files/1/"]:
            with self.subTest(address):
                response = self.post(str(_MEGABYTE + 1), address)
                self.assertEqual(response.status_code, 413)

    @override_settings(UPLOAD_MAX_MEGABYTES=2)
    def test_api_uploads_have_the_same_upload_limit(self) -> None:
        response = self.post(str(2 * _MEGABYTE + 1), "/api/v1/flow-files/")
        self.assertEqual(response.status_code, 413)

    def test_max_body_size_middleware_refuses_a_body_without_a_length(self) -> None:
        response = self.post("0", HTTP_TRANSFER_ENCODING="chunked")
        self.assertEqual(response.status_code, 411)

    def test_max_body_size_middleware_treats_an_invalid_content_length_as_zero(
        self,
    ) -> None:
        self.assertEqual(self.post("many").status_code, 200)
