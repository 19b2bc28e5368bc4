"""Every address, by every method, for every role: as the table says, and no other."""

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
from meter_readings.d0010.mpan import shown
from meter_readings.models import (
    ApiToken,
    Finding,
    FlowFile,
    ImportJob,
    MeterPoint,
    SiteVisit,
)
from meter_readings.templatetags.formatting import mpan as grouped
from meter_readings.tests.flow_file_builder import EVERY_GROUP, mpan_core
from meter_readings.tests.import_helpers import create_subject_request, imported

from .permission_matrix import (
    BARE_STAFF,
    INTEGRATION,
    NO_PERMISSIONS,
    ROLES,
    SIGNED_OUT,
    SUPERUSER,
    TABLE,
)
from .urls import Address, addresses

METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")
# What must not be told to those who may not look; no example has the same.
MPAN, SERIAL_NUMBER, FILENAME = mpan_core(8_642_097), "HIDDEN0001", "secret.uff"
# As pages write it, in groups that are copied as one number.
MPAN_IN_GROUPS = str(grouped(MPAN))
SECRETS = [
    secret.encode()
    for secret in (MPAN, shown(MPAN), MPAN_IN_GROUPS, SERIAL_NUMBER, FILENAME)
]
RECEIVED = EVERY_GROUP.replace("1000000000003", MPAN).replace(
    "TST0000001", SERIAL_NUMBER
)
KNOW_NOTHING = (SIGNED_OUT, NO_PERMISSIONS, BARE_STAFF)
OUTSIDE_THE_ADMIN = (SIGNED_OUT, NO_PERMISSIONS, INTEGRATION)
# What no page of a browser asks by.
UNUSUAL = ("PUT", "PATCH", "DELETE", "OPTIONS")
NOT_SERVED = HTTPStatus.METHOD_NOT_ALLOWED
REFUSALS = {HTTPStatus.FORBIDDEN, HTTPStatus.NOT_FOUND, NOT_SERVED}


class Question(NamedTuple):
    """Somebody with a role asks something of an address."""

    role: str
    method: str
    address: Address


def user_of(role: str) -> User | None:
    """Return somebody with a role, new, or None for nobody."""
    if role == SIGNED_OUT:
        return None
    if role == SUPERUSER:
        return User.objects.create_superuser(role)
    is_staff = role not in (NO_PERMISSIONS, INTEGRATION)
    user = User.objects.create_user(role, is_staff=is_staff)
    user.groups.set(Group.objects.filter(name=role))
    return user


def token_of(user: User, scope: ApiToken.Scope) -> str:
    """Return a token that somebody was given, and has used by now."""
    now = timezone.now()
    token, secret = api_tokens.create_token(
        user=user, name=f"{scope} of {user}", scope=scope, days=1, now=now
    )
    ApiToken.objects.filter(pk=token.pk).update(last_used_at=now)
    return secret


def everything() -> dict[str, list[tuple[Any, ...]]]:
    """Return all rows of all tables, but for who is signed in."""
    return {
        model._meta.label: list(model._base_manager.order_by("pk").values_list())
        for model in apps.get_models()
        if model is not Session
    }


def leads_to_sign_in(response: HttpResponse) -> bool:
    """Return whether an answer asks to sign in first; programs are told by a number."""
    if response.status_code == HTTPStatus.UNAUTHORIZED:
        return True
    # The index leads there as well.
    return response.status_code == HTTPStatus.FOUND and (
        response["Location"] == "/admin/"
        or response["Location"].startswith("/admin/login/")
    )


@contextmanager
def taken_back() -> Iterator[None]:
    """Take back what is done inside, as a test's own end does: undoings too."""
    block = transaction.atomic()
    # Or else a load would refuse to be inside another transaction.
    block._from_testcase = True
    with block:
        yield
        transaction.set_rollback(True)


class EveryAddressTests(TestCase):
    addresses: ClassVar[list[Address]]
    sessions: ClassVar[dict[str, str | None]]

    @classmethod
    def setUpTestData(cls) -> None:
        imported(RECEIVED, FILENAME)
        create_subject_request()
        cls.sessions = {role: cls.session_of(role) for role in ROLES}
        token_of(User.objects.get(username=SUPERUSER), ApiToken.Scope.READ)
        cls.addresses = addresses(User.objects.create_user("somebody else"))

    @staticmethod
    def session_of(role: str) -> str | None:
        """Return the session of somebody with a role who has just signed in."""
        user = user_of(role)
        if user is None:
            return None
        client = Client()
        client.force_login(user)
        return client.cookies[settings.SESSION_COOKIE_NAME].value

    def setUp(self) -> None:
        # What is said about refusals is not for the log of the tests.
        logging.disable(logging.ERROR)
        self.addCleanup(logging.disable, logging.NOTSET)

    def ask(self, question: Question, **options: Any) -> HttpResponse:
        """Return what somebody with the role is answered."""
        client = Client(**options)
        if session := self.sessions[question.role]:
            client.cookies[settings.SESSION_COOKIE_NAME] = session
        response = client.generic(question.method, question.address.path)
        # Nobody on the way keeps it for others; refusals neither.
        self.assertRegex(response["Cache-Control"], "no-store|private")
        return response

    def questions(self, *, allowed: bool) -> Iterator[Question]:
        """Yield who may ask what by which method, or who may not."""
        for role, address, method in product(ROLES, self.addresses, METHODS):
            if (role in TABLE[address.name].may(method)) is allowed:
                yield Question(role, method, address)

    def test_every_address_is_in_the_table_and_no_other(self) -> None:
        self.assertEqual(
            sorted({address.name for address in self.addresses}), sorted(TABLE)
        )

    def test_there_is_something_to_see_of_every_kind(self) -> None:
        for model in (FlowFile, MeterPoint, SiteVisit, Finding, ImportJob):
            self.assertIs(model.objects.exists(), True, model)

    def test_who_may_look_sees_what_is_kept_from_others(self) -> None:
        lists = (
            ("admin:meter_readings_meterpoint_changelist", MPAN_IN_GROUPS),
            ("admin:meter_readings_meter_changelist", SERIAL_NUMBER),
            ("admin:meter_readings_flowfile_changelist", FILENAME),
        )
        places = {address.name: address for address in self.addresses}
        for name, secret in lists:
            response = self.ask(Question(SUPERUSER, "GET", places[name]))
            self.assertContains(response, secret)

    def test_who_may_gets_an_answer(self) -> None:
        for question in self.questions(allowed=True):
            with self.subTest(question), taken_back():
                response = self.ask(question)
                self.assertNotIn(response.status_code, REFUSALS)
                self.assertLess(response.status_code, 500)
                if question.address.name != "admin:login":
                    self.assertIs(leads_to_sign_in(response), False)
                if question.role in KNOW_NOTHING:
                    self.expect_no_secret(response)

    def test_who_may_not_is_refused_and_changes_nothing(self) -> None:
        before = everything()
        for role, questions in groupby(self.questions(allowed=False), itemgetter(0)):
            for question in questions:
                with self.subTest(question):
                    response = self.ask(question)
                    self.expect_refusal(question, response)
                    self.expect_no_secret(response)
            with self.subTest(role):
                self.assertEqual(everything(), before)

    def test_nobody_changes_anything_from_another_site(self) -> None:
        before = everything()
        for question in self.questions(allowed=True):
            if question.role == SUPERUSER and question.method not in ("GET", "HEAD"):
                with self.subTest(question):
                    response = self.ask(question, enforce_csrf_checks=True)
                    self.assertEqual(response.status_code, HTTPStatus.FORBIDDEN)
        self.assertEqual(everything(), before)

    def expect_refusal(self, question: Question, response: HttpResponse) -> None:
        """Expect the refusal that is right for who asked."""
        role, method, address = question
        row = TABLE[address.name]
        if role in row.look and not row.may(method) and method in UNUSUAL:
            self.assertEqual(response.status_code, NOT_SERVED)
        elif role == SIGNED_OUT and row.may(method):
            self.assertIs(leads_to_sign_in(response), True)
        elif not (role in OUTSIDE_THE_ADMIN and leads_to_sign_in(response)):
            self.assertIn(response.status_code, REFUSALS)

    def expect_no_secret(self, response: HttpResponse) -> None:
        """Expect an answer that tells nothing of what was received."""
        for secret in SECRETS:
            self.assertNotIn(secret, response.getvalue())
