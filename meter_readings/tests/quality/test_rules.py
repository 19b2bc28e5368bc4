"""Tests of the registry of rules."""

from __future__ import annotations

from django.test import SimpleTestCase, override_settings

from meter_readings.quality.rules import RULES
from meter_readings.quality.thresholds import Thresholds


class RuleTests(SimpleTestCase):
    def test_every_rule_has_a_label_an_explanation_and_a_condition(self) -> None:
        for rule in RULES.values():
            with self.subTest(rule.code):
                self.assertTrue(rule.label and rule.condition)
                self.assertTrue(rule.explanation.endswith("."))

    def test_code_of_a_rule_is_its_function(self) -> None:
        self.assertEqual(RULES["repeated-zero"].label, "Repeated zero advance")

    def test_rule_has_the_reason_code_of_the_catalogue(self) -> None:
        self.assertEqual(RULES["high"].reason_code, "05")


class ThresholdsTests(SimpleTestCase):
    def test_thresholds_are_settings(self) -> None:
        with override_settings(QUALITY_HIGH_FACTOR=9):
            self.assertEqual(Thresholds.from_settings().high_factor, 9)

    def test_defaults_are_those_of_the_settings(self) -> None:
        self.assertEqual(Thresholds.from_settings(), Thresholds())
