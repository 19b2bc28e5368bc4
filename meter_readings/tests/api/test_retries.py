"""Asking again under the same key: one import, and the same answer."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from unittest.mock import patch

from django.http import HttpResponse
from django.utils import timezone

from meter_readings import importer
from meter_readings.models import FlowFile, ImportJob, KeptAnswer
from meter_readings.tests.api.base import user_with

from .uploading import BAD, GOOD, OTHER, UploadTestCase, squeezed

KEY = "8e03978e-40d5-43dd-bc93-6894a57f9324"


class RetryTestCase(UploadTestCase):
    def sent(
        self,
        data: str | bytes = GOOD,
        name: str = "a.uff",
        key: str = KEY,
        **fields: Any,
    ) -> HttpResponse:
        """Return the answer to a file sent in a form under a key."""
        return self.send(data, name, headers={"Idempotency-Key": key}, **fields)


class SameTests(RetryTestCase):
    def test_is_answered_the_same_and_done_once(self) -> None:
        first, again = self.sent(), self.sent()
        self.report(first, 201)
        self.assertEqual(
            [
                again.status_code,
                again.content,
                again["Location"],
                again["Content-Type"],
            ],
            [
                first.status_code,
                first.content,
                first["Location"],
                first["Content-Type"],
            ],
        )
        self.assertEqual(ImportJob.objects.count(), 1)

    def test_so_is_everything_that_came_of_a_file(self) -> None:
        self.send(GOOD, "taken.uff")
        for number, (status, data, name, fields) in enumerate(
            [
                (200, GOOD, "a.uff", {}),
                (200, OTHER, "a.uff", {"dry_run": "true"}),
                (409, OTHER, "taken.uff", {}),
                (422, BAD, "a.uff", {}),
                (422, squeezed(GOOD)[:-9], "a.uff", {}),
            ]
        ):
            with self.subTest(status, name=name):
                first = self.sent(data, name, str(number), **fields)
                again = self.sent(data, name, str(number), **fields)
                self.report(first, status)
                self.assertEqual(again.status_code, status)
                self.assertEqual(again.content, first.content)

    def test_whether_in_a_form_or_not_makes_no_difference(self) -> None:
        self.report(self.sent(), 201)
        header = {"idempotency_key": KEY}
        self.report(self.send_body(GOOD, **header), 201)

    def test_what_has_become_of_the_file_since_makes_no_difference(self) -> None:
        first = self.sent()
        importer.undo_import(flow_file=FlowFile.objects.get(), now=timezone.now())
        self.assertEqual(self.sent().content, first.content)

    def test_without_a_key_the_bytes_tell(self) -> None:
        self.send(GOOD)
        self.assertIs(self.report(self.send(GOOD), 200)["duplicate"], True)


class OtherTests(RetryTestCase):
    def test_another_file_or_name_or_way_is_refused(self) -> None:
        self.report(self.sent(), 201)
        for data, name, fields in [
            (OTHER, "a.uff", {}),
            (GOOD, "b.uff", {}),
            (GOOD, "a.uff", {"dry_run": "true"}),
            (GOOD, "a.uff", {"policy": "strict"}),
            (GOOD, "a.uff", {"allow_same_name": "true"}),
        ]:
            with self.subTest(name, fields=fields):
                problem = self.report(self.sent(data, name, **fields), 422)
                self.assertIn("new key for each file", problem["detail"])
        self.assertEqual(ImportJob.objects.count(), 1)

    def test_another_user_has_keys_of_their_own(self) -> None:
        self.report(self.sent(), 201)
        self.client.force_login(user_with("import_flowfile"))
        self.report(self.sent(OTHER, "b.uff"), 201)

    def test_a_key_has_only_characters_of_ascii_that_print(self) -> None:
        for key in ["", " ", "ä", "a\tb", "x" * 256]:
            with self.subTest(key[:9]):
                response = self.sent(key=key)
                self.assertEqual(
                    self.complaints(response, 400), [("Idempotency-Key", "invalid")]
                )

    def test_a_key_may_be_quoted_as_the_draft_has_it(self) -> None:
        self.report(self.sent(key=f'"{KEY}"'), 201)


class GoingOnTests(RetryTestCase):
    """The first request has no answer yet, or had none."""

    def begun(self, minutes_ago: float) -> KeptAnswer:
        """Return a request that began so long ago."""
        asked_at = timezone.now() - timedelta(minutes=minutes_ago)
        return KeptAnswer.objects.create(
            user=self.superuser, key=KEY, asked_at=asked_at
        )

    def test_is_to_be_asked_again(self) -> None:
        self.begun(minutes_ago=9)
        response = self.sent()
        self.assertIn("going on", self.report(response, 409)["detail"])
        self.assertEqual(response["Retry-After"], "5")
        self.assertIs(ImportJob.objects.exists(), False)

    def test_is_done_anew_where_it_was_broken_off(self) -> None:
        self.begun(minutes_ago=11)
        first = self.sent()
        self.report(first, 201)
        self.assertEqual(self.sent().content, first.content)

    def test_is_done_anew_by_one_of_those_who_ask(self) -> None:
        self.begun(minutes_ago=11)
        # Another takes it between the look and the claim.
        seen = KeptAnswer.objects.get()
        KeptAnswer.objects.update(asked_at=timezone.now())
        with patch.object(
            KeptAnswer.objects, "get_or_create", return_value=(seen, False)
        ):
            self.report(self.sent(), 409)

    def test_what_may_come_out_better_is_not_kept(self) -> None:
        busy = importer.Busy("Another file is being loaded.")
        with patch("meter_readings.importer.import_flow_file", side_effect=busy):
            self.report(self.sent(), 503)
        self.report(self.sent(), 201)

    def test_nor_is_a_mistake_of_ours(self) -> None:
        self.client.raise_request_exception = False
        with patch("meter_readings.importer.import_flow_file", side_effect=ValueError):
            self.report(self.sent(), 500)
        self.report(self.sent(), 201)

    def test_nor_is_a_request_that_made_no_sense(self) -> None:
        self.report(self.sent(policy="mild"), 400)
        self.report(self.sent(), 201)


class KeptTests(RetryTestCase):
    def age(self, **since: float) -> None:
        """Let what is kept be older."""
        KeptAnswer.objects.update(asked_at=timezone.now() - timedelta(**since))

    def test_for_a_day_at_least(self) -> None:
        self.sent()
        self.age(hours=25)
        self.report(self.sent(), 201)

    def test_not_for_ever(self) -> None:
        self.sent()
        self.age(seconds=KeptAnswer.KEPT_FOR.total_seconds() + 1)
        self.assertIs(self.report(self.sent(), 200)["duplicate"], True)

    def test_no_longer_than_its_file_where_all_is_cleared(self) -> None:
        self.sent()
        importer.clear_database(now=timezone.now() + timedelta(hours=1))
        self.report(self.sent(), 201)

    def test_costs_a_fixed_number_of_questions(self) -> None:
        self.sent()
        # Session, user, what is too old, what is kept
        with self.assertNumQueries(4):
            self.sent()
