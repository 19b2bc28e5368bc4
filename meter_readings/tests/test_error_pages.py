"""Tests of the error pages."""

from __future__ import annotations

import logging

from django.contrib.auth.models import User
from django.test import (
    Client,
    RequestFactory,
    SimpleTestCase,
    TestCase,
    override_settings,
)
from django.urls import path
from django.views.defaults import bad_request, server_error

from config import urls
from meter_readings.tests.support.users import user_with_view_permissions


def bad_request_view(request):
    return bad_request(request, ValueError())


def broken_view(request):
    raise RuntimeError


urlpatterns = [
    path("broken/", broken_view),
    path("bad-request/", bad_request_view),
    *urls.urlpatterns,
]


@override_settings(ROOT_URLCONF=__name__)
class ErrorPageTestCase(TestCase):
    def setUp(self) -> None:
        logging.disable(logging.CRITICAL)
        self.addCleanup(logging.disable, logging.NOTSET)

    def expect(self, address: str, status: int, text: str) -> None:
        """Expect our page with this heading and a link to the home page."""
        response = self.client.get(address)
        self.assertContains(response, f"<h1>{text}</h1>", 1, status, html=True)
        self.assertContains(response, '<a href="/">home page</a>', 1, status, html=True)
        self.assertNotRegex(
            response.content.decode(), r"<style|<script>|\bstyle=|\bon\w+="
        )


class SignedInTests(ErrorPageTestCase):
    def setUp(self) -> None:
        super().setUp()
        self.client.force_login(User.objects.create_superuser("alice"))

    def test_unknown_url_shows_page_not_found(self) -> None:
        self.expect("/nowhere/", 404, "Page not found")

    def test_unknown_admin_url_shows_page_not_found(self) -> None:
        self.expect("/admin/nowhere/", 404, "Page not found")

    def test_bad_request_shows_its_page(self) -> None:
        self.expect("/bad-request/", 400, "Bad request")

    def test_missing_permission_shows_access_denied_with_the_user_name(self) -> None:
        self.client.force_login(user_with_view_permissions())
        self.expect("/search/", 403, "Access denied")
        self.assertContains(
            self.client.get("/search/"), "<strong>somebody</strong>", 1, 403
        )

    def test_form_without_csrf_token_shows_form_not_accepted(self) -> None:
        client = Client(enforce_csrf_checks=True)
        client.cookies = self.client.cookies
        response = client.post("/admin/logout/")
        self.assertContains(response, "<h1>Form not accepted</h1>", 1, 403)

    def test_server_error_shows_its_page(self) -> None:
        self.client.raise_request_exception = False
        self.expect("/broken/", 500, "Something went wrong")


class SignedOutTests(ErrorPageTestCase):
    def test_unknown_url_shows_page_not_found_when_signed_out(self) -> None:
        self.expect("/nowhere/", 404, "Page not found")

    def test_error_page_has_no_search_box_when_signed_out(self) -> None:
        self.assertNotContains(
            self.client.get("/nowhere/"), 'role="search"', status_code=404
        )

    def test_unknown_host_shows_bad_request(self) -> None:
        response = self.client.get("/", headers={"host": "elsewhere.example"})
        heading = "<h1>Bad request</h1>"
        self.assertContains(response, heading, 1, 400)

    def test_csrf_failure_links_to_sign_in_when_signed_out(self) -> None:
        with self.settings(CSRF_FAILURE_VIEW="django.views.csrf.csrf_failure"):
            response = Client(enforce_csrf_checks=True).post("/admin/login/")
        self.assertContains(response, ">Sign in</a>", status_code=403)


class ServerErrorTests(SimpleTestCase):
    """Django forbids database queries in these tests."""

    def test_server_error_page_needs_no_database_and_no_user(self) -> None:
        response = server_error(RequestFactory().get("/"))
        self.assertContains(response, "Something went wrong", status_code=500)

    def test_server_error_page_has_no_form(self) -> None:
        self.assertNotIn(
            "<form", server_error(RequestFactory().get("/")).content.decode()
        )
