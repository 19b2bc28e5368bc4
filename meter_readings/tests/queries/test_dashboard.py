"""Tests of the queries of the dashboard."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.test import TestCase

from meter_readings.d0010 import LONDON
from meter_readings.models import FlowFile, ImportJob, Policy
from meter_readings.queries import dashboard
from meter_readings.tests.admin.testcases import file_with_much
from meter_readings.tests.support.flow_file_builder import (
    flow_file,
    header_line,
)
from meter_readings.tests.support.import_helpers import import_text, imported

NOON = datetime(2026, 4, 2, 12, 0, tzinfo=LONDON)
INVALID_READING = "030|S|20240401000000|x|||T|N|"
GOOD_READING = "030|S|20240402000000|99.0|||T|N|"


def import_rejected(number: int, *, now: datetime = NOON) -> None:
    import_text(f"not a flow file {number}", f"{number}.txt", now=now)


def file_with_warning(number: int = 1) -> str:
    """Return a file whose MPAN has a wrong check digit, which is a warning."""
    return flow_file(
        ["026|1000000000004|V|", "028|TST0000001|R|", GOOD_READING],
        header=header_line(file_identifier=f"WARN{number:06}"),
    )


class DailyTotalsTests(TestCase):
    def test_totals_are_of_fourteen_days_and_end_today(self) -> None:
        days = dashboard.daily_totals(now=NOON)
        self.assertEqual(
            [str(days[0].local_date), str(days[-1].local_date), len(days)],
            ["2026-03-20", "2026-04-02", 14],
        )

    def test_day_without_files_has_totals_of_zero(self) -> None:
        self.assertEqual(dashboard.daily_totals(now=NOON)[0][1:], (0, 0, 0))

    def test_files_and_the_readings_loaded_from_them_are_counted(self) -> None:
        imported(file_with_much(3), now=NOON)
        self.assertEqual(dashboard.daily_totals(now=NOON)[-1][1:], (1, 3, 0))

    def test_rejected_files_are_counted_separately(self) -> None:
        import_rejected(1)
        self.assertEqual(dashboard.daily_totals(now=NOON)[-1][1:], (1, 0, 1))

    def test_readings_of_an_undone_import_are_not_counted(self) -> None:
        file = imported(file_with_much(3), now=NOON)
        FlowFile.objects.filter(pk=file.pk).update(status=FlowFile.Status.UNDONE)
        self.assertEqual(dashboard.daily_totals(now=NOON)[-1][1:], (1, 0, 0))

    def test_day_begins_at_local_midnight(self) -> None:
        summer_midnight = datetime(2026, 4, 2, tzinfo=LONDON)
        imported(file_with_much(1, 1), "before.uff", now=summer_midnight - _SECOND)
        imported(file_with_much(2, 2), "after.uff", now=summer_midnight)
        self.assertEqual(
            [day.readings for day in dashboard.daily_totals(now=NOON)][-2:], [1, 2]
        )

    def test_files_received_before_the_first_day_are_not_counted(self) -> None:
        imported(file_with_much(1), now=NOON - timedelta(days=14))
        readings = [day.readings for day in dashboard.daily_totals(now=NOON)]
        self.assertEqual(readings, [0] * 14)


class ImportOutcomesTodayTests(TestCase):
    def test_jobs_are_counted_by_outcome(self) -> None:
        imported(file_with_much(1), now=NOON)
        import_text(file_with_much(1), now=NOON)
        import_text(file_with_much(1), now=NOON)
        self.assertEqual(
            dashboard.import_outcomes_today(now=NOON),
            {"imported": 1, "already-imported": 2},
        )

    def test_jobs_of_yesterday_are_not_counted(self) -> None:
        imported(file_with_much(1), now=NOON - timedelta(days=1))
        self.assertEqual(dashboard.import_outcomes_today(now=NOON), {})


class RunningImportsTests(TestCase):
    def create_job(self, started_at: datetime, heartbeat_at: datetime) -> None:
        ImportJob.objects.create(
            filename="big.uff",
            policy=Policy.STANDARD,
            channel=ImportJob.Channel.COMMAND,
            phase=ImportJob.Phase.LOADING,
            started_at=started_at,
            heartbeat_at=heartbeat_at,
        )

    def test_running_import_has_a_step(self) -> None:
        self.create_job(NOON, NOON)
        (running,) = dashboard.running_imports(now=NOON)
        self.assertEqual([running.step, running.step_count], [3, 3])

    def test_import_with_a_recent_heartbeat_is_not_stalled(self) -> None:
        self.create_job(NOON - timedelta(hours=1), NOON - timedelta(seconds=3))
        (running,) = dashboard.running_imports(now=NOON)
        self.assertFalse(running.is_stalled)

    def test_import_with_an_old_heartbeat_is_stalled(self) -> None:
        self.create_job(NOON - timedelta(hours=1), NOON - timedelta(minutes=11))
        (running,) = dashboard.running_imports(now=NOON)
        self.assertTrue(running.is_stalled)

    def test_finished_import_is_not_running(self) -> None:
        imported(file_with_much(1), now=NOON)
        self.assertEqual(dashboard.running_imports(now=NOON), [])

    def test_import_started_days_ago_is_stalled_until_it_is_closed(self) -> None:
        self.create_job(NOON - timedelta(days=3), NOON - timedelta(days=3))
        (running,) = dashboard.running_imports(now=NOON)
        self.assertTrue(running.is_stalled)


_SECOND = timedelta(seconds=1)
