"""How the questions are answered: by indexes, and no table is gone through."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.test import TestCase

from meter_readings.d0010.codes import Basis
from meter_readings.models import Meter, Reading
from meter_readings.queries import history
from meter_readings.queries.history import MpanBlock, RegisterKey
from meter_readings.tests.flow_file_builder import flow_file_of_readings
from meter_readings.tests.import_helpers import imported
from meter_readings.tests.query_plans import (
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
        cls.events = [history.reading_key(Reading.objects.latest("read_at"))]

    def assert_goes_by(self, index: str, question: Callable[[], Any]) -> None:
        """Assert that the first query uses an index and goes through no table."""
        use_indexes_for_few_rows()
        plan = plan_text(queries_of(question)[0])
        self.assertIn(index, plan)
        self.assertEqual(table_scans(plan), [])

    def test_registers_go_by_the_index_of_events(self) -> None:
        def question() -> None:
            history.registers_of(meters=[self.meter], limit=9)

        self.assert_goes_by("reading_event", question)

    def test_demand_goes_by_an_index_of_resets(self) -> None:
        def question() -> None:
            history.registers_of(meters=[self.meter], limit=9)

        self.assert_goes_by("reading_of_demand", question)

    def test_current_readings_go_by_the_index_of_events(self) -> None:
        def question() -> None:
            history.current_readings(
                registers=self.registers, since=self.events[0].read_at, limit=9
            )

        self.assert_goes_by("reading_event", question)

    def test_readings_before_go_by_the_index_of_events(self) -> None:
        def question() -> None:
            history.previous_current_readings(events=self.events, limit=9)

        self.assert_goes_by("reading_event", question)

    def test_versions_go_by_the_index_of_events(self) -> None:
        def question() -> None:
            history.versions_per_key(events=self.events, limit=9)

        self.assert_goes_by("reading_event", question)

    def test_events_go_by_the_index_of_events(self) -> None:
        def question() -> None:
            history.latest_reading_keys(registers=self.registers, limit=9)

        self.assert_goes_by("reading_event", question)

    def test_events_on_a_basis_go_by_the_index_of_events(self) -> None:
        def question() -> None:
            history.latest_reading_keys(
                registers=self.registers, basis=Basis.ESTIMATED, limit=9
            )

        self.assert_goes_by("reading_event", question)

    def test_findings_go_by_the_index_of_lines(self) -> None:
        file = Reading.objects.earliest("pk").flow_file_id

        def question() -> None:
            history.findings_in_blocks(passages=[MpanBlock(file, 2)], limit=9)

        self.assert_goes_by("finding_by_line", question)
