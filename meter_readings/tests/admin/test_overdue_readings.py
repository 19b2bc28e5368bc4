"""Tests of late and missing readings: their list, and on the page of a meter point."""

from __future__ import annotations

from datetime import timedelta

from django.utils import timezone

from meter_readings.d0010 import LONDON
from meter_readings.models import Meter, MeterPoint
from meter_readings.tests.queries.test_overdue_readings import FIRST, read, store
from meter_readings.tests.support.flow_file_builder import flow_file
from meter_readings.tests.support.import_helpers import (
    create_overdue_reading,
    imported,
)
from meter_readings.tests.support.users import user_with_permissions

from .testcases import AdminTestCase, file_with_much, list_address


class OverdueReadingListTests(AdminTestCase):
    @classmethod
    def setUpTestData(cls) -> None:
        super().setUpTestData()
        imported(file_with_much(3))
        point, register, other = Meter.objects.order_by("pk")
        create_overdue_reading(point)
        create_overdue_reading(register, register_id="NT", state="missing")
        create_overdue_reading(other, from_participant="NEEB")

    def rows(self, **params: str) -> list[str]:
        return self.listed("overduereading", **params)

    def test_row_has_its_meter_dates_interval_and_sender(self) -> None:
        self.assertRegex(
            self.list_words("overduereading", level="register"),
            r"SERIAL0001 Register silent NT .* Missing 1 Apr 2024 1 Jul 2024 91 UDMS",
        )

    def test_state_is_filtered(self) -> None:
        self.assertEqual(
            self.rows(state__exact="missing"), ["Register silent, missing"]
        )

    def test_level_is_filtered(self) -> None:
        self.assertEqual(
            self.rows(level="meter-point"), ["Meter point silent, late"] * 2
        )
        self.assertEqual(self.rows(level="register"), ["Register silent, missing"])
        self.assertEqual(len(self.rows(level="unknown")), 3)

    def test_sender_is_filtered(self) -> None:
        self.assertEqual(len(self.rows(sender="UDMS")), 2)

    def test_list_continues_after_a_row(self) -> None:
        first = create_overdue_reading(Meter.objects.earliest("pk"), register_id="AA")
        self.assertEqual(len(self.rows(after=str(first.pk))), 2)

    def test_row_of_a_meter_that_is_gone_is_left_out(self) -> None:
        create_overdue_reading(Meter(pk=2**40))
        self.assertEqual(len(self.rows()), 3)

    def test_list_takes_the_same_queries_with_many_rows(self) -> None:
        address = list_address("overduereading")
        before = self.query_count(address)
        for meter in Meter.objects.all():
            create_overdue_reading(meter, register_id="XX")
        self.assertEqual(self.query_count(address), before)

    def test_permission_is_required(self) -> None:
        self.client.force_login(user_with_permissions("view_reading"))
        response = self.client.get(list_address("overduereading"))
        self.assertEqual(response.status_code, 403)


class MeterPointPageTests(AdminTestCase):
    def read_until(self, days_ago: int, register: str, count: int = 4) -> list[str]:
        """Return daily readings, the latest some days ago."""
        today = timezone.localdate(timezone=LONDON)
        lines = [f"026|{FIRST}|V|", "028|METER1|R|"]
        for day in range(count):
            at = today - timedelta(days=days_ago + day)
            lines.append(f"030|{register}|{at:%Y%m%d}000000|99.0|||T|N|")
        return lines

    def store(self, *groups: list[str]) -> None:
        lines = [line for each in groups for line in each]
        imported(flow_file(lines), now=timezone.now())

    def words_of_page(self) -> str:
        return self.words(MeterPoint.objects.get())

    def test_page_says_when_the_next_reading_is_due(self) -> None:
        self.store(self.read_until(0, "S"))
        self.assertRegex(
            self.words_of_page(),
            r"Next reading ✓ Fine, due on .*, 1 day after the latest",
        )

    def test_page_names_a_silent_register(self) -> None:
        self.store(self.read_until(0, "DY"), self.read_until(9, "NT"))
        self.assertRegex(
            self.words_of_page(), r"Missing, register silent: NT .*, due on"
        )

    def test_page_says_that_there_are_too_few_readings(self) -> None:
        store(read(FIRST, "S 0501"))
        self.assertIn("Too few readings to tell", self.words_of_page())

    def test_page_without_the_permission_says_nothing_of_readings(self) -> None:
        self.store(self.read_until(9, "S"))
        self.client.force_login(user_with_permissions("view_meterpoint"))
        self.assertNotIn("Next reading", self.words_of_page())
