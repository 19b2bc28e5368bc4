"""How things stand, by a clock that is passed in."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.http import QueryDict
from django.test import TestCase

from meter_readings.d0010 import LONDON
from meter_readings.models import FlowFile, ImportJob, Policy, Severity
from meter_readings.queries import dashboard
from meter_readings.tests.admin.testcases import AdminTestCase, file_with_much
from meter_readings.tests.flow_file_builder import (
    flow_file,
    flow_file_of_readings,
    header_line,
)
from meter_readings.tests.import_helpers import import_text, imported

NOON = datetime(2026, 4, 2, 12, 0, tzinfo=LONDON)
SPOILED_READING = "030|S|20240401000000|x|||T|N|"
GOOD_READING = "030|S|20240402000000|99.0|||T|N|"


def import_rejected(number: int, *, now: datetime = NOON) -> None:
    """Bring a file in that is none."""
    import_text(f"nothing of the kind {number}", f"{number}.txt", now=now)


def file_with_warning(number: int = 1) -> str:
    """Return a file with a line that no D0010 has, which is a warning."""
    return flow_file(
        ["026|1000000000004|V|", "028|TST0000001|R|", GOOD_READING],
        header=header_line(file_identifier=f"WARN{number:06}"),
    )


class LatestDaysTests(TestCase):
    def test_latest_days_are_fourteen_and_end_today(self) -> None:
        days = dashboard.daily_totals(now=NOON)
        self.assertEqual(
            [str(days[0].local_date), str(days[-1].local_date), len(days)],
            ["2026-03-20", "2026-04-02", 14],
        )

    def test_latest_days_have_nothing_where_nothing_came(self) -> None:
        self.assertEqual(dashboard.daily_totals(now=NOON)[0][1:], (0, 0, 0))

    def test_latest_days_count_files_and_the_readings_loaded_from_them(self) -> None:
        imported(file_with_much(3), now=NOON)
        self.assertEqual(dashboard.daily_totals(now=NOON)[-1][1:], (1, 3, 0))

    def test_latest_days_count_rejected_files_apart(self) -> None:
        import_rejected(1)
        self.assertEqual(dashboard.daily_totals(now=NOON)[-1][1:], (1, 0, 1))

    def test_latest_days_do_not_count_the_readings_of_an_import_that_was_undone(
        self,
    ) -> None:
        file = imported(file_with_much(3), now=NOON)
        FlowFile.objects.filter(pk=file.pk).update(status=FlowFile.Status.UNDONE)
        self.assertEqual(dashboard.daily_totals(now=NOON)[-1][1:], (1, 0, 0))

    def test_latest_days_begin_at_local_midnight(self) -> None:
        summer_midnight = datetime(2026, 4, 2, tzinfo=LONDON)
        imported(file_with_much(1, 1), "before.uff", now=summer_midnight - _SECOND)
        imported(file_with_much(2, 2), "after.uff", now=summer_midnight)
        self.assertEqual(
            [day.readings for day in dashboard.daily_totals(now=NOON)][-2:], [1, 2]
        )

    def test_latest_days_leave_out_what_came_earlier(self) -> None:
        imported(file_with_much(1), now=NOON - timedelta(days=14))
        readings = [day.readings for day in dashboard.daily_totals(now=NOON)]
        self.assertEqual(readings, [0] * 14)


class AttemptsByOutcomeTests(TestCase):
    def test_attempts_by_outcome_are_counted(self) -> None:
        imported(file_with_much(1), now=NOON)
        import_text(file_with_much(1), now=NOON)
        import_text(file_with_much(1), now=NOON)
        self.assertEqual(
            dashboard.attempts_by_outcome(now=NOON),
            {"imported": 1, "already-imported": 2},
        )

    def test_attempts_by_outcome_are_todays_only(self) -> None:
        imported(file_with_much(1), now=NOON - timedelta(days=1))
        self.assertEqual(dashboard.attempts_by_outcome(now=NOON), {})


class RunningImportsTests(TestCase):
    def run_job(self, started_at: datetime, heartbeat_at: datetime) -> None:
        """Put down an attempt that is not over."""
        ImportJob.objects.create(
            filename="big.uff",
            policy=Policy.STANDARD,
            channel=ImportJob.Channel.COMMAND,
            phase=ImportJob.Phase.LOADING,
            started_at=started_at,
            heartbeat_at=heartbeat_at,
        )

    def test_running_imports_tell_their_step(self) -> None:
        self.run_job(NOON, NOON)
        (running,) = dashboard.running_imports(now=NOON)
        self.assertEqual([running.step, running.step_count], [3, 3])

    def test_running_imports_are_alive_while_their_heart_beats(self) -> None:
        self.run_job(NOON - timedelta(hours=1), NOON - timedelta(seconds=3))
        (running,) = dashboard.running_imports(now=NOON)
        self.assertFalse(running.is_stalled)

    def test_running_imports_are_silent_when_it_does_not(self) -> None:
        self.run_job(NOON - timedelta(hours=1), NOON - timedelta(minutes=3))
        (running,) = dashboard.running_imports(now=NOON)
        self.assertTrue(running.is_stalled)

    def test_running_imports_are_none_of_those_that_are_over(self) -> None:
        imported(file_with_much(1), now=NOON)
        self.assertEqual(dashboard.running_imports(now=NOON), [])

    def test_running_imports_are_none_that_began_days_ago(self) -> None:
        self.run_job(NOON - timedelta(days=3), NOON - timedelta(days=3))
        self.assertEqual(dashboard.running_imports(now=NOON), [])


class ConcernsTests(AdminTestCase):
    def names(self) -> list[str]:
        """Return the reasons to look at files."""
        return [concern.name for concern in dashboard.attention_items(now=NOON)]

    def test_concerns_are_none_where_all_is_well(self) -> None:
        imported(flow_file_of_readings(GOOD_READING), now=NOON)
        self.assertEqual(self.names(), [])

    def test_concerns_tell_of_rejected_files_by_age(self) -> None:
        for number, days in enumerate([0, 1, 6, 7, 29, 30]):
            import_rejected(number, now=NOON - timedelta(days=days))
        (rejected,) = dashboard.attention_items(now=NOON)
        self.assertEqual(
            rejected[:3], ("Rejected", Severity.ERROR, (1, 2, 2)), rejected
        )

    def test_concerns_lists_files_with_groups_left_out_by_the_partial_policy(
        self,
    ) -> None:
        text = flow_file_of_readings(SPOILED_READING, GOOD_READING)
        imported(text, policy=Policy.PARTIAL, now=NOON)
        self.assertEqual(self.names(), ["Imported with errors"])

    def test_concerns_tell_of_warnings(self) -> None:
        imported(file_with_warning(), now=NOON)
        self.assertEqual(self.names(), ["Imported with warnings"])

    def test_concerns_begin_with_the_gravest(self) -> None:
        imported(file_with_warning(), now=NOON)
        import_rejected(1)
        self.assertEqual(self.names(), ["Rejected", "Imported with warnings"])

    def test_concerns_lead_to_their_files(self) -> None:
        import_rejected(1)
        import_rejected(2, now=NOON - timedelta(days=40))
        imported(file_with_warning(), "warned.uff", now=NOON)
        listed = []
        for concern in dashboard.attention_items(now=NOON):
            asked = QueryDict(concern.query).dict()
            files = self.get_list("flowfile", **asked).context["cl"].result_list
            listed.append([file.filename for file in files])
        self.assertEqual(listed, [["1.txt"], ["warned.uff"]])

    def test_concerns_are_one_question(self) -> None:
        import_rejected(1)
        with self.assertNumQueries(1):
            dashboard.attention_items(now=NOON)


_SECOND = timedelta(seconds=1)
