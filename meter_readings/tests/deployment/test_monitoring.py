"""The files of deployment_scripts/monitoring fit Prometheus and the metrics."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
from typing import Any
from unittest import skipUnless

import yaml
from django.test import SimpleTestCase, TestCase
from django.utils import timezone

from config.environment import PROJECT_ROOT
from meter_readings.ops.metrics import render_prometheus
from meter_readings.tests.support.flow_file_builder import EVERY_GROUP
from meter_readings.tests.support.import_helpers import imported

IS_REQUIRED = bool(os.environ.get("D0010_PROGRAMS_REQUIRED"))
FOLDER = PROJECT_ROOT / "deployment_scripts" / "monitoring"
RULES = FOLDER / "alert_rules.yml"
# Exposed where there is a backup, and where a worker has run
OTHER_METRICS = {"d0010_last_backup_age_seconds", "d0010_worker_heartbeat_age_seconds"}


def rules() -> list[dict[str, Any]]:
    [group] = yaml.safe_load(RULES.read_text(encoding="utf-8"))["groups"]
    return list(group["rules"])


def dashboard_queries() -> list[str]:
    text = (FOLDER / "grafana_dashboard.json").read_text(encoding="utf-8")
    panels = json.loads(text)["panels"]
    return [target["expr"] for panel in panels for target in panel["targets"]]


@skipUnless(IS_REQUIRED or shutil.which("promtool"), "promtool is not installed")
class PromtoolTests(SimpleTestCase):
    def assert_passes(self, *words: str) -> None:
        ran = subprocess.run(
            ["promtool", *words], cwd=FOLDER, capture_output=True, text=True
        )
        self.assertEqual(ran.returncode, 0, ran.stdout + ran.stderr)

    def test_every_alert_fires_when_it_should_and_not_else(self) -> None:
        self.assert_passes("test", "rules", "alert_rules_test.yml")

    def test_prometheus_accepts_the_configuration_and_the_rules(self) -> None:
        self.assert_passes("check", "config", "--syntax-only", "prometheus.yml")
        self.assert_passes("check", "rules", "alert_rules.yml")


class AlertTests(SimpleTestCase):
    def test_every_alert_is_tested_and_has_a_remedy_in_the_operations_guide(
        self,
    ) -> None:
        tests = (FOLDER / "alert_rules_test.yml").read_text(encoding="utf-8")
        page = PROJECT_ROOT / "documentation" / "OPERATIONS.md"
        text = page.read_text(encoding="utf-8")
        for rule in rules():
            with self.subTest(rule["alert"]):
                self.assertRegex(tests, rf'{rule["alert"]}\b')
                self.assertIn(f"| `{rule['alert']}` |", text)


class ExposedMetricsTests(TestCase):
    def setUp(self) -> None:
        """Import a file, and send a request."""
        super().setUp()
        imported(EVERY_GROUP)
        self.client.get("/")
        self.text = render_prometheus(now=timezone.now())
        samples = re.findall(r"^(d0010_\w+)", self.text, re.MULTILINE)
        self.names = OTHER_METRICS | set(samples)

    def test_alerts_and_dashboard_use_metrics_that_exist(self) -> None:
        queries = [rule["expr"] for rule in rules()] + dashboard_queries()
        self.assertGreater(len(queries), 25)
        for query in queries:
            with self.subTest(query):
                used = set(re.findall(r"\bd0010_\w+", query))
                self.assertLessEqual(used, self.names)

    def test_alerts_and_dashboard_use_labels_that_metrics_have(self) -> None:
        for query in [rule["expr"] for rule in rules()] + dashboard_queries():
            for name, label, value in re.findall(
                r'(d0010_\w+){(\w+)="([^"]*)"}', query
            ):
                with self.subTest(query):
                    self.assertRegex(self.text, rf'{name}{{[^}}]*{label}="{value}"')
