"""Tests of expected files: learned and set intervals, late and missing files."""

from __future__ import annotations

from datetime import date, datetime, timedelta

from django.test import SimpleTestCase, TestCase

from meter_readings.d0010 import LONDON
from meter_readings.models import FlowFile, SenderSchedule
from meter_readings.queries.expected_files import (
    ExpectedSender,
    State,
    expected_senders,
    learned_interval,
    overdue_counts,
)
from meter_readings.tests.support.flow_file_builder import (
    flow_file_of_readings,
    header_line,
)
from meter_readings.tests.support.import_helpers import import_text, imported

READING = "030|S|20240401000000|99.0|||T|N|"


def noon(day: int, month: int = 6) -> datetime:
    return datetime(2026, month, day, 12, 0, tzinfo=LONDON)


def file_of(participant: str, *, received_at: datetime) -> FlowFile:
    """Import a file of a sender."""
    header = header_line(
        from_participant=participant,
        file_identifier=f"{participant}{received_at:%m%d%H}",
    )
    name = f"{participant}-{received_at:%m%d%H}.uff"
    return imported(
        flow_file_of_readings(READING, header=header), name, now=received_at
    )


def files_on(days: list[int], participant: str = "UDMS") -> None:
    for day in days:
        file_of(participant, received_at=noon(day))


class LearnedIntervalTests(SimpleTestCase):
    def interval(self, *gaps: int) -> int | None:
        days = [date(2026, 1, 1)]
        for gap in gaps:
            days.append(days[-1] + timedelta(days=gap))
        return learned_interval(days)

    def test_weekly_files_have_an_interval_of_seven_days(self) -> None:
        self.assertEqual(self.interval(7, 7, 7), 7)

    def test_two_intervals_are_too_few(self) -> None:
        self.assertIsNone(self.interval(7, 7))

    def test_files_of_working_days_are_not_due_at_the_weekend(self) -> None:
        self.assertEqual(self.interval(*[1, 1, 1, 1, 3] * 4), 3)

    def test_one_long_interval_in_ten_does_not_count(self) -> None:
        self.assertEqual(self.interval(*[1] * 9, 12), 1)

    def test_only_the_latest_twenty_intervals_count(self) -> None:
        self.assertEqual(self.interval(*[30] * 10, *[1] * 20), 1)


class ExpectedSenderTests(TestCase):
    def sender(self, *, now: datetime, participant: str = "UDMS") -> ExpectedSender:
        [sender] = [
            each for each in expected_senders(now=now) if each[0] == participant
        ]
        return sender

    def test_next_file_is_due_an_interval_after_the_latest(self) -> None:
        files_on([1, 3, 5, 7])
        self.assertEqual(
            self.sender(now=noon(8)),
            ExpectedSender(
                "UDMS", date(2026, 6, 7), 2, True, date(2026, 6, 9), State.FINE
            ),
        )

    def test_file_is_late_from_the_day_after_it_was_due(self) -> None:
        files_on([1, 3, 5, 7])
        states = [self.sender(now=noon(day)).state for day in range(9, 13)]
        self.assertEqual(states, [State.FINE, State.LATE, State.LATE, State.MISSING])

    def test_files_of_one_day_count_once(self) -> None:
        files_on([1, 3, 5, 7])
        file_of("UDMS", received_at=noon(7) + timedelta(hours=1))
        self.assertEqual(self.sender(now=noon(8)).interval, 2)

    def test_days_are_uk_local_dates(self) -> None:
        files_on([1, 3, 5])
        # It is the 7th in the United Kingdom, and still the 6th in UTC.
        file_of("UDMS", received_at=datetime(2026, 6, 7, 0, 30, tzinfo=LONDON))
        self.assertEqual(self.sender(now=noon(8)).latest_date, date(2026, 6, 7))

    def test_rejected_file_has_come(self) -> None:
        files_on([1, 3, 5])
        text = flow_file_of_readings(
            "030|S|20240401000000|x|||T|N|", header=header_line(file_identifier="BAD")
        )
        result = import_text(text, "bad.uff", now=noon(7))
        self.assertEqual(result.outcome, "rejected")
        self.assertEqual(self.sender(now=noon(8)).latest_date, date(2026, 6, 7))

    def test_state_of_a_sender_with_few_files_is_unknown(self) -> None:
        files_on([1, 3, 5])
        sender = self.sender(now=noon(30))
        self.assertEqual((sender.state, sender.interval), (State.UNKNOWN, None))

    def test_interval_set_by_hand_counts(self) -> None:
        files_on([1, 3, 5, 7])
        SenderSchedule.objects.create(participant="UDMS", interval_days=30)
        sender = self.sender(now=noon(30))
        self.assertEqual(sender.state, State.FINE)
        self.assertEqual((sender.interval, sender.is_learned), (30, False))

    def test_schedule_without_an_interval_leaves_the_learned_one(self) -> None:
        files_on([1, 3, 5, 7])
        SenderSchedule.objects.create(participant="UDMS")
        self.assertEqual(self.sender(now=noon(8)).interval, 2)

    def test_sender_that_sends_no_more_is_not_expected(self) -> None:
        files_on([1, 3, 5, 7])
        SenderSchedule.objects.create(participant="UDMS", is_expected=False)
        self.assertEqual(self.sender(now=noon(30)).state, State.NOT_EXPECTED)

    def test_file_of_a_sender_that_never_sent_one_is_missing(self) -> None:
        SenderSchedule.objects.create(participant="NEWC", interval_days=7)
        sender = self.sender(now=noon(1), participant="NEWC")
        self.assertEqual((sender.state, sender.latest_date), (State.MISSING, None))

    def test_sender_without_files_for_400_days_is_not_listed(self) -> None:
        files_on([1, 3, 5, 7])
        self.assertEqual(expected_senders(now=noon(7) + timedelta(days=401)), [])

    def test_missing_files_come_first(self) -> None:
        files_on([20, 21, 22, 23], "FINE")
        files_on([1, 3, 5, 7], "MISS")
        files_on([15, 17, 19, 21], "LATE")
        senders = expected_senders(now=noon(24))
        self.assertEqual(
            [sender.participant for sender in senders], ["MISS", "LATE", "FINE"]
        )

    def test_missing_and_late_senders_are_counted(self) -> None:
        files_on([20, 21, 22, 23], "FINE")
        files_on([1, 3, 5, 7], "MISS")
        files_on([15, 17, 19, 21], "LATE")
        files_on([15, 17, 19, 21], "SLOW")
        self.assertEqual(
            overdue_counts(now=noon(24)), [(State.MISSING, 1), (State.LATE, 2)]
        )

    def test_number_of_queries_does_not_depend_on_the_senders(self) -> None:
        files_on([1, 3, 5, 7])
        files_on([2, 4, 6, 8], "OTHR")
        with self.assertNumQueries(2):
            expected_senders(now=noon(8))
