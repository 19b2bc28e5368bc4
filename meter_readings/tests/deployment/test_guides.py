"""What the guides say of scripts, options, checks and figures is there."""

from __future__ import annotations

import re

import yaml
from django.test import TestCase
from django.utils import timezone

from config.environment import PROJECT_ROOT
from meter_readings import installation, metrics
from meter_readings.tests.flow_file_builder import EVERY_GROUP
from meter_readings.tests.deployment.site import SiteTestCase
from meter_readings.tests.import_helpers import imported
from meter_readings.tests.docs import markdown

DOCUMENTATION = PROJECT_ROOT / "documentation"
GUIDE = (DOCUMENTATION / "DEPLOYMENT_GUIDE.md").read_text(encoding="utf-8")
RUN_BOOK = (DOCUMENTATION / "OPERATIONS.md").read_text(encoding="utf-8")

EVERY_PAGE = "\n".join(
    path.read_text(encoding="utf-8")
    for path in [*PROJECT_ROOT.glob("*.md"), *DOCUMENTATION.glob("*.md")]
)

SHOWN = re.compile(r"deployment_scripts/([a-z_]+\.sh)((?: [^\n`;]+)?)")


class ScriptsInGuidesTests(SiteTestCase):
    def test_every_script_is_in_the_guide(self) -> None:
        for path in (PROJECT_ROOT / "deployment_scripts").glob("*.sh"):
            if path.name != "common.sh":
                with self.subTest(path.name):
                    self.assertIn(f"`{path.name}`", GUIDE)

    def test_every_option_that_is_shown_exists(self) -> None:
        for script, words in set(SHOWN.findall(EVERY_PAGE)):
            for option in re.findall(r"--[a-z-]+", words):
                with self.subTest(script, option=option):
                    self.assertIn(option, self.succeed(script, "--help"))


class RunBookTests(TestCase):
    def test_has_every_check(self) -> None:
        source = (PROJECT_ROOT / "meter_readings/checks.py").read_text(encoding="utf-8")
        ids = re.findall(r"d0010\.[EW]\d+", source)
        self.assertNotEqual(ids, [])
        for check in ids:
            self.assertIn(f"`{check}`", RUN_BOOK)

    def test_has_every_figure(self) -> None:
        imported(EVERY_GROUP)
        text = metrics.text(now=timezone.now())
        for name in re.findall(r"^# TYPE (\S+)", text, re.MULTILINE):
            self.assertIn(f"`{name}`", RUN_BOOK)

    def test_alerts_on_labels_that_figures_have(self) -> None:
        imported(EVERY_GROUP)
        figures = metrics.text(now=timezone.now())
        [alerts] = markdown.shown("documentation/OPERATIONS.md", "yaml")
        [group] = yaml.safe_load(alerts.command)["groups"]
        for rule in group["rules"]:
            for figure in re.findall(r"d0010_\w+\{.*?\}", rule["expr"]):
                with self.subTest(rule["alert"], figure=figure):
                    self.assertIn(f"\n{figure} ", figures)

    def test_has_everything_that_can_be_missing(self) -> None:
        for finding in installation.readiness():
            self.assertIn(f"| `{finding.name}` |", RUN_BOOK)
