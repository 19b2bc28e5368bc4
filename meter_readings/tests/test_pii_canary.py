"""An MPAN that is imported by every channel is in no log, metric or error page."""

from __future__ import annotations

import io
import logging
from http import HTTPStatus
from typing import Any
from unittest.mock import patch

from django.contrib.auth.models import User
from django.core import mail
from django.core.files.uploadedfile import SimpleUploadedFile
from django.http import HttpResponse
from django.test import Client, TestCase, override_settings
from django.urls import reverse

from config.logging_config import JsonFormatter
from meter_readings.d0010.mpan import format_mpan
from meter_readings.models import MeterPoint
from meter_readings.tests.management.run_command import FolderTestCase, run
from meter_readings.tests.support.flow_file_builder import flow_file, mpan_core
from meter_readings.tests.support.import_helpers import import_text, imported

MPAN = mpan_core(4_815_162_342)
FORMS = (
    MPAN,
    format_mpan(MPAN),
    format_mpan(MPAN).replace(" ", "+"),
    format_mpan(MPAN).replace(" ", "%20"),
)
GOOD = flow_file(f"""
    026|{MPAN}|V|
    028|CANARY4815|R|
    030|S|20240401000000|99.0|||T|N|
    """)
BAD = GOOD.replace("99.0", "-1.0")
TOKEN = "a long random text"


class CanaryTestCase(TestCase):
    """Captures what production would log."""

    def setUp(self) -> None:
        super().setUp()
        self.log = io.StringIO()
        handler = logging.StreamHandler(self.log)
        handler.setFormatter(JsonFormatter())
        for name in ("", "django", "django.server"):
            logger = logging.getLogger(name)
            self.addCleanup(setattr, logger, "handlers", logger.handlers)
            logger.handlers = [handler]

    def expect_no_canary(self, text: str) -> None:
        """Expect a text without the MPAN in any notation."""
        for form in FORMS:
            self.assertNotIn(form, text)

    def tearDown(self) -> None:
        self.expect_no_canary(self.log.getvalue())
        self.assertEqual(mail.outbox, [])
        super().tearDown()


class CommandLineTests(CanaryTestCase, FolderTestCase):
    def test_importing_files_logs_no_mpan(self) -> None:
        for name, text in ((f"{MPAN}.uff", GOOD), (f"{MPAN}-bad.uff", BAD)):
            run("import_d0010", self.file(name, text))
        self.assertIs(MeterPoint.objects.filter(mpan=MPAN).exists(), True)

    def test_failed_import_logs_no_mpan(self) -> None:
        path = self.file("sample.uff", GOOD)
        error = RuntimeError(f"Key (mpan)=({MPAN}) already exists.")
        name = "meter_readings.importer.pipeline.merge_staged_rows"
        with patch(name, side_effect=error), self.assertRaises(RuntimeError):
            run("import_d0010", path)


class SignedInTestCase(CanaryTestCase):
    """Requests of a superuser."""

    @classmethod
    def setUpTestData(cls) -> None:
        cls.alice = User.objects.create_superuser("alice")
        imported(GOOD, "canary.uff")
        import_text(BAD, "bad.uff")

    def setUp(self) -> None:
        super().setUp()
        self.client = Client(raise_request_exception=False)
        self.client.force_login(self.alice)

    def get(self, address: str, **query: Any) -> HttpResponse:
        """Return a response; an error page must not contain the MPAN."""
        response = self.client.get(address, query)
        if response.status_code >= HTTPStatus.BAD_REQUEST:
            self.expect_no_canary(response.content.decode())
        return response


class PageTests(SignedInTestCase):
    def test_searching_for_an_mpan_logs_no_mpan(self) -> None:
        for address in ("/search/", reverse("admin:meter_readings_reading_changelist")):
            for form in FORMS[:2]:
                self.get(address, q=form)

    def test_search_stores_no_mpan_in_the_session(self) -> None:
        self.get("/search/", q=MPAN)
        self.get(reverse("admin:meter_readings_meterpoint_changelist"), q=MPAN)
        self.expect_no_canary(str(dict(self.client.session)))

    def test_unknown_list_filters_log_no_mpan(self) -> None:
        for name in ("meterpoint", "reading", "flowfile"):
            address = reverse(f"admin:meter_readings_{name}_changelist")
            self.get(address, mpan=MPAN)
            self.get(address, no_such_filter=MPAN)
            self.get(address, p=MPAN)

    def test_unknown_page_urls_log_no_mpan(self) -> None:
        for address in (f"/{MPAN}/", f"/admin/meter_readings/meterpoint/{MPAN}/"):
            self.get(address)
            self.get(f"{address}change/")

    def test_failed_page_logs_no_mpan(self) -> None:
        error = RuntimeError(f"It was {MPAN}.")
        name = "meter_readings.admin.meter_points.admin.MeterPointAdmin.get_search_q"
        with patch(name, side_effect=error):
            address = reverse("admin:meter_readings_meterpoint_changelist")
            response = self.get(address, q=MPAN)
        self.assertEqual(response.status_code, HTTPStatus.INTERNAL_SERVER_ERROR)
        self.assertIn("RuntimeError", self.log.getvalue())

    def test_rejected_csrf_form_logs_no_mpan(self) -> None:
        client = Client(enforce_csrf_checks=True)
        client.force_login(self.alice)
        response = client.post(f"/admin/upload/?q={MPAN}", {"about": MPAN})
        self.assertEqual(response.status_code, HTTPStatus.FORBIDDEN)
        self.expect_no_canary(response.content.decode())

    def test_uploading_files_logs_no_mpan(self) -> None:
        for text in (GOOD, BAD):
            file = SimpleUploadedFile(f"{MPAN}.uff", text.encode())
            self.client.post("/admin/upload/", {"files": file, "policy": "standard"})

    @override_settings(METRICS_TOKEN=TOKEN)
    def test_metrics_and_health_endpoints_show_no_mpan(self) -> None:
        for address in ("/metrics", "/healthz", "/readyz"):
            client = Client(headers={"Authorization": f"Bearer {TOKEN}"})
            response = client.get(address)
            self.assertEqual(response.status_code, HTTPStatus.OK)
            self.expect_no_canary(response.content.decode())


class ApiTests(SignedInTestCase):
    def test_unknown_api_urls_log_no_mpan(self) -> None:
        for name in ("meters", "readings", "flow-files", "nowhere"):
            response = self.get(f"/api/v1/{name}/{MPAN}/")
            self.assertEqual(response.status_code, HTTPStatus.NOT_FOUND)

    def test_invalid_api_parameters_log_no_mpan(self) -> None:
        for name in ("mpan", "date_from", "ordering", "cursor", "no_such", MPAN):
            with self.subTest(name):
                response = self.get("/api/v1/readings/", **{name: f"{MPAN}7x"})
                self.assertEqual(response.status_code // 100, 4)

    def test_failed_api_request_logs_no_mpan(self) -> None:
        error = RuntimeError(f"It was {MPAN}.")
        with patch(
            "meter_readings.api.views.base.get_object_or_404", side_effect=error
        ):
            response = self.get("/api/v1/meter-points/1/")
        self.assertEqual(response.status_code, HTTPStatus.INTERNAL_SERVER_ERROR)
