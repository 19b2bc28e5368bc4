"""Tests of the database router; a real replica is in `robustness.test_replicas`."""

from __future__ import annotations

from collections.abc import Generator

from django.conf import settings
from django.contrib import admin
from django.contrib.auth.models import User
from django.http import HttpRequest, HttpResponse
from django.test import RequestFactory, SimpleTestCase

from meter_readings.api.views.flow_files import FlowFileViewSet
from meter_readings.api.views.meter_points import MeterViewSet
from meter_readings.models import (
    ApiToken,
    DataVersion,
    Finding,
    FlowFile,
    ImportJob,
    Meter,
    MeterPoint,
    Reading,
    SiteVisit,
)
from meter_readings.ops.db_router import (
    ReadYourWritesMiddleware,
    ReplicaRouter,
    allow_stale_reads,
    keep_database_for,
    stale_page,
)


class ReplicaRouterTests(SimpleTestCase):
    def test_replica_router_reads_from_the_primary_by_default(self) -> None:
        self.assertEqual(ReplicaRouter().db_for_read(Reading), "default")

    def test_replica_router_reads_readings_from_the_replica_if_stale_reads_are_allowed(
        self,
    ) -> None:
        with allow_stale_reads():
            self.assertEqual(ReplicaRouter().db_for_read(Reading), "replica")

    def test_replica_router_reads_the_data_version_where_it_reads_readings(
        self,
    ) -> None:
        """A cached answer must not be older than its version."""
        with allow_stale_reads():
            self.assertEqual(ReplicaRouter().db_for_read(DataVersion), "replica")
        self.assertEqual(ReplicaRouter().db_for_read(DataVersion), "default")

    def test_replica_router_reads_users_and_tokens_from_the_primary(self) -> None:
        with allow_stale_reads():
            for model in (ApiToken, User):
                self.assertEqual(ReplicaRouter().db_for_read(model), "default")

    def test_replica_router_writes_to_the_primary(self) -> None:
        with allow_stale_reads():
            self.assertEqual(ReplicaRouter().db_for_write(Reading), "default")

    def test_replica_router_migrates_the_primary_only(self) -> None:
        allowed = [
            ReplicaRouter().allow_migrate(alias, "meter_readings")
            for alias in ("default", "replica")
        ]
        self.assertEqual(allowed, [True, False])

    def test_replica_router_allows_relations_between_rows_of_both_databases(
        self,
    ) -> None:
        self.assertIs(ReplicaRouter().allow_relation(Reading(), User()), True)


class StaleViewTests(SimpleTestCase):
    def test_readings_of_a_meter_may_be_stale(self) -> None:
        self.assertIs(MeterViewSet.allow_stale, True)

    def test_readings_of_an_uploaded_file_may_not_be_stale(self) -> None:
        self.assertIs(FlowFileViewSet.allow_stale, False)

    def test_admin_pages_of_what_files_contain_may_be_stale(self) -> None:
        for model in (Reading, SiteVisit, Meter, MeterPoint):
            self.assertIs(admin.site.get_model_admin(model).allow_stale, True)

    def test_admin_pages_of_files_and_tokens_may_not_be_stale(self) -> None:
        for model in (FlowFile, Finding, ImportJob, ApiToken):
            self.assertIs(admin.site.get_model_admin(model).allow_stale, False)


class ReadYourWritesTests(SimpleTestCase):
    def database_of_page(self, request: HttpRequest) -> str:
        def view() -> HttpResponse:
            return HttpResponse(ReplicaRouter().db_for_read(Reading))

        return stale_page(request, view).text

    def response_to(self, method: str, **cookies: str) -> HttpResponse:
        """Return the response of the middleware to a browser with these cookies."""
        request = RequestFactory().generic(method, "/admin/upload/")
        request.COOKIES.update(cookies)
        return ReadYourWritesMiddleware(lambda request: HttpResponse())(request)

    def test_stale_page_is_read_from_the_replica(self) -> None:
        request = RequestFactory().get("/")
        self.assertEqual(self.database_of_page(request), "replica")

    def test_form_that_is_sent_reads_from_the_primary(self) -> None:
        request = RequestFactory().post("/")
        self.assertEqual(self.database_of_page(request), "default")

    def test_page_after_a_form_was_sent_is_read_from_the_primary(self) -> None:
        session = {settings.SESSION_COOKIE_NAME: "any"}
        [cookie] = self.response_to("POST", **session).cookies.values()
        self.assertEqual(cookie["max-age"], 60)
        request = RequestFactory().get("/")
        request.COOKIES[cookie.key] = cookie.value
        self.assertEqual(self.database_of_page(request), "default")

    def test_page_that_was_read_sets_no_cookie(self) -> None:
        session = {settings.SESSION_COOKIE_NAME: "any"}
        self.assertFalse(self.response_to("GET", **session).cookies)

    def test_request_without_a_session_sets_no_cookie(self) -> None:
        self.assertFalse(self.response_to("POST").cookies)


class KeepDatabaseForTests(SimpleTestCase):
    def chunks(self) -> Generator[bytes]:
        """Yield two names of the database that readings are read from."""
        try:
            yield ReplicaRouter().db_for_read(Reading).encode()
            yield ReplicaRouter().db_for_read(Reading).encode()
        finally:
            self.is_closed = True

    def test_keep_database_for_reads_every_chunk_from_the_database_of_the_view(
        self,
    ) -> None:
        with allow_stale_reads():
            chunks = keep_database_for(self.chunks())
        self.assertEqual([*chunks], [b"replica", b"replica"])

    def test_keep_database_for_does_not_change_the_database_of_the_reader(self) -> None:
        with allow_stale_reads():
            chunks = keep_database_for(self.chunks())
        next(chunks)
        self.assertEqual(ReplicaRouter().db_for_read(Reading), "default")

    def test_keep_database_for_closes_the_stream_if_the_client_stops_reading(
        self,
    ) -> None:
        chunks = keep_database_for(self.chunks())
        next(chunks)
        chunks.close()
        self.assertIs(self.is_closed, True)
