"""Tests that readings are stored alike, whether they came by column or one by one."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from django.test import TestCase

from meter_readings.importer import clear_database
from meter_readings.models import Policy, Reading, SiteVisit
from meter_readings.tests.d0010.readings.test_agreement import METERS, READINGS
from meter_readings.tests.support.flow_file_builder import (
    METER_LINE,
    MPAN_LINE,
    READING_LINE,
    flow_file,
    read_by_grammar,
)
from meter_readings.tests.support.import_helpers import import_text


class StoredReadingTests(TestCase):
    maxDiff = None

    def stored(self, text: str) -> list[list[dict[str, Any]]]:
        """Import a file into an empty database and return its rows, without ids."""
        now = datetime(2025, 1, 1, tzinfo=UTC)
        clear_database(now=now)
        import_text(text, now=now, policy=Policy.PARTIAL)
        rows = []
        for model in (Reading, SiteVisit):
            names = {
                field.name
                for field in model._meta.concrete_fields
                if field.name not in ("id", "changed_at") and not field.is_relation
            }
            rows.append([*model.objects.order_by("line_number").values(*names)])
        return rows

    def test_every_kind_of_reading_is_stored_as_by_the_grammar(self) -> None:
        for kind, readings in READINGS.items():
            lines = [
                MPAN_LINE,
                METER_LINE,
                READING_LINE,
                *readings.split("\n"),
                READING_LINE,
            ]
            with self.subTest(kind=kind):
                self.assert_stored_alike(flow_file(lines))

    def test_every_kind_of_meter_is_stored_as_by_the_grammar(self) -> None:
        for kind, groups in METERS.items():
            groups = groups.format(mpan="2000000000015", number=7)
            with self.subTest(kind=kind):
                self.assert_stored_alike(flow_file([*groups.split("\n"), READING_LINE]))

    def assert_stored_alike(self, text: str) -> None:
        with read_by_grammar():
            expected = self.stored(text)
        self.assertEqual(self.stored(text), expected)
