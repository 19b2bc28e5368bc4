"""Every URL, method and role behaves as the permission matrix says."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from http import HTTPStatus
from itertools import groupby, product
from operator import itemgetter
from typing import Any, ClassVar, NamedTuple

from django.apps import apps
from django.conf import settings
from django.contrib.auth.models import Group, User
from django.contrib.sessions.models import Session
from django.db import transaction
from django.http import HttpResponse
from django.test import Client, TestCase
from django.utils import timezone

from meter_readings.accounts import api_tokens
from meter_readings.d0010.mpan import format_mpan
from meter_readings.models import (
    ApiToken,
    Finding,
    FlowFile,
    ImportJob,
    MeterPoint,
    SiteVisit,
)
from meter_readings.templatetags.formatting import mpan as grouped
from meter_readings.tests.notifications.rules import email_rule, record
from meter_readings.tests.robustness import chosen
from meter_readings.tests.support.flow_file_builder import EVERY_GROUP, mpan_core
from meter_readings.tests.support.import_helpers import (
    create_overdue_reading,
    create_sender_schedule,
    create_subject_request,
    imported,
)

from .permission_matrix import (
    BARE_STAFF,
    INTEGRATION,
    MATRIX,
    NO_PERMISSIONS,
    ROLES,
    SIGNED_OUT,
    SUPERUSER,
)
from .urls import Address, addresses

METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")
# Values that users without permission must not see; no other data have them.
MPAN, SERIAL_NUMBER, FILENAME = mpan_core(8_642_097), "HIDDEN0001", "secret.uff"
# As pages show it, in groups
MPAN_IN_GROUPS = str(grouped(MPAN))
SECRETS = [
    secret.encode()
    for secret in (MPAN, format_mpan(MPAN), MPAN_IN_GROUPS, SERIAL_NUMBER, FILENAME)
]
RECEIVED = EVERY_GROUP.replace("1000000000003", MPAN).replace(
    "TST0000001", SERIAL_NUMBER
)
WITHOUT_PERMISSIONS = (SIGNED_OUT, NO_PERMISSIONS, BARE_STAFF)
OUTSIDE_THE_ADMIN = (SIGNED_OUT, NO_PERMISSIONS, INTEGRATION)
SAFE_METHODS = ("GET", "HEAD", "OPTIONS")
# Methods that no page uses
UNUSUAL = ("PUT", "PATCH", "DELETE", "OPTIONS")
NOT_SERVED = HTTPStatus.METHOD_NOT_ALLOWED
REFUSALS = {HTTPStatus.FORBIDDEN, HTTPStatus.NOT_FOUND, NOT_SERVED}


class Request(NamedTuple):
    """A request to a URL by a user with a role."""

    role: str
    method: str
    address: Address


def combinations_of(addresses: list[Address]) -> list[tuple[str, Address]]:
    """Return GET and POST with every address, and some of the other combinations."""
    usual, others = ("GET", "POST"), [*{*METHODS} - {"GET", "POST"}]
    return [*product(usual, addresses), *chosen(product(sorted(others), addresses))]


def user_of(role: str) -> User | None:
    """Return a new user with a role, or None for signed out."""
    if role == SIGNED_OUT:
        return None
    if role == SUPERUSER:
        return User.objects.create_superuser(role)
    is_staff = role not in (NO_PERMISSIONS, INTEGRATION)
    user = User.objects.create_user(role, is_staff=is_staff)
    user.groups.set(Group.objects.filter(name=role))
    return user


def token_of(user: User, scope: ApiToken.Scope) -> str:
    """Return a token that its user has already used."""
    now = timezone.now()
    token, secret = api_tokens.create_token(
        user=user, name=f"{scope} of {user}", scope=scope, days=1, now=now
    )
    ApiToken.objects.filter(pk=token.pk).update(last_used_at=now)
    return secret


def all_rows() -> dict[str, list[tuple[Any, ...]]]:
    """Return all rows of all tables except sessions."""
    return {
        model._meta.label: list(model._base_manager.order_by("pk").values_list())
        for model in apps.get_models()
        if model is not Session
    }


def redirects_to_sign_in(response: HttpResponse) -> bool:
    """Return whether a response asks to sign in, by redirect or status 401."""
    if response.status_code == HTTPStatus.UNAUTHORIZED:
        return True
    # The admin's index redirects to the login page.
    return response.status_code == HTTPStatus.FOUND and (
        response["Location"] == "/admin/"
        or response["Location"].startswith("/admin/login/")
    )


@contextmanager
def rolled_back() -> Iterator[None]:
    """Roll back what is done inside, even imports and undos."""
    block = transaction.atomic()
    # Otherwise an import refuses to run inside another transaction.
    block._from_testcase = True
    with block:
        yield
        transaction.set_rollback(True)


class PermissionMatrixTests(TestCase):
    addresses: ClassVar[list[Address]]
    sessions: ClassVar[dict[str, str | None]]

    @classmethod
    def setUpTestData(cls) -> None:
        imported(RECEIVED, FILENAME)
        create_overdue_reading()
        create_sender_schedule()
        create_subject_request()
        email_rule()
        record()
        cls.sessions = {role: cls.session_of(role) for role in ROLES}
        token_of(User.objects.get(username=SUPERUSER), ApiToken.Scope.READ)
        cls.addresses = addresses(User.objects.create_user("somebody else"))

    @staticmethod
    def session_of(role: str) -> str | None:
        """Return the session key of a new user with a role."""
        user = user_of(role)
        if user is None:
            return None
        client = Client()
        client.force_login(user)
        return client.cookies[settings.SESSION_COOKIE_NAME].value

    def setUp(self) -> None:
        # Refused requests would fill the log of the tests.
        logging.disable(logging.ERROR)
        self.addCleanup(logging.disable, logging.NOTSET)

    def send(self, request: Request, **options: Any) -> HttpResponse:
        """Return the response to a request."""
        client = Client(**options)
        if session := self.sessions[request.role]:
            client.cookies[settings.SESSION_COOKIE_NAME] = session
        response = client.generic(request.method, request.address.path)
        # No cache may store a response, nor an error.
        self.assertRegex(response["Cache-Control"], "no-store|private")
        return response

    def requests(self, *, allowed: bool) -> Iterator[Request]:
        """Yield the requests that are permitted, or those that are not, by role."""
        for role in ROLES:
            for method, address in combinations_of(self.addresses):
                if (role in MATRIX[address.name].roles_for(method)) is allowed:
                    yield Request(role, method, address)

    def test_matrix_has_every_url_and_no_other(self) -> None:
        self.assertEqual(
            sorted({address.name for address in self.addresses}), sorted(MATRIX)
        )

    def test_every_model_has_rows(self) -> None:
        for model in (FlowFile, MeterPoint, SiteVisit, Finding, ImportJob):
            self.assertIs(model.objects.exists(), True, model)

    def test_superuser_sees_what_is_hidden_from_others(self) -> None:
        lists = (
            ("admin:meter_readings_meterpoint_changelist", MPAN_IN_GROUPS),
            ("admin:meter_readings_meter_changelist", SERIAL_NUMBER),
            ("admin:meter_readings_flowfile_changelist", FILENAME),
        )
        by_name = {address.name: address for address in self.addresses}
        for name, secret in lists:
            response = self.send(Request(SUPERUSER, "GET", by_name[name]))
            self.assertContains(response, secret)

    def test_permitted_requests_are_answered(self) -> None:
        for request in self.requests(allowed=True):
            with self.subTest(request), rolled_back():
                response = self.send(request)
                self.assertNotIn(response.status_code, REFUSALS)
                self.assertLess(response.status_code, 500)
                if request.address.name != "admin:login":
                    self.assertIs(redirects_to_sign_in(response), False)
                if request.role in WITHOUT_PERMISSIONS:
                    self.assert_no_secret(response)

    def test_forbidden_requests_are_refused_and_change_nothing(self) -> None:
        before = all_rows()
        for role, requests in groupby(self.requests(allowed=False), itemgetter(0)):
            for request in requests:
                with self.subTest(request):
                    response = self.send(request)
                    self.assert_refused(request, response)
                    self.assert_no_secret(response)
            with self.subTest(role):
                self.assertEqual(all_rows(), before)

    def test_requests_from_another_site_change_nothing(self) -> None:
        before = all_rows()
        for request in self.requests(allowed=True):
            if request.role == SUPERUSER and request.method not in SAFE_METHODS:
                with self.subTest(request):
                    response = self.send(request, enforce_csrf_checks=True)
                    self.assertEqual(response.status_code, HTTPStatus.FORBIDDEN)
        self.assertEqual(all_rows(), before)

    def assert_refused(self, request: Request, response: HttpResponse) -> None:
        """Expect the error that this role gets for this request."""
        role, method, address = request
        row = MATRIX[address.name]
        if role in row.view and not row.roles_for(method) and method in UNUSUAL:
            self.assertEqual(response.status_code, NOT_SERVED)
        elif role == SIGNED_OUT and row.roles_for(method):
            self.assertIs(redirects_to_sign_in(response), True)
        elif not (role in OUTSIDE_THE_ADMIN and redirects_to_sign_in(response)):
            self.assertIn(response.status_code, REFUSALS)

    def assert_no_secret(self, response: HttpResponse) -> None:
        """Expect a response without imported data."""
        for secret in SECRETS:
            self.assertNotIn(secret, response.getvalue())
