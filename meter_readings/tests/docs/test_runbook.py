"""OPERATIONS.md names every check and metric, and none that does not exist."""

from __future__ import annotations

import re

import yaml
from django.test import SimpleTestCase, TestCase
from django.utils import timezone

from config.environment import PROJECT_ROOT
from meter_readings.ops.diagnostics import readiness_checks
from meter_readings.ops.metrics import render_prometheus
from meter_readings.tests.support.flow_file_builder import EVERY_GROUP
from meter_readings.tests.support.import_helpers import imported

from . import markdown

DOCUMENTATION = PROJECT_ROOT / "documentation"
PAGE_TEXT = (DOCUMENTATION / "OPERATIONS.md").read_text(encoding="utf-8")


class RunbookCompletenessTests(TestCase):
    def test_operations_guide_has_every_system_check(self) -> None:
        source = (PROJECT_ROOT / "meter_readings/checks.py").read_text(encoding="utf-8")
        ids = re.findall(r"d0010\.[EW]\d+", source)
        self.assertNotEqual(ids, [])
        for check in ids:
            self.assertIn(f"`{check}`", PAGE_TEXT)

    def test_operations_guide_has_every_metric(self) -> None:
        imported(EVERY_GROUP)
        text = render_prometheus(now=timezone.now())
        for name in re.findall(r"^# TYPE (\S+)", text, re.MULTILINE):
            self.assertIn(f"`{name}`", PAGE_TEXT)

    def test_alerts_use_labels_that_metrics_have(self) -> None:
        imported(EVERY_GROUP)
        text = render_prometheus(now=timezone.now())
        [alerts] = markdown.shown("documentation/OPERATIONS.md", "yaml")
        [group] = yaml.safe_load(alerts.command)["groups"]
        for rule in group["rules"]:
            for sample in re.findall(r"d0010_\w+\{.*?\}", rule["expr"]):
                with self.subTest(rule["alert"], metric=sample):
                    self.assertIn(f"\n{sample} ", text)

    def test_operations_guide_has_every_readiness_check(self) -> None:
        for result in readiness_checks():
            self.assertIn(f"| `{result.name}` |", PAGE_TEXT)


class RunbookReferenceTests(SimpleTestCase):
    page = PAGE_TEXT
    source = " ".join(
        (
            path.read_text(encoding="utf-8")
            for path in sorted((PROJECT_ROOT / "meter_readings").rglob("*.py"))
            if "tests" not in path.parts
        )
    )

    def test_every_system_check_in_the_operations_guide_exists(self) -> None:
        for name in re.findall(r"`(d0010\.[EW]\d+)`", self.page):
            with self.subTest(name):
                self.assertTrue(f'"{name}"' in self.source)

    def test_every_metric_in_the_operations_guide_exists(self) -> None:
        for name in set(re.findall(r"\b(d0010_[a-z]\w+)", self.page)):
            with self.subTest(name):
                self.assertTrue(f'"{name.removeprefix("d0010_")}"' in self.source)

    def test_every_quoted_message_in_the_operations_guide_exists(self) -> None:
        tables = re.findall(r"^\| Message (?:.+\n)+", self.page, re.MULTILINE)
        sentences = re.findall(r"\n\| \*([^*]+)\*", "".join(tables))
        self.assertGreater(len(sentences), 5)
        for sentence in sentences:
            with self.subTest(sentence):
                self.assertTrue(sentence.lower() in self.source.lower())
