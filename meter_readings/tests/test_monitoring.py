"""What machines ask from outside: alive, ready, figures for those with the token."""

from __future__ import annotations

import re
from datetime import timedelta
from pathlib import Path
from unittest.mock import patch

from django.conf import settings
from django.contrib.auth.models import User
from django.db import OperationalError, connection
from django.db.migrations.recorder import MigrationRecorder
from django.http import HttpResponse
from django.test import TestCase, override_settings
from django.utils import timezone

from meter_readings import metrics, tokens
from meter_readings.models import ApiToken, ImportJob, Policy
from meter_readings.tests.flow_file_builder import EVERY_GROUP
from meter_readings.tests.import_helpers import import_text, imported

TOKEN = "a token that is known to these tests"


class HealthTests(TestCase):
    def test_says_that_the_process_answers(self) -> None:
        with self.assertNumQueries(0):
            response = self.client.get("/healthz")
        self.assertEqual((response.status_code, response.content), (200, b"ok\n"))

    @override_settings(SECURE_SSL_REDIRECT=True, ALLOWED_HOSTS=["readings.example"])
    def test_answers_by_any_name_and_without_https(self) -> None:
        response = self.client.get("/healthz", headers={"Host": "10.0.0.7:8000"})
        self.assertEqual(response.status_code, 200)

    def test_is_not_kept_by_anybody_on_the_way(self) -> None:
        response = self.client.get("/healthz")
        self.assertEqual(response.headers["Cache-Control"], "no-store")

    def test_serves_no_other_method(self) -> None:
        response = self.client.post("/healthz")
        self.assertEqual(response.status_code, 405)
        self.assertEqual(response.headers["Allow"], "GET, HEAD")


class ReadyTests(TestCase):
    def missing(self) -> list[str]:
        """Return what is missing, which must agree with the status."""
        response = self.client.get("/readyz")
        missing = response.json()["missing"]
        self.assertEqual(response.status_code, 503 if missing else 200)
        self.assertIs(response.json()["ready"], not missing)
        return list(missing)

    def test_is_ready(self) -> None:
        self.assertEqual(self.missing(), [])

    def test_misses_migrations_that_are_not_applied(self) -> None:
        MigrationRecorder(connection).record_unapplied("meter_readings", "0001_initial")
        self.assertEqual(self.missing(), ["migrations"])

    @override_settings(MIN_FREE_MEGABYTES=1 << 40)
    def test_misses_free_disk(self) -> None:
        self.assertEqual(self.missing(), ["disk"])

    def test_misses_the_database_and_does_not_say_where_it_is(self) -> None:
        error = OperationalError("connection to server at 10.1.2.3 failed")
        with patch.object(connection, "cursor", side_effect=error):
            self.assertEqual(self.missing(), ["database", "migrations"])
            self.assertNotContains(
                self.client.get("/readyz"), "10.1.2.3", status_code=503
            )

    def test_asks_the_database_the_same_few_questions_each_time(self) -> None:
        self.missing()
        with self.assertNumQueries(3):
            self.missing()


@override_settings(METRICS_TOKEN=TOKEN)
class MetricsTests(TestCase):
    def ask(self, authorization: str = f"Bearer {TOKEN}") -> HttpResponse:
        """Return the answer to somebody who shows this."""
        headers = {"Authorization": authorization} if authorization else {}
        return self.client.get("/metrics", headers=headers)

    def figures(self) -> dict[str, float]:
        """Return all figures by their names."""
        text = self.ask().content.decode()
        return {
            name: float(figure)
            for name, figure in re.findall(r"^(d0010_\S+) (\S+)$", text, re.MULTILINE)
        }

    @override_settings(METRICS_TOKEN="")
    def test_are_not_there_without_a_token(self) -> None:
        self.assertEqual(self.ask().status_code, 404)
        self.assertEqual(self.ask("Bearer ").status_code, 404)

    def test_are_for_those_who_have_it(self) -> None:
        for authorization in ["", "Bearer another", TOKEN, "Bearer é"]:
            response = self.ask(authorization)
            self.assertEqual(response.status_code, 401, authorization)
            self.assertEqual(response.headers["WWW-Authenticate"], "Bearer")

    def test_are_in_the_format_of_prometheus(self) -> None:
        response = self.ask()
        self.assertEqual(response.headers["Content-Type"], "text/plain; version=0.0.4")
        self.assertContains(response, "# TYPE d0010_readings gauge\nd0010_readings 0\n")

    def test_count_files_by_what_came_of_them_and_their_readings(self) -> None:
        imported(EVERY_GROUP)
        import_text("nothing of the kind", "nothing.txt")
        figures = self.figures()
        self.assertEqual(figures['d0010_flow_files{status="imported"}'], 1)
        self.assertEqual(figures['d0010_flow_files{status="rejected"}'], 1)
        self.assertEqual(figures['d0010_flow_files{status="undone"}'], 0)
        self.assertEqual(figures["d0010_readings"], 3)
        self.assertEqual(figures['d0010_import_jobs{state="finished"}'], 2)

    def test_tell_how_long_ago_a_file_was_imported(self) -> None:
        imported(EVERY_GROUP, now=timezone.now() - timedelta(hours=1))
        age = self.figures()["d0010_last_import_age_seconds"]
        self.assertAlmostEqual(age, 3600, delta=100)

    def test_tell_of_no_import_where_there_was_none(self) -> None:
        self.assertNotIn("d0010_last_import_age_seconds", self.figures())

    def test_tell_running_attempts_from_those_that_fell_silent(self) -> None:
        now = timezone.now()
        for age in (timedelta(), 2 * metrics.SILENT_AFTER):
            ImportJob.objects.create(
                filename="a.uff",
                policy=Policy.STANDARD,
                door=ImportJob.Door.COMMAND,
                started_at=now - age,
                heartbeat_at=now - age,
            )
        figures = self.figures()
        self.assertEqual(figures['d0010_import_jobs{state="running"}'], 2)
        self.assertEqual(figures["d0010_silent_import_jobs"], 1)

    def test_tell_of_free_disk(self) -> None:
        self.assertGreater(self.figures()['d0010_free_disk_bytes{disk="files"}'], 0)

    def test_tell_of_free_disk_where_the_folder_is_not_there_yet(self) -> None:
        with self.settings(MEDIA_ROOT=Path(settings.MEDIA_ROOT, "to", "be", "made")):
            self.assertGreater(self.figures()['d0010_free_disk_bytes{disk="files"}'], 0)

    def test_tell_which_tokens_will_soon_be_good_for_nothing(self) -> None:
        user = User.objects.create_user("program")
        for days in (7, 90):
            tokens.make_token(
                user=user,
                name=f"for {days} days",
                scope=ApiToken.Scope.READ,
                days=days,
                now=timezone.now(),
            )
        figures = self.figures()
        self.assertEqual(figures['d0010_api_tokens{state="active"}'], 1)
        self.assertEqual(figures['d0010_api_tokens{state="expiring"}'], 1)
        self.assertEqual(figures['d0010_api_tokens{state="expired"}'], 0)

    def test_ask_three_questions_however_much_there_is(self) -> None:
        imported(EVERY_GROUP)
        with self.assertNumQueries(3):
            self.ask()

    def test_are_away_when_the_database_is(self) -> None:
        with (
            patch.object(
                connection, "cursor", side_effect=OperationalError("10.1.2.3")
            ),
            self.assertLogs("meter_readings.monitoring") as said,
        ):
            self.assertEqual(self.ask().status_code, 503)
        self.assertNotIn("10.1.2.3", str(said.output))
