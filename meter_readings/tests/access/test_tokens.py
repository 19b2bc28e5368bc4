"""Every address, by every method, for tokens of every scope: never more than the user.

The table says what the user may; a token lets through what is in its scope of that.
"""

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
from meter_readings.tests.import_helpers import create_subject_request, imported

from .permission_matrix import (
    INTEGRATION,
    NO_PERMISSIONS,
    SUPERUSER,
    SUPPORT_AGENT,
    TABLE,
)
from .test_every_address import (
    FILENAME,
    METHODS,
    RECEIVED,
    REFUSALS,
    SECRETS,
    everything,
    taken_back,
    token_of,
    user_of,
)
from .urls import Address, addresses

ROLES = (NO_PERMISSIONS, SUPPORT_AGENT, INTEGRATION, SUPERUSER)
# It is a page for people: a token does not open it.
DOCS = "api:docs"


class Question(NamedTuple):
    """Somebody with a role shows a token of a scope at an address."""

    role: str
    scope: ApiToken.Scope
    method: str
    address: Address

    @property
    def is_allowed(self) -> bool:
        """Return whether an answer is due."""
        needed = "read" if self.method in ("GET", "HEAD") else "import"
        is_in_scope = needed in self.scope.split()
        return is_in_scope and self.role in TABLE[self.address.name].may(self.method)


class EveryTokenTests(TestCase):
    addresses: ClassVar[list[Address]]
    tokens: ClassVar[dict[tuple[str, str], str]]

    @classmethod
    def setUpTestData(cls) -> None:
        imported(RECEIVED, FILENAME)
        create_subject_request()
        users = {role: user_of(role) for role in ROLES}
        cls.tokens = {
            (role, scope): token_of(users[role], scope)
            for role, scope in product(ROLES, ApiToken.Scope)
        }
        cls.addresses = addresses(User.objects.create_user("somebody else"))

    def setUp(self) -> None:
        # What is said about refusals is not for the log of the tests.
        logging.disable(logging.ERROR)
        self.addCleanup(logging.disable, logging.NOTSET)

    def questions(self) -> Iterator[Question]:
        """Yield every question to the API."""
        ours = [a for a in self.addresses if a.name.startswith("api:")]
        for question in product(ROLES, ApiToken.Scope, METHODS, ours):
            if question[-1].name != DOCS:
                yield Question(*question)

    def ask(self, question: Question) -> HttpResponse:
        """Return what somebody with the token is answered."""
        token = self.tokens[question.role, question.scope]
        headers = {"Authorization": f"Bearer {token}"}
        # No cookie that could be sent by another site is asked for.
        client = Client(enforce_csrf_checks=True)
        return client.generic(question.method, question.address.path, headers=headers)

    def test_every_token_opens_what_is_in_its_scope_and_its_user_may(self) -> None:
        for question in filter(lambda asked: asked.is_allowed, self.questions()):
            with self.subTest(question), taken_back():
                status = self.ask(question).status_code
                self.assertNotIn(status, {*REFUSALS, HTTPStatus.UNAUTHORIZED})
                self.assertLess(status, 500)

    def test_every_token_opens_nothing_else_and_changes_nothing(self) -> None:
        before = everything()
        for question in self.questions():
            if not question.is_allowed:
                with self.subTest(question):
                    response = self.ask(question)
                    self.assertIn(response.status_code, REFUSALS)
                    self.expect_no_secret(response)
        self.assertEqual(everything(), before)

    def test_every_token_opens_no_page_for_people(self) -> None:
        for address in self.addresses:
            if not address.name.startswith("api:") or address.name == DOCS:
                row = TABLE[address.name]
                question = Question(SUPERUSER, ApiToken.Scope.BOTH, "GET", address)
                with self.subTest(address):
                    response = self.ask(question)
                    self.expect_no_secret(response)
                    is_public = response.status_code == HTTPStatus.OK
                    self.assertEqual(is_public, "signed out" in row.look)

    def expect_no_secret(self, response: HttpResponse) -> None:
        """Expect an answer that tells nothing of what was received."""
        for secret in SECRETS:
            self.assertNotIn(secret, response.getvalue())
