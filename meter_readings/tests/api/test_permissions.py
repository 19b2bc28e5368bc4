"""Permissions: what each URL requires, and the rows that a user sees.

Which role has which permission is tested for every URL of the site in `tests.access`.
"""

from __future__ import annotations

import base64
from unittest.mock import patch

from django.contrib.auth.models import User
from django.db.models import QuerySet
from django.test import Client, TestCase

from meter_readings.api.views import base, exports, history
from meter_readings.models import FlowFile
from meter_readings.tests.api.base import EVERYTHING, MPAN, V1, ApiTestCase, user_with
from meter_readings.tests.support.import_helpers import imported

PERMISSIONS = {
    "": (),
    "schema/": (),
    "docs/": (),
    "flow-files/": ("view_flowfile",),
    "flow-files/{id}/": ("view_flowfile",),
    "flow-files/{id}/content/": ("view_flowfile", "export_reading"),
    "flow-files/{id}/findings/": ("view_finding", "view_flowfile"),
    "flow-files/{id}/readings/": ("view_reading", "view_flowfile"),
    "flow-files/{id}/site-visits/": ("view_sitevisit", "view_flowfile"),
    "imports/": ("view_importjob",),
    "imports/{id}/": ("view_importjob",),
    "findings/": ("view_finding",),
    "findings/{id}/": ("view_finding",),
    "meter-points/": ("view_meterpoint",),
    "meter-points/{mpan}/": ("view_meterpoint",),
    "meter-points/{mpan}/readings/": ("view_reading", "view_meterpoint"),
    "meter-points/{mpan}/advances/": ("view_reading", "view_meterpoint"),
    "meters/": ("view_meter",),
    "meters/{id}/": ("view_meter",),
    "meters/{id}/readings/": ("view_reading", "view_meter"),
    "site-visits/": ("view_sitevisit",),
    "site-visits/{id}/": ("view_sitevisit",),
    "failed-reads/": ("view_reading",),
    "failed-reads/summary/": ("view_reading",),
    "overdue-readings/": ("view_overduereading",),
    "readings/": ("view_reading",),
    "readings/{id}/": ("view_reading",),
    "readings/latest/": ("view_reading",),
    "readings/summary/": ("view_reading",),
}
EVERY_PERMISSION = {name for names in PERMISSIONS.values() for name in names}


class PermissionTests(ApiTestCase):
    @classmethod
    def setUpTestData(cls) -> None:
        super().setUpTestData()
        imported(EVERYTHING.replace("3.5", "3.25"))

    def setUp(self) -> None:
        super().setUp()
        self.silence_request_log()

    def status(self, route: str, *permissions: str) -> int:
        """Return the status for a user with these permissions."""
        client = Client()
        client.force_login(user_with(*permissions, name=f"user {User.objects.count()}"))
        response = client.get(self.url(route))
        response.getvalue()
        return int(response.status_code)

    def test_the_required_permissions_are_sufficient(self) -> None:
        for route, permissions in PERMISSIONS.items():
            with self.subTest(route):
                self.assertEqual(self.status(route, *permissions), 200)

    def test_each_required_permission_is_necessary(self) -> None:
        for route, permissions in PERMISSIONS.items():
            for missing in permissions:
                with self.subTest(route, missing=missing):
                    others = sorted(EVERY_PERMISSION - {missing})
                    self.assertEqual(self.status(route, *others), 403)

    def test_csv_and_d0010_require_the_permission_to_export(self) -> None:
        self.client.force_login(user_with("view_reading", "view_flowfile"))
        for route in ["readings/", "flow-files/{id}/readings/"]:
            for output_format in ["csv", "d0010"]:
                with self.subTest(route, format=output_format):
                    params = {"format": output_format}
                    response = self.client.get(self.url(route), params)
                    self.assertEqual(response.status_code, 403)

    def test_csv_by_the_accept_header_requires_the_permission_to_export(self) -> None:
        self.client.force_login(user_with("view_reading"))
        response = self.client.get(V1 + "readings/", headers={"accept": "text/csv"})
        self.assertEqual(response.status_code, 403)

    def test_a_session_of_an_inactive_user_gets_401(self) -> None:
        user = user_with("view_reading")
        self.client.force_login(user)
        User.objects.filter(pk=user.pk).update(is_active=False)
        self.assertEqual(self.client.get(V1 + "readings/").status_code, 401)


class VisibleRowsTests(ApiTestCase):
    """`visible_rows` hides every row."""

    @classmethod
    def setUpTestData(cls) -> None:
        super().setUpTestData()
        imported(EVERYTHING.replace("3.5", "3.25"))

    def setUp(self) -> None:
        super().setUp()
        self.silence_request_log()
        for module in (base, exports, history):
            self.enterContext(patch.object(module, "visible_rows", self.no_rows))

    @staticmethod
    def no_rows(queryset: QuerySet, user: User) -> QuerySet:
        return queryset.none()

    def test_visible_rows_hides_the_rows_of_every_url(self) -> None:
        for route in sorted(set(PERMISSIONS) - {"schema/"}):
            with self.subTest(route):
                response = self.client.get(self.url(route))
                hidden = 404 if "{" in route else 200
                self.assertEqual(response.status_code, hidden)
                self.assertNotIn(MPAN.encode(), response.getvalue())

    def test_visible_rows_hides_the_readings_of_exports(self) -> None:
        file_id = FlowFile.objects.get().pk
        params = {"flow_file": file_id, "version_status": "all"}
        for output_format, status in {"d0010": 404, "csv": 200}.items():
            with self.subTest(output_format):
                response = self.get("readings/", status, format=output_format, **params)
                self.assertNotIn(MPAN.encode(), response.getvalue())


class BasicAuthenticationTests(TestCase):
    def test_development_accepts_a_username_and_password(self) -> None:
        User.objects.create_superuser("alice", password="correct horse")
        credentials = base64.b64encode(b"alice:correct horse").decode()
        headers = {"authorization": f"Basic {credentials}"}
        self.assertEqual(Client().get(V1, headers=headers).status_code, 200)
