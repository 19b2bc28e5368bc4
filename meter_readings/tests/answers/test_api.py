"""Tests of answers of the API that are cached."""

from __future__ import annotations

from django.contrib.auth.models import User
from django.core.cache import caches
from django.test import Client, TestCase, override_settings

from meter_readings import importer
from meter_readings.models import DataVersion
from meter_readings.ops import answer_cache
from meter_readings.ops.metrics import render_prometheus
from meter_readings.tests.support.import_helpers import NOW, imported
from meter_readings.tests.support.users import SignedInTestCase, user_with_permissions

from .testcases import (
    ANSWERS,
    HISTORY,
    LATEST,
    METER_POINT,
    READINGS,
    hits_and_misses,
    import_reading,
    values,
)


class CachedAnswersTestCase(SignedInTestCase):
    """One reading is imported."""

    @classmethod
    def setUpTestData(cls) -> None:
        super().setUpTestData()
        cls.file = import_reading(1)

    def counts_of(self, *urls: str, client: Client | None = None) -> tuple[float, ...]:
        """Request some URLs; return how many hits and misses they were."""
        before = hits_and_misses()
        for url in urls:
            self.assertEqual((client or self.client).get(url).status_code, 200)
        after = hits_and_misses()
        return tuple(new - old for new, old in zip(after, before, strict=True))


class RepeatedRequestTests(CachedAnswersTestCase):
    def test_an_answer_that_is_asked_again_comes_from_the_cache(self) -> None:
        for url in ANSWERS:
            with self.subTest(url):
                self.assertEqual(self.counts_of(url, url, url), (2, 1))

    def test_the_cached_answer_is_the_first_one_with_the_same_headers(self) -> None:
        for url in ANSWERS:
            first, again = self.client.get(url), self.client.get(url)
            with self.subTest(url):
                self.assertEqual(again.content, first.content)
                for response in (first, again):
                    del response.headers["X-Request-ID"]
                self.assertEqual(again.headers, first.headers)

    def test_parameters_in_another_order_are_the_same_question(self) -> None:
        one, other = "&register_id=S&page_size=5", "&page_size=5&register_id=S"
        self.assertEqual(self.counts_of(READINGS + one, READINGS + other), (1, 1))

    def test_other_parameters_are_another_question(self) -> None:
        questions = ["", "&register_id=S", "&register_id=T", "&version_status=all"]
        urls = [READINGS + question for question in questions]
        self.assertEqual(self.counts_of(*urls), (0, 4))

    def test_an_answer_has_the_urls_of_the_host_that_was_asked(self) -> None:
        hosts = "testserver", "127.0.0.1"
        with override_settings(ALLOWED_HOSTS=hosts):
            for host in hosts:
                response = self.client.get(METER_POINT, headers={"Host": host})
                url = response.json()["links"]["self"]
                self.assertTrue(url.startswith(f"http://{host}/api/"), url)

    def test_indented_json_is_another_answer(self) -> None:
        plain = self.client.get(READINGS)
        accept = {"Accept": "application/json; indent=4"}
        indented = self.client.get(READINGS, headers=accept)
        self.assertNotEqual(indented.content, plain.content)
        self.assertEqual(indented.json(), plain.json())

    def test_head_has_the_headers_of_the_cached_answer_and_no_body(self) -> None:
        first = self.client.get(READINGS)
        head = self.client.head(READINGS)
        self.assertEqual(head.content, b"")
        self.assertEqual(head["Content-Type"], first["Content-Type"])


class MetricTests(CachedAnswersTestCase):
    def test_hits_and_misses_are_metrics_of_the_site(self) -> None:
        self.counts_of(READINGS, READINGS)
        hits, misses = hits_and_misses()
        text = render_prometheus(now=NOW)
        self.assertIn(f'd0010_cached_answers_total{{result="hit"}} {hits}', text)
        self.assertIn(f'd0010_cached_answers_total{{result="miss"}} {misses}', text)


class NotCachedTests(CachedAnswersTestCase):
    def test_lists_that_name_no_meter_point_are_not_cached(self) -> None:
        urls = ["readings/", "meter-points/", "meters/", "flow-files/", "imports/"]
        paths = [f"/api/v1/{url}" for url in urls]
        self.assertEqual(self.counts_of(*paths, *paths), (0, 0))

    def test_exports_are_not_cached(self) -> None:
        url = f"{HISTORY}?format=csv"
        self.assertEqual(self.counts_of(url, url), (0, 0))

    def test_errors_are_not_cached(self) -> None:
        unknown = METER_POINT.replace("2000000000015", "2000000000024")
        self.silence_request_log()
        for _ in range(2):
            self.assertEqual(self.client.get(unknown).status_code, 404)
            wrong = self.client.get(f"{READINGS}&ordering=line_number")
            self.assertEqual(wrong.status_code, 400)
        self.assertEqual(len(caches["answers"]._cache), 0)

    def test_an_answer_of_more_than_256_kb_is_not_cached(self) -> None:
        size = len(self.client.get(READINGS).content)
        caches["answers"].clear()
        for limit, counts in ((size, (1, 1)), (size - 1, (0, 2))):
            with self.subTest(limit), self.settings():
                caches["answers"].clear()
                self.addCleanup(setattr, answer_cache, "MAX_BYTES", 256 * 1024)
                answer_cache.MAX_BYTES = limit
                self.assertEqual(self.counts_of(READINGS, READINGS), counts)

    def test_nothing_is_cached_without_a_data_version(self) -> None:
        DataVersion.objects.all().delete()
        self.assertEqual(self.counts_of(READINGS, READINGS), (0, 2))


class KeyTests(CachedAnswersTestCase):
    def test_keys_do_not_show_the_mpan(self) -> None:
        self.client.get(READINGS)
        [key] = caches["answers"]._cache
        self.assertRegex(key, "^:1:[0-9a-f]{64}$")

    def test_an_answer_is_kept_for_five_minutes(self) -> None:
        self.client.get(READINGS)
        [key] = caches["answers"]._cache
        self.assertIs(caches["answers"].touch(key[3:], 0), True)
        self.assertEqual(answer_cache.SECONDS, 300)
        self.assertEqual(self.counts_of(READINGS), (0, 1))


class ChangedDataTests(CachedAnswersTestCase):
    def test_an_import_renews_every_answer(self) -> None:
        before = [self.client.get(url).content for url in ANSWERS]
        imported(
            "ZHV|OTHER00001|D0010002|D|UDMS|X|MRCY|20240403070000||||OPER|\n"
            "026|2000000000015|V|\n028|SERIAL0001|R|\n"
            "030|S|20240201000000|9.0|||T|N|\nZPT|OTHER00001|3||1|20240403070000|\n",
            "other.uff",
        )
        self.assertEqual(values(self.client, READINGS), ["9.0", "1.0"])
        self.assertEqual(values(self.client, LATEST), ["9.0"])
        self.assertEqual(self.counts_of(*ANSWERS)[0], 2)
        after = [self.client.get(url).content for url in ANSWERS]
        # The meter point itself is the same.
        self.assertEqual(after[-2:], before[-2:])
        for old, new in zip(before[:-2], after[:-2], strict=True):
            self.assertNotEqual(old, new)

    def test_a_correction_and_its_undo_are_seen_at_once(self) -> None:
        self.assertEqual(values(self.client, READINGS), ["1.0"])
        correction = import_reading(2)
        self.assertEqual(values(self.client, READINGS), ["2.0"])
        importer.undo_import(flow_file=correction, now=NOW)
        self.assertEqual(values(self.client, READINGS), ["1.0"])

    def test_a_dry_run_of_an_undo_changes_no_version(self) -> None:
        before = DataVersion.objects.current_text()
        importer.undo_import(flow_file=self.file, now=NOW, dry_run=True)
        self.assertEqual(DataVersion.objects.current_text(), before)

    def test_cleared_data_are_not_answered(self) -> None:
        self.assertEqual(self.counts_of(READINGS, LATEST), (0, 2))
        importer.clear_database(now=NOW)
        self.assertEqual(values(self.client, READINGS), [])
        self.assertEqual(values(self.client, LATEST), [])


class AccessTests(CachedAnswersTestCase):
    """Permissions are checked at every request, before the cache is read."""

    def client_of(self, user: User) -> Client:
        client = Client()
        client.force_login(user)
        return client

    def test_a_user_without_permission_gets_no_cached_answer(self) -> None:
        self.assertEqual(self.counts_of(*ANSWERS)[1], len(ANSWERS))
        self.silence_request_log()
        stranger = self.client_of(user_with_permissions("view_finding"))
        for url in ANSWERS:
            self.assertEqual(stranger.get(url).status_code, 403, url)
            self.assertEqual(Client().get(url).status_code, 401, url)

    def test_a_permission_that_is_taken_away_counts_at_once(self) -> None:
        user = user_with_permissions("view_reading")
        client = self.client_of(user)
        self.assertEqual(self.counts_of(READINGS, READINGS, client=client), (1, 1))
        user.user_permissions.clear()
        self.silence_request_log()
        self.assertEqual(client.get(READINGS).status_code, 403)

    def test_users_with_the_same_permissions_share_answers(self) -> None:
        for name, counts in (("one", (0, 1)), ("other", (1, 0))):
            client = self.client_of(user_with_permissions("view_reading", name=name))
            self.assertEqual(self.counts_of(READINGS, client=client), counts)

    def test_users_with_other_permissions_do_not(self) -> None:
        for codenames in (["view_reading"], ["view_reading", "view_finding"]):
            user = user_with_permissions(*codenames, name=str(len(codenames)))
            counts = self.counts_of(READINGS, client=self.client_of(user))
            self.assertEqual(counts, (0, 1))


class DataVersionTests(TestCase):
    def test_the_migration_gives_the_first_version(self) -> None:
        self.assertRegex(str(DataVersion.objects.get()), "^[0-9a-f]{32}$")

    def test_every_renewal_gives_another_version(self) -> None:
        versions = set()
        for _ in range(5):
            DataVersion.objects.renew()
            versions.add(DataVersion.objects.current_text())
        self.assertEqual(len(versions), 5)
