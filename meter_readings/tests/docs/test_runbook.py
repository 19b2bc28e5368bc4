"""OPERATIONS.md names every check and metric, and none that does not exist."""

from __future__ import annotations

import json
import re
import tempfile
from pathlib import Path

from django.test import SimpleTestCase, TestCase
from django.utils import timezone

from config.environment import PROJECT_ROOT
from meter_readings.ops import worker_heartbeat
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

    def test_operations_guide_has_every_metric_and_no_other(self) -> None:
        imported(EVERY_GROUP)
        self.client.get("/")
        with tempfile.TemporaryDirectory() as folder:
            Path(folder, "d0010-20260102T030405000000Z.tar.gz").touch()
            with (
                self.settings(BACKUP_ROOT=Path(folder)),
                worker_heartbeat.beating(),
            ):
                text = render_prometheus(now=timezone.now())
        names = set(re.findall(r"^# TYPE (d0010_\S+)", text, re.MULTILINE))
        shown = set(re.findall(r"^\| `(d0010_\w+)` \|", PAGE_TEXT, re.MULTILINE))
        self.assertEqual(shown, names | {"d0010_sqlite_wal_bytes"})

    def test_operations_guide_has_an_example_of_each_kind_of_log_line(self) -> None:
        [block] = [
            block.text
            for block in markdown.blocks("documentation/OPERATIONS.md")
            if block.text.startswith("{")
        ]
        for line in block.splitlines():
            entry = json.loads(line)
            with self.subTest(entry["message"]):
                self.assertIn(f"*{entry['message']}*", PAGE_TEXT)
                source = entry["logger"].replace(".", "/") + ".py"
                text = (PROJECT_ROOT / source).read_text(encoding="utf-8")
                self.assertIn(f'"{entry["message"]}"', text)

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

    def test_every_quoted_message_in_the_operations_guide_exists(self) -> None:
        tables = re.findall(r"^\| Message (?:.+\n)+", self.page, re.MULTILINE)
        sentences = re.findall(r"\n\| \*([^*]+)\*", "".join(tables))
        self.assertGreater(len(sentences), 5)
        for sentence in sentences:
            with self.subTest(sentence):
                self.assertTrue(sentence.lower() in self.source.lower())
