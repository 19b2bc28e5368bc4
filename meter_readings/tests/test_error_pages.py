"""The pages that are shown when something cannot be done."""

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
from meter_readings.tests.users import user_with_view_permissions


def bad_request_view(request):
    """Answer as Django does to what cannot be understood."""
    return bad_request(request, ValueError())


def broken_view(request):
    """Break."""
    raise RuntimeError


urlpatterns = [
    path("broken/", broken_view),
    path("misunderstood/", bad_request_view),
    *urls.urlpatterns,
]


@override_settings(ROOT_URLCONF=__name__)
class ErrorPageTestCase(TestCase):
    def setUp(self) -> None:
        logging.disable(logging.CRITICAL)
        self.addCleanup(logging.disable, logging.NOTSET)

    def expect(self, address: str, status: int, text: str) -> None:
        """Expect a page of ours with a heading and a way on."""
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

    def test_signed_in_is_told_that_there_is_no_such_page(self) -> None:
        self.expect("/nowhere/", 404, "There is no such page")

    def test_signed_in_is_told_so_in_the_admin(self) -> None:
        self.expect("/admin/nowhere/", 404, "There is no such page")

    def test_signed_in_is_told_that_a_request_was_not_understood(self) -> None:
        self.expect("/misunderstood/", 400, "This request was not understood")

    def test_signed_in_is_told_that_a_permission_is_missing(self) -> None:
        self.client.force_login(user_with_view_permissions())
        self.expect("/find/", 403, "You may not open this")
        self.assertContains(
            self.client.get("/find/"), "<strong>somebody</strong>", 1, 403
        )

    def test_signed_in_is_told_that_a_form_was_not_accepted(self) -> None:
        careful = Client(enforce_csrf_checks=True)
        careful.cookies = self.client.cookies
        response = careful.post("/admin/logout/")
        self.assertContains(response, "<h1>The form was not accepted</h1>", 1, 403)

    def test_signed_in_is_told_that_something_went_wrong(self) -> None:
        self.client.raise_request_exception = False
        self.expect("/broken/", 500, "Something went wrong")


class SignedOutTests(ErrorPageTestCase):
    def test_signed_out_is_told_that_there_is_no_such_page(self) -> None:
        self.expect("/nowhere/", 404, "There is no such page")

    def test_signed_out_has_no_search_box(self) -> None:
        self.assertNotContains(
            self.client.get("/nowhere/"), 'role="search"', status_code=404
        )

    def test_signed_out_is_told_that_a_request_was_not_understood_whatever_it_says(
        self,
    ) -> None:
        response = self.client.get("/", headers={"host": "elsewhere.example"})
        heading = "<h1>This request was not understood</h1>"
        self.assertContains(response, heading, 1, 400)

    def test_signed_out_is_offered_to_sign_in_where_it_may_not_go(self) -> None:
        with self.settings(CSRF_FAILURE_VIEW="django.views.csrf.csrf_failure"):
            response = Client(enforce_csrf_checks=True).post("/admin/login/")
        self.assertContains(response, ">Sign in</a>", status_code=403)


class ServerErrorTests(SimpleTestCase):
    """No database may be asked here: Django refuses it in such a test."""

    def test_server_error_needs_no_database_and_no_user(self) -> None:
        response = server_error(RequestFactory().get("/"))
        self.assertContains(response, "Something went wrong", status_code=500)

    def test_server_error_offers_nothing_that_depends_on_the_user(self) -> None:
        self.assertNotIn(
            "<form", server_error(RequestFactory().get("/")).content.decode()
        )
