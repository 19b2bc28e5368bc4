"""Who may see what: nobody unknown anything, everybody else what they may."""

from __future__ import annotations

import base64
from typing import Any
from unittest.mock import patch

from django.contrib.auth.models import User
from django.db.models import Model, QuerySet
from django.test import Client, TestCase
from django.urls import URLPattern, URLResolver

from meter_readings.api import histories, readings, urls, views
from meter_readings.models import (
    Finding,
    FlowFile,
    ImportJob,
    Meter,
    MeterPoint,
    Reading,
    SiteVisit,
)
from meter_readings.tests.api.base import EVERYTHING, MPAN, V1, ApiTestCase, user_with
from meter_readings.tests.import_helpers import import_text, imported

# What each address asks for, beside being signed in.
PERMISSIONS = {
    "": (),
    "schema/": (),
    "docs/": (),
    "flow-files/": ("view_flowfile",),
    "flow-files/<int:pk>/": ("view_flowfile",),
    "flow-files/<int:pk>/content/": ("view_flowfile", "export_reading"),
    "flow-files/<int:pk>/findings/": ("view_finding", "view_flowfile"),
    "flow-files/<int:pk>/readings/": ("view_reading", "view_flowfile"),
    "flow-files/<int:pk>/site-visits/": ("view_sitevisit", "view_flowfile"),
    "imports/": ("view_importjob",),
    "imports/<int:pk>/": ("view_importjob",),
    "findings/": ("view_finding",),
    "findings/<int:pk>/": ("view_finding",),
    "meter-points/": ("view_meterpoint",),
    "meter-points/<int:pk>/": ("view_meterpoint",),
    "meter-points/<int:pk>/readings/": ("view_reading", "view_meterpoint"),
    "meter-points/<int:pk>/advances/": ("view_reading", "view_meterpoint"),
    "meters/": ("view_meter",),
    "meters/<int:pk>/": ("view_meter",),
    "meters/<int:pk>/readings/": ("view_reading", "view_meter"),
    "site-visits/": ("view_sitevisit",),
    "site-visits/<int:pk>/": ("view_sitevisit",),
    "readings/": ("view_reading",),
    "readings/latest/": ("view_reading",),
    "readings/summary/": ("view_reading",),
    "readings/<int:pk>/": ("view_reading",),
}
# Where something is sent, and there is nothing to see.
SENT = {"flow-files/upload/"}
MODELS = {
    "flow-files": FlowFile,
    "imports": ImportJob,
    "findings": Finding,
    "meter-points": MeterPoint,
    "meters": Meter,
    "site-visits": SiteVisit,
    "readings": Reading,
}


def routes(patterns: list[Any], prefix: str = "") -> list[str]:
    """Return all routes of a table of addresses."""
    found = []
    for pattern in patterns:
        route = prefix + str(pattern.pattern)
        if isinstance(pattern, URLResolver):
            found += routes(pattern.url_patterns, route)
        else:
            assert isinstance(pattern, URLPattern)
            found.append(route)
    return found


class PermissionTests(ApiTestCase):
    @classmethod
    def setUpTestData(cls) -> None:
        super().setUpTestData()
        imported(EVERYTHING)
        import_text("This is no flow file.", "rejected.uff")

    def setUp(self) -> None:
        self.expect_refusals()

    def address(self, route: str) -> str:
        """Return the address of a row that is there."""
        name, _, rest = route.partition("/<int:pk>")
        if not rest:
            return V1 + route
        number = MODELS[name]._default_manager.order_by("pk")[0].pk
        return f"{V1}{name}/{number}{rest}"

    def status(self, client: Client, route: str, method: str = "get") -> int:
        """Return with which status an address answers, all of it read."""
        asked = {"mpan": MPAN} if route == "readings/latest/" else {}
        response = getattr(client, method)(self.address(route), asked)
        response.getvalue()
        return int(response.status_code)

    def test_every_address_is_known_here(self) -> None:
        there = {route.removeprefix("v1/") for route in routes(urls.urlpatterns)}
        self.assertEqual(there, set(PERMISSIONS) | SENT)

    def test_nobody_unknown_sees_anything(self) -> None:
        for route in PERMISSIONS:
            for method in ["get", "head"]:
                with self.subTest(route, method=method):
                    expected = 302 if route == "docs/" else 401
                    self.assertEqual(self.status(Client(), route, method), expected)
        self.assertEqual(Client().get("/api/").status_code, 401)

    def test_who_may_nothing_sees_no_data(self) -> None:
        client = Client()
        client.force_login(user_with())
        for route, permissions in PERMISSIONS.items():
            for method in ["get", "head"]:
                with self.subTest(route, method=method):
                    expected = 403 if permissions else 200
                    self.assertEqual(self.status(client, route, method), expected)

    def test_who_has_all_permissions_but_one_is_refused(self) -> None:
        for route, permissions in PERMISSIONS.items():
            for missing in permissions:
                with self.subTest(route, missing=missing):
                    others = set(sum(PERMISSIONS.values(), ())) - {missing}
                    client = Client()
                    client.force_login(user_with(*others, name=f"{route}{missing}"))
                    self.assertEqual(self.status(client, route), 403)

    def test_who_has_these_permissions_and_no_other_may_look(self) -> None:
        for route, permissions in PERMISSIONS.items():
            with self.subTest(route):
                client = Client()
                client.force_login(user_with(*permissions, name=f"of {route}"))
                self.assertEqual(self.status(client, route), 200)

    def test_to_export_is_a_permission_of_its_own(self) -> None:
        client = Client()
        client.force_login(user_with("view_reading", "view_flowfile", "view_meter"))
        for output_format in ["csv", "d0010"]:
            for route in ["readings/", "flow-files/<int:pk>/readings/"]:
                with self.subTest(route, output_format=output_format):
                    response = client.get(
                        self.address(route), {"format": output_format}
                    )
                    self.assertEqual(response.status_code, 403)

    def test_to_export_by_the_header_accept_is_too(self) -> None:
        client = Client()
        client.force_login(user_with("view_reading"))
        response = client.get(V1 + "readings/", headers={"accept": "text/csv"})
        self.assertEqual(response.status_code, 403)

    def test_what_one_place_hides_is_hidden_at_every_address(self) -> None:
        def nothing(model: type[Model], user: User) -> QuerySet:
            return model._default_manager.none()

        for module in (views, histories, readings):
            self.enterContext(patch.object(module, "visible", nothing))
        client = Client()
        client.force_login(self.superuser)
        for route in PERMISSIONS:
            with self.subTest(route):
                hidden = 404 if "<int:pk>" in route else 200
                self.assertEqual(self.status(client, route), hidden)
        exported = {
            "flow_file": FlowFile.objects.latest("pk").pk,
            "version_status": "all",
        }
        for output_format, hidden in {"d0010": 404, "csv": 200}.items():
            with self.subTest(output_format):
                asked = {"format": output_format, **exported}
                response = client.get(V1 + "readings/", asked)
                self.assertEqual(response.status_code, hidden)
                self.assertNotIn(MPAN.encode(), response.getvalue())

    def test_who_was_locked_out_sees_nothing(self) -> None:
        user = user_with("view_reading")
        client = Client()
        client.force_login(user)
        User.objects.filter(pk=user.pk).update(is_active=False)
        self.assertEqual(self.status(client, "readings/"), 401)


class PasswordTests(TestCase):
    """In development a name and a password will do."""

    def test_are_taken(self) -> None:
        User.objects.create_superuser("alice", password="correct horse")
        word = base64.b64encode(b"alice:correct horse").decode()
        headers = {"authorization": f"Basic {word}"}
        self.assertEqual(Client().get(V1, headers=headers).status_code, 200)
