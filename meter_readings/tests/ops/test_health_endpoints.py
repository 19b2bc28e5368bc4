"""Tests of /healthz, /readyz and /metrics."""

from __future__ import annotations

import os
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

from meter_readings.accounts import api_tokens
from meter_readings.models import STALLED_AFTER, ApiToken, ImportJob, Policy
from meter_readings.tests.support.flow_file_builder import EVERY_GROUP
from meter_readings.tests.support.import_helpers import import_text, imported

TOKEN = "a token that is known to these tests"


class HealthzTests(TestCase):
    def test_healthz_answers_without_a_query(self) -> None:
        with self.assertNumQueries(0):
            response = self.client.get("/healthz")
        self.assertEqual((response.status_code, response.content), (200, b"ok\n"))

    @override_settings(SECURE_SSL_REDIRECT=True, ALLOWED_HOSTS=["readings.example"])
    def test_healthz_answers_for_any_host_and_without_https(self) -> None:
        response = self.client.get("/healthz", headers={"Host": "10.0.0.7:8000"})
        self.assertEqual(response.status_code, 200)

    def test_healthz_is_not_cached(self) -> None:
        response = self.client.get("/healthz")
        self.assertEqual(response.headers["Cache-Control"], "no-store")

    def test_healthz_refuses_other_methods(self) -> None:
        response = self.client.post("/healthz")
        self.assertEqual(response.status_code, 405)
        self.assertEqual(response.headers["Allow"], "GET, HEAD")


class ReadyzTests(TestCase):
    def missing(self) -> list[str]:
        """Return the names of the failed checks; the status must agree."""
        response = self.client.get("/readyz")
        missing = response.json()["missing"]
        self.assertEqual(response.status_code, 503 if missing else 200)
        self.assertIs(response.json()["ready"], not missing)
        return list(missing)

    def test_readyz_answers_200_if_every_check_passes(self) -> None:
        self.assertEqual(self.missing(), [])

    def test_readyz_reports_a_folder_that_cannot_be_written(self) -> None:
        engine = "django.contrib.sessions.backends.file"
        with self.settings(SESSION_ENGINE=engine):
            self.assertEqual(self.missing(), [])
            with patch.object(os, "access", return_value=False):
                self.assertEqual(self.missing(), ["write access"])

    def test_readyz_reports_migrations_that_are_not_applied(self) -> None:
        MigrationRecorder(connection).record_unapplied("meter_readings", "0001_initial")
        self.assertEqual(self.missing(), ["migrations"])

    @override_settings(MIN_FREE_DISK_MB=1 << 40)
    def test_readyz_reports_too_little_free_disk_space(self) -> None:
        self.assertEqual(self.missing(), ["disk"])

    def test_readyz_reports_the_database_without_its_address(self) -> None:
        error = OperationalError("connection to server at 10.1.2.3 failed")
        with patch.object(connection, "cursor", side_effect=error):
            self.assertEqual(self.missing(), ["database", "migrations"])
            self.assertNotContains(
                self.client.get("/readyz"), "10.1.2.3", status_code=503
            )

    def test_readyz_needs_four_queries(self) -> None:
        self.missing()
        with self.assertNumQueries(4):
            self.missing()


@override_settings(METRICS_TOKEN=TOKEN)
class MetricsTests(TestCase):
    def ask(self, authorization: str = f"Bearer {TOKEN}") -> HttpResponse:
        """Return the response to an Authorization header."""
        headers = {"Authorization": authorization} if authorization else {}
        return self.client.get("/metrics", headers=headers)

    def values(self) -> dict[str, float]:
        """Return the metrics by name."""
        text = self.ask().content.decode()
        return {
            name: float(figure)
            for name, figure in re.findall(r"^(d0010_\S+) (\S+)$", text, re.MULTILINE)
        }

    @override_settings(METRICS_TOKEN="")
    def test_metrics_are_not_found_without_the_setting(self) -> None:
        self.assertEqual(self.ask().status_code, 404)
        self.assertEqual(self.ask("Bearer ").status_code, 404)

    def test_metrics_need_the_token(self) -> None:
        for authorization in ["", "Bearer another", TOKEN, "Bearer é"]:
            response = self.ask(authorization)
            self.assertEqual(response.status_code, 401, authorization)
            self.assertEqual(response.headers["WWW-Authenticate"], "Bearer")

    def test_metrics_are_in_the_text_format_of_prometheus(self) -> None:
        response = self.ask()
        content_type = response.headers["Content-Type"]
        self.assertEqual(content_type, "text/plain; version=0.0.4; charset=utf-8")
        self.assertContains(
            response, "# TYPE d0010_readings gauge\nd0010_readings 0.0\n"
        )

    def test_metrics_count_files_by_status_and_readings(self) -> None:
        imported(EVERY_GROUP)
        import_text("nothing of the kind", "nothing.txt")
        values = self.values()
        self.assertEqual(values['d0010_flow_files{status="imported"}'], 1)
        self.assertEqual(values['d0010_flow_files{status="rejected"}'], 1)
        self.assertEqual(values['d0010_flow_files{status="undone"}'], 0)
        self.assertEqual(values["d0010_readings"], 3)

    def test_metrics_have_the_age_of_the_latest_import(self) -> None:
        imported(EVERY_GROUP, now=timezone.now() - timedelta(hours=1))
        age = self.values()["d0010_last_import_age_seconds"]
        self.assertAlmostEqual(age, 3600, delta=100)

    def test_metrics_have_no_age_without_an_import(self) -> None:
        self.assertNotIn("d0010_last_import_age_seconds", self.values())

    def test_metrics_count_stalled_import_jobs(self) -> None:
        now = timezone.now()
        for age in (timedelta(), 2 * STALLED_AFTER):
            ImportJob.objects.create(
                filename="a.uff",
                policy=Policy.STANDARD,
                channel=ImportJob.Channel.COMMAND,
                started_at=now - age,
                heartbeat_at=now - age,
            )
        values = self.values()
        self.assertEqual(values['d0010_running_import_jobs{phase="receiving"}'], 2)
        self.assertEqual(values["d0010_stalled_import_jobs"], 1)

    def test_metrics_have_the_free_disk_space(self) -> None:
        self.assertGreater(self.values()['d0010_free_disk_bytes{disk="files"}'], 0)

    def test_metrics_have_the_free_space_of_a_directory_that_does_not_exist_yet(
        self,
    ) -> None:
        with self.settings(MEDIA_ROOT=Path(settings.MEDIA_ROOT, "to", "be", "made")):
            self.assertGreater(self.values()['d0010_free_disk_bytes{disk="files"}'], 0)

    def test_metrics_count_api_tokens_by_state(self) -> None:
        user = User.objects.create_user("program")
        for days in (7, 90):
            api_tokens.create_token(
                user=user,
                name=f"for {days} days",
                scope=ApiToken.Scope.READ,
                days=days,
                now=timezone.now(),
            )
        values = self.values()
        self.assertEqual(values['d0010_api_tokens{state="active"}'], 1)
        self.assertEqual(values['d0010_api_tokens{state="expiring"}'], 1)
        self.assertEqual(values['d0010_api_tokens{state="expired"}'], 0)

    def test_metrics_need_ten_queries_however_many_files_there_are(self) -> None:
        for number in range(3):
            text = EVERY_GROUP.replace("TEST000001", f"TEST00000{number}")
            imported(text, f"{number}.uff", now=timezone.now())
        with self.assertNumQueries(11):
            self.ask()

    def test_metrics_answer_503_without_the_database(self) -> None:
        with (
            patch.object(
                connection, "cursor", side_effect=OperationalError("10.1.2.3")
            ),
            self.assertLogs("meter_readings.ops.health_endpoints") as logs,
        ):
            self.assertEqual(self.ask().status_code, 503)
        self.assertNotIn("10.1.2.3", str(logs.output))
