"""Metrics: what is counted, from when on, and what lowers a number."""

from __future__ import annotations

import os
import re
import tempfile
from datetime import UTC, datetime, timedelta
from pathlib import Path
from unittest.mock import patch

from django.contrib.auth.models import User
from django.test import TestCase
from django.utils import timezone
from prometheus_client import REGISTRY

import meter_readings
from meter_readings import privacy
from meter_readings.importer import undo_import
from meter_readings.models import FlowFile, ImportJob, Notification, Policy
from meter_readings.ops.metrics import render_prometheus
from meter_readings.tests.management.run_command import FolderTestCase, run
from meter_readings.tests.notifications.rules import DUE, email_rule, record
from meter_readings.tests.support.flow_file_builder import EVERY_GROUP
from meter_readings.tests.support.import_helpers import (
    create_overdue_reading,
    import_text,
    imported,
)

NOON = datetime(2026, 6, 10, 12, tzinfo=UTC)
MPAN = "2000000000015"


def samples(now: datetime) -> dict[str, float]:
    """Return the samples at a time by name and labels."""
    text = render_prometheus(now=now)
    lines = re.findall(r"^(d0010_\S+) (\S+)$", text, re.MULTILINE)
    return {name: float(value) for name, value in lines}


def create_job(**values: object) -> ImportJob:
    """Store a finished import that took a minute."""
    job = {
        "filename": "a.uff",
        "policy": Policy.STANDARD,
        "channel": ImportJob.Channel.COMMAND,
        "state": ImportJob.State.FINISHED,
        "outcome": ImportJob.Outcome.IMPORTED,
        "started_at": NOON - timedelta(minutes=1),
        "finished_at": NOON,
        "heartbeat_at": NOON,
    }
    return ImportJob.objects.create(**job | values)


class ImportMetricsTests(FolderTestCase):
    def count(self, result: str, now: datetime = NOON) -> float:
        return samples(now)[f'd0010_imports_total{{result="{result}"}}']

    def test_imports_of_commands_are_counted_by_result(self) -> None:
        good, bad = self.file("a.uff", EVERY_GROUP), self.file("b.uff", "nonsense")
        for path in (good, good, bad):
            run("import_d0010", path)
        undo_import(
            flow_file=FlowFile.objects.get(filename="a.uff"), now=timezone.now()
        )
        results = ("imported", "already-imported", "rejected", "undone", "failed")
        counts = [self.count(result, timezone.now()) for result in results]
        self.assertEqual(counts, [1, 1, 1, 1, 0])

    def test_an_interrupted_import_is_counted_as_failed(self) -> None:
        create_job(state=ImportJob.State.FAILED, outcome="")
        self.assertEqual(self.count("failed"), 1)

    def test_the_counter_starts_again_at_midnight_utc(self) -> None:
        create_job()
        midnight = datetime(2026, 6, 11, tzinfo=UTC)
        before = midnight - timedelta(seconds=1)
        counts = [self.count("imported", now) for now in (NOON, before, midnight)]
        self.assertEqual(counts, [1, 1, 0])

    def test_an_import_over_midnight_is_counted_when_it_ends(self) -> None:
        midnight = datetime(2026, 6, 11, tzinfo=UTC)
        create_job(
            started_at=midnight - timedelta(hours=1),
            finished_at=midnight + timedelta(hours=1),
        )
        self.assertEqual(self.count("imported", midnight + timedelta(hours=2)), 1)

    def test_the_shortest_retention_does_not_lower_the_counter(self) -> None:
        create_job()
        create_job(started_at=NOON - timedelta(days=3))
        schedule = privacy.Schedule(
            originals=1, rejected=1, import_jobs=1, readings=0, audit_events=0
        )
        before = self.count("imported")
        privacy.apply_retention(schedule=schedule, now=NOON)
        self.assertEqual(ImportJob.objects.count(), 1)
        self.assertEqual((before, self.count("imported")), (1, 1))

    def test_the_duration_of_imports_is_a_histogram(self) -> None:
        for minutes in (1, 4, 120):
            create_job(started_at=NOON - timedelta(minutes=minutes))
        values = samples(NOON)
        name, labels = "d0010_import_duration_seconds", 'result="imported"'
        buckets = {
            limit: values[f'{name}_bucket{{le="{limit}",{labels}}}']
            for limit in ("15.0", "60.0", "300.0", "3600.0", "+Inf")
        }
        self.assertEqual([*buckets.values()], [0, 1, 2, 2, 3])
        self.assertEqual(values[f"{name}_sum{{{labels}}}"], 125 * 60)
        self.assertEqual(values[f"{name}_count{{{labels}}}"], 3)


class GaugeTests(TestCase):
    def test_notifications_that_are_not_sent_are_counted_by_state(self) -> None:
        email_rule()
        record(5)
        first, second, third, *_ = Notification.objects.order_by("pk")
        for row, values in (
            (first, {"status": "sent"}),
            (second, {"status": "failed"}),
            (third, {"due_at": DUE + timedelta(hours=1)}),
        ):
            Notification.objects.filter(pk=row.pk).update(**values)
        values = samples(DUE + timedelta(hours=1))
        counts = {
            state: values[f'd0010_notifications{{state="{state}"}}']
            for state in ("waiting", "overdue", "failed")
        }
        self.assertEqual(counts, {"waiting": 3, "overdue": 2, "failed": 1})

    def test_late_and_missing_readings_are_counted_by_level_and_state(self) -> None:
        imported(EVERY_GROUP)
        create_overdue_reading()
        values = samples(NOON)
        counts = {
            (level, state): values[
                f'd0010_overdue_readings{{level="{level}",state="{state}"}}'
            ]
            for level in ("meter-point", "register")
            for state in ("late", "missing")
        }
        self.assertEqual(sum(counts.values()), 1)
        self.assertEqual(counts["meter-point", "late"], 1)

    def test_a_failed_notification_is_counted_for_a_week(self) -> None:
        email_rule()
        record()
        Notification.objects.update(status="failed")
        values = samples(DUE + timedelta(days=8))
        self.assertEqual(values['d0010_notifications{state="failed"}'], 0)

    def test_findings_of_a_day_are_counted_by_issue_code(self) -> None:
        now = timezone.now()
        for age, name in ((timedelta(days=2), "old.uff"), (timedelta(), "new.uff")):
            import_text("nonsense" + name, name, now=now - age)
        values = samples(timezone.now())
        self.assertEqual(values['d0010_recent_findings{code="not-a-flow-file"}'], 1)
        self.assertEqual(values['d0010_recent_findings{code="empty-file"}'], 0)

    def test_the_age_of_the_latest_backup_is_that_of_its_file(self) -> None:
        name = "d0010_last_backup_age_seconds"
        with tempfile.TemporaryDirectory() as folder:
            with self.settings(BACKUP_ROOT=Path(folder)):
                self.assertNotIn(name, samples(NOON))
                for hours in (30, 2):
                    moment = NOON - timedelta(hours=hours)
                    path = Path(folder, f"d0010-{moment:%Y%m%dT%H%M%S%fZ}.tar.gz")
                    path.touch()
                    os.utime(path, (moment.timestamp(), moment.timestamp()))
                self.assertEqual(samples(NOON)[name], 2 * 3600)

    def test_build_information_has_the_version(self) -> None:
        text = render_prometheus(now=NOON)
        version = re.escape(meter_readings.__version__)
        self.assertRegex(text, rf'd0010_build_info{{.*version="{version}".*}} 1.0')


class RequestMetricsTests(TestCase):
    def requests(self, **labels: str) -> float:
        name = "d0010_http_request_duration_seconds_count"
        return REGISTRY.get_sample_value(name, labels) or 0

    def test_a_request_is_counted_by_method_route_and_status(self) -> None:
        labels = {"method": "GET", "route": "search", "status": "200"}
        self.client.force_login(User.objects.create_superuser("alice"))
        before = self.requests(**labels)
        self.client.get("/search/", {"q": MPAN})
        self.assertEqual(self.requests(**labels), before + 1)

    def test_with_several_processes_requests_are_read_from_their_files_alone(
        self,
    ) -> None:
        self.client.get("/")
        with tempfile.TemporaryDirectory() as folder:
            self.assertIn("d0010_http_request_", render_prometheus(now=NOON))
            with patch.dict(os.environ, PROMETHEUS_MULTIPROC_DIR=folder):
                self.assertNotIn("d0010_http_request_", render_prometheus(now=NOON))

    def test_no_part_of_a_path_is_a_route(self) -> None:
        imported(EVERY_GROUP)
        self.client.force_login(User.objects.create_superuser("alice"))
        for path in (f"/{MPAN}/", f"/api/v1/meters/{MPAN}/", f"/admin/{MPAN}/"):
            self.assertEqual(self.client.get(path).status_code, 404)
        self.client.generic("QUERY" + MPAN, "/")
        self.assertNotIn(MPAN, render_prometheus(now=NOON))
