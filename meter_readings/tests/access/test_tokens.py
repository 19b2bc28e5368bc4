"""Tokens permit what both their scope and their user permit, at every URL."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from http import HTTPStatus
from itertools import product
from typing import ClassVar, NamedTuple

from django.contrib.auth.models import User
from django.http import HttpResponse
from django.test import Client, TestCase

from meter_readings.models import ApiToken
from meter_readings.tests.notifications.rules import email_rule, record
from meter_readings.tests.support.import_helpers import (
    create_overdue_reading,
    create_sender_schedule,
    create_subject_request,
    imported,
)

from .permission_matrix import (
    INTEGRATION,
    MATRIX,
    NO_PERMISSIONS,
    SUPERUSER,
    SUPPORT_AGENT,
)
from .test_permission_matrix import (
    FILENAME,
    RECEIVED,
    REFUSALS,
    SAFE_METHODS,
    SECRETS,
    all_rows,
    combinations_of,
    rolled_back,
    token_of,
    user_of,
)
from .urls import Address, addresses

ROLES = (NO_PERMISSIONS, SUPPORT_AGENT, INTEGRATION, SUPERUSER)
# A page for browsers, which no token opens
DOCS = "api:docs"
# nginx asks by GET about the POST of an upload.
UPLOAD_AUTHORIZATION = "api:upload-authorization"
# It is a POST, and only reads.
EXPORT = "api:reading-export"


class Request(NamedTuple):
    """A request to a URL with a token of a user with a role."""

    role: str
    scope: ApiToken.Scope
    method: str
    address: Address

    @property
    def is_allowed(self) -> bool:
        """Return whether scope and role permit the request."""
        is_read = (
            self.method in SAFE_METHODS and self.address.name != UPLOAD_AUTHORIZATION
        )
        needed = "read" if is_read or self.address.name == EXPORT else "import"
        is_in_scope = needed in self.scope.split()
        return is_in_scope and self.role in MATRIX[self.address.name].roles_for(
            self.method
        )


class TokenPermissionTests(TestCase):
    addresses: ClassVar[list[Address]]
    tokens: ClassVar[dict[tuple[str, str], str]]

    @classmethod
    def setUpTestData(cls) -> None:
        imported(RECEIVED, FILENAME)
        create_overdue_reading()
        create_sender_schedule()
        create_subject_request()
        email_rule()
        record()
        users = {role: user_of(role) for role in ROLES}
        cls.tokens = {
            (role, scope): token_of(users[role], scope)
            for role, scope in product(ROLES, ApiToken.Scope)
        }
        cls.addresses = addresses(User.objects.create_user("somebody else"))

    def setUp(self) -> None:
        # Refused requests would fill the log of the tests.
        logging.disable(logging.ERROR)
        self.addCleanup(logging.disable, logging.NOTSET)

    def requests(self) -> Iterator[Request]:
        """Yield every request to the API."""
        api = [a for a in self.addresses if a.name.startswith("api:")]
        for role, scope in product(ROLES, ApiToken.Scope):
            for method, address in combinations_of(api):
                if address.name != DOCS:
                    yield Request(role, scope, method, address)

    def send(self, request: Request) -> HttpResponse:
        """Return the response to a request."""
        token = self.tokens[request.role, request.scope]
        headers = {"Authorization": f"Bearer {token}"}
        # A token needs no CSRF cookie.
        client = Client(enforce_csrf_checks=True)
        return client.generic(request.method, request.address.path, headers=headers)

    def test_tokens_permit_what_scope_and_user_permit(self) -> None:
        for request in filter(lambda request: request.is_allowed, self.requests()):
            with self.subTest(request), rolled_back():
                status = self.send(request).status_code
                self.assertNotIn(status, {*REFUSALS, HTTPStatus.UNAUTHORIZED})
                self.assertLess(status, 500)

    def test_tokens_permit_nothing_else_and_change_nothing(self) -> None:
        before = all_rows()
        for request in self.requests():
            if not request.is_allowed:
                with self.subTest(request):
                    response = self.send(request)
                    self.assertIn(response.status_code, REFUSALS)
                    self.expect_no_secret(response)
        self.assertEqual(all_rows(), before)

    def test_tokens_open_no_page_outside_the_api(self) -> None:
        for address in self.addresses:
            if not address.name.startswith("api:") or address.name == DOCS:
                row = MATRIX[address.name]
                request = Request(SUPERUSER, ApiToken.Scope.BOTH, "GET", address)
                with self.subTest(address):
                    response = self.send(request)
                    self.expect_no_secret(response)
                    is_public = response.status_code == HTTPStatus.OK
                    self.assertEqual(is_public, "signed out" in row.view)

    def expect_no_secret(self, response: HttpResponse) -> None:
        """Expect a response without imported data."""
        for secret in SECRETS:
            self.assertNotIn(secret, response.getvalue())
