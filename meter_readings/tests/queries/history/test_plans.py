"""Query plans of the history: indexes answer every query without a table scan."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.test import TestCase

from meter_readings.d0010.codes import Basis
from meter_readings.models import Meter, Reading
from meter_readings.queries import history
from meter_readings.queries.history import MpanBlock, RegisterKey
from meter_readings.tests.support.flow_file_builder import flow_file_of_readings
from meter_readings.tests.support.import_helpers import imported
from meter_readings.tests.support.query_plans import (
    plan_text,
    queries_of,
    table_scans,
    use_indexes_for_few_rows,
)


class PlanTests(TestCase):
    @classmethod
    def setUpTestData(cls) -> None:
        imported(
            flow_file_of_readings(
                *[f"030|S|202401{day:02}000000|1.25|||T|N|" for day in range(1, 30)]
            )
        )
        cls.meter = Meter.objects.get()
        cls.registers = [RegisterKey(cls.meter.pk, "S")]
        cls.keys = [history.reading_key(Reading.objects.latest("read_at"))]

    def assert_uses_index(self, index: str, query: Callable[[], Any]) -> None:
        """Assert that the first SQL query uses an index and scans no table."""
        use_indexes_for_few_rows()
        plan = plan_text(queries_of(query)[0])
        self.assertRegex(plan, index)
        self.assertEqual(table_scans(plan), [])

    def test_index_of_reading_keys_finds_registers(self) -> None:
        def query() -> None:
            history.registers_of(meters=[self.meter], limit=9)

        self.assert_uses_index("reading_key_idx", query)

    def test_index_of_reading_keys_finds_latest_readings(self) -> None:
        def query() -> None:
            history.latest_reading_ids(meter_ids=[self.meter.pk], limit=9)

        self.assert_uses_index("reading_key_idx", query)

    def test_index_of_resets_finds_demand_registers(self) -> None:
        def query() -> None:
            history.registers_of(meters=[self.meter], limit=9)

        self.assert_uses_index("reading_demand_idx", query)

    def test_index_of_reading_keys_finds_current_readings(self) -> None:
        def query() -> None:
            history.current_readings(
                registers=self.registers, since=self.keys[0].read_at, limit=9
            )

        self.assert_uses_index("reading_key_idx", query)

    def test_index_of_reading_keys_finds_previous_readings(self) -> None:
        def query() -> None:
            history.previous_current_readings(reading_keys=self.keys, limit=9)

        self.assert_uses_index("reading_key_idx", query)

    def test_index_of_reading_keys_finds_versions(self) -> None:
        def query() -> None:
            history.versions_per_key(reading_keys=self.keys, limit=9)

        # Both begin with the columns of the reading key.
        self.assert_uses_index("reading_key_idx|reading_time_idx", query)

    def test_index_of_reading_keys_finds_the_latest_keys(self) -> None:
        def query() -> None:
            history.latest_reading_keys(registers=self.registers, limit=9)

        self.assert_uses_index("reading_key_idx", query)

    def test_index_of_reading_keys_finds_the_latest_readings_with_a_basis(self) -> None:
        def query() -> None:
            history.latest_reading_keys(
                registers=self.registers, basis=Basis.ESTIMATED, limit=9
            )

        self.assert_uses_index("reading_key_idx", query)

    def test_index_of_lines_finds_findings(self) -> None:
        file = Reading.objects.earliest("pk").flow_file_id

        def query() -> None:
            history.findings_in_blocks(blocks=[MpanBlock(file, 2)], limit=9)

        self.assert_uses_index("finding_line_idx", query)
