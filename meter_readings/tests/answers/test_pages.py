"""Tests of the page of a meter point and of the search, which are cached."""

from __future__ import annotations

from django.contrib.auth.models import User
from django.test import Client

from meter_readings import importer
from meter_readings.models import MeterPoint, MeterPointNote
from meter_readings.tests.support.import_helpers import NOW
from meter_readings.tests.support.users import user_with_permissions

from .test_api import CachedAnswersTestCase
from .testcases import MPAN, SEARCH, import_reading, page_url, page_value

NAMES = ("view_meterpoint", "view_reading", "view_meterpointnote", "add_meterpointnote")


class MeterPointPageTests(CachedAnswersTestCase):
    def test_a_page_that_is_asked_again_comes_from_the_cache(self) -> None:
        url = page_url()
        self.assertEqual(self.counts_of(url, url), (1, 1))

    def test_other_form_values_are_another_page(self) -> None:
        url = page_url()
        urls = [url, f"{url}?period=all", f"{url}?basis=actual"]
        self.assertEqual(self.counts_of(*urls), (0, 3))

    def test_a_correction_and_its_undo_are_seen_at_once(self) -> None:
        url = page_url()
        self.assertEqual(page_value(self.client, url), ["1.0"])
        correction = import_reading(2)
        self.assertEqual(page_value(self.client, url), ["2.0"])
        importer.undo_import(flow_file=correction, now=NOW)
        self.assertEqual(page_value(self.client, url), ["1.0"])

    def test_notes_are_not_cached(self) -> None:
        url = page_url()
        self.assertNotContains(self.client.get(url), "Dog in the yard")
        note = MeterPointNote.objects.create(
            mpan=MPAN, text="Dog in the yard", written_by=self.superuser, written_at=NOW
        )
        self.assertContains(self.client.get(url), "Dog in the yard")
        note.delete()
        self.assertNotContains(self.client.get(url), "Dog in the yard")

    def test_telephone_numbers_are_those_of_the_settings(self) -> None:
        url = page_url()
        for number in ("0800 111", "0800 222"):
            with self.settings(PARTICIPANT_TELEPHONES={"UDMS": number}):
                self.assertContains(self.client.get(url), number)


class SharedPageTests(CachedAnswersTestCase):
    """Two users with the same permissions get the same cached parts."""

    def setUp(self) -> None:
        self.clients = []
        for name in ("margaret", "geoffrey"):
            client = Client()
            client.force_login(user_with_permissions(*NAMES, name=name))
            self.clients.append(client)
        url = page_url()
        self.pages = [client.get(url) for client in self.clients]

    def test_the_cached_parts_are_the_same(self) -> None:
        one, other = (page.context["before_notes"] for page in self.pages)
        self.assertIn("Latest readings", one)
        self.assertEqual(one, other)

    def test_each_page_has_the_name_and_the_csrf_token_of_its_own_user(self) -> None:
        names = ["margaret", "geoffrey"]
        for page, own, other in zip(self.pages, names, reversed(names), strict=True):
            self.assertContains(page, own)
            self.assertNotContains(page, other)
            part = page.context["before_notes"] + page.context["after_notes"]
            self.assertNotIn("csrfmiddlewaretoken", part)
            self.assertNotIn(own, part)
            self.assertContains(page, "csrfmiddlewaretoken")

    def test_a_message_is_shown_once_to_its_user(self) -> None:
        margaret, geoffrey = self.clients
        url = page_url()
        margaret.post(f"{url.removesuffix('change/')}notes/", {"text": "Gate code 1"})
        self.assertContains(margaret.get(url), "Note added.")
        self.assertNotContains(margaret.get(url), "Note added.")
        self.assertNotContains(geoffrey.get(url), "Note added.")

    def test_what_a_user_may_not_view_is_not_in_the_page(self) -> None:
        client = Client()
        client.force_login(user_with_permissions("view_meterpoint", name="eve"))
        self.assertNotContains(client.get(page_url()), "Latest readings")


class SearchTests(CachedAnswersTestCase):
    def search(self, client: Client | None = None) -> str:
        response = (client or self.client).get(SEARCH)
        return response.headers.get("Location", "")

    def test_a_search_for_an_mpan_is_answered_from_the_cache(self) -> None:
        self.assertEqual(self.search(), page_url())
        self.assertEqual(self.search(), page_url())
        queries = 3  # The session, the user and the data version.
        with self.assertNumQueries(queries):
            self.search()

    def test_a_meter_point_that_is_gone_is_not_found(self) -> None:
        self.search()
        importer.undo_import(flow_file=self.file, now=NOW)
        self.assertIs(MeterPoint.objects.exists(), False)
        self.assertEqual(self.search(), "")

    def test_a_meter_point_that_is_new_is_found(self) -> None:
        importer.undo_import(flow_file=self.file, now=NOW)
        self.assertEqual(self.search(), "")
        import_reading(1)
        self.assertEqual(self.search(), page_url())

    def test_a_user_without_permission_is_not_redirected(self) -> None:
        self.search()
        self.silence_request_log()
        client = Client()
        client.force_login(User.objects.create_user("eve", is_staff=True))
        self.assertEqual(client.get(SEARCH).status_code, 403)

    def test_other_texts_are_not_cached(self) -> None:
        before = self.client.get("/search/?q=SERIAL0001")
        self.assertEqual(before.status_code, 302)
        with self.assertNumQueries(5):
            self.client.get("/search/?q=SERIAL0001")
