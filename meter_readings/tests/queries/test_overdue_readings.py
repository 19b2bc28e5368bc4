"""Tests of late and missing readings of meter points and registers."""

from __future__ import annotations

from datetime import date, datetime, timedelta

from django.test import TestCase
from django.utils import timezone
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.django import TestCase as HypothesisTestCase

from meter_readings.d0010 import LONDON
from meter_readings.models import (
    FlowFile,
    Meter,
    MeterPoint,
    OverdueReading,
    Reading,
    SenderSchedule,
)
from meter_readings.queries.history import registers_of
from meter_readings.queries.overdue_readings import (
    ExpectedReading,
    expected_readings_of,
    intervals_by_hand,
    overdue_counts,
    overdue_readings,
)
from meter_readings.tests.queries.test_expected_files import noon
from meter_readings.tests.support.flow_file_builder import flow_file, mpan_core
from meter_readings.tests.support.import_helpers import imported

FIRST, SECOND = mpan_core(1), mpan_core(2)


def read(
    mpan: str, *readings: str, meter: str = "METER1", reading_type: str = "R"
) -> list[str]:
    """Return the groups of readings, each like `DY 0401`, of a meter in 2026."""
    lines = [f"026|{mpan}|V|", f"028|{meter}|{reading_type}|"]
    for reading in readings:
        register, day = reading.split()
        lines.append(f"030|{register}|2026{day}000000|99.0|||T|N|")
    return lines


def weekly(register: str = "S", until: int = 22) -> list[str]:
    """Return readings of each week of May 2026, the latest on a day."""
    return [f"{register} 05{day:02}" for day in range(1, until + 1, 7)]


def store(*groups: list[str]) -> None:
    imported(flow_file([line for lines in groups for line in lines]))


def overdue(*, now: datetime) -> list[tuple[str, str, str, str, str]]:
    """Return level, state, MPAN, serial number and register of what is overdue."""
    found = []
    for row in overdue_readings(now=now):
        meter = Meter.objects.select_related("meter_point").get(pk=row.meter_id)
        mpan = meter.meter_point.mpan
        found.append((row.level, row.state, mpan, meter.serial_number, row.register_id))
    return found


def point_row(state: str, mpan: str = FIRST, meter: str = "METER1") -> tuple[str, ...]:
    return ("meter-point", state, mpan, meter, "")


class MeterPointTests(TestCase):
    def test_meter_point_is_late_the_day_after_its_reading_was_due(self) -> None:
        store(read(FIRST, *weekly()))
        self.assertEqual(overdue(now=noon(29, month=5)), [])
        self.assertEqual(overdue(now=noon(30, month=5)), [point_row("late")])

    def test_meter_point_is_missing_when_the_interval_has_passed_again(self) -> None:
        store(read(FIRST, *weekly()))
        self.assertEqual(overdue(now=noon(5)), [point_row("late")])
        self.assertEqual(overdue(now=noon(6)), [point_row("missing")])

    def test_days_are_uk_local_dates(self) -> None:
        store(read(FIRST, *weekly()))
        # It is the 30th in the United Kingdom, and still the 29th in UTC.
        self.assertEqual(
            overdue(now=datetime(2026, 5, 30, 0, 30, tzinfo=LONDON)),
            [point_row("late")],
        )

    def test_row_has_its_dates_interval_and_sender(self) -> None:
        store(read(FIRST, *weekly()))
        [row] = overdue_readings(now=noon(30, month=5))
        self.assertEqual(
            (row.latest_date, row.interval_days, row.due_date, row.as_of_date),
            (date(2026, 5, 22), 7, date(2026, 5, 29), date(2026, 5, 30)),
        )
        self.assertEqual(row.from_participant, "UDMS")

    def test_meter_point_with_too_few_readings_is_not_overdue(self) -> None:
        store(read(FIRST, *weekly(until=15)))
        self.assertEqual(overdue(now=noon(30)), [])

    def test_interval_set_for_the_sender_is_used_with_few_readings(self) -> None:
        store(read(FIRST, "S 0501"))
        SenderSchedule.objects.create(participant="UDMS", reading_interval_days=7)
        self.assertEqual(overdue(now=noon(9, month=5)), [point_row("late")])

    def test_interval_set_for_the_sender_comes_before_the_learned_one(self) -> None:
        store(read(FIRST, *weekly()))
        SenderSchedule.objects.create(participant="UDMS", reading_interval_days=30)
        self.assertEqual(overdue(now=noon(21)), [])

    def test_interval_of_the_files_of_a_sender_is_not_that_of_readings(self) -> None:
        store(read(FIRST, *weekly()))
        SenderSchedule.objects.create(participant="UDMS", interval_days=1)
        self.assertEqual(overdue(now=noon(29, month=5)), [])

    def test_withdrawn_and_superseded_readings_do_not_count(self) -> None:
        store(read(FIRST, *weekly(until=29)))
        for status in ("withdrawn", "superseded"):
            Reading.objects.filter(
                read_at__gte=datetime(2026, 5, 29, tzinfo=LONDON)
            ).update(version_status=status)
            self.assertEqual(overdue(now=noon(30, month=5)), [point_row("late")])

    def test_exchange_of_the_meter_does_not_make_the_meter_point_late(self) -> None:
        store(
            read(FIRST, *weekly(), meter="OLD"),
            read(FIRST, "S 0529", meter="OLD", reading_type="F"),
            read(FIRST, "S 0529", meter="NEW", reading_type="I"),
        )
        self.assertEqual(overdue(now=noon(5)), [])

    def test_dates_of_the_exchanged_meter_count_for_the_interval(self) -> None:
        store(
            read(FIRST, *weekly(), meter="OLD"),
            read(FIRST, "S 0529", meter="NEW", reading_type="I"),
        )
        self.assertEqual(overdue(now=noon(6)), [point_row("late", meter="NEW")])

    def test_meter_point_whose_meter_was_removed_is_not_silent(self) -> None:
        store(
            read(FIRST, *weekly()),
            read(FIRST, "S 0529", reading_type="F"),
        )
        self.assertEqual(overdue(now=noon(30)), [])

    def test_meter_points_are_told_apart(self) -> None:
        store(read(FIRST, *weekly(until=29)), read(SECOND, *weekly(), meter="METER2"))
        self.assertEqual(
            overdue(now=noon(5)), [point_row("late", SECOND, meter="METER2")]
        )

    def test_all_meter_points_take_two_queries(self) -> None:
        store(read(FIRST, *weekly()), read(SECOND, *weekly()))
        with self.assertNumQueries(2):
            list(overdue_readings(now=noon(5)))


class RegisterTests(TestCase):
    def test_register_beside_one_that_is_read_is_silent(self) -> None:
        store(read(FIRST, *weekly("DY", until=29), *weekly("NT", until=22)))
        self.assertEqual(
            overdue(now=noon(30, month=5)),
            [("register", "late", FIRST, "METER1", "NT")],
        )

    def test_registers_that_are_silent_together_are_one_meter_point(self) -> None:
        store(read(FIRST, *weekly("DY"), *weekly("NT")))
        self.assertEqual(overdue(now=noon(30)), [point_row("missing")])

    def test_register_can_be_missing_while_the_meter_point_is_late(self) -> None:
        store(read(FIRST, *weekly("DY", until=29), *weekly("NT", until=22)))
        self.assertEqual(
            overdue(now=noon(6)),
            [point_row("late"), ("register", "missing", FIRST, "METER1", "NT")],
        )

    def test_register_with_too_few_readings_has_the_interval_of_the_point(self) -> None:
        store(read(FIRST, *weekly("DY", until=29), "NT 0501"))
        self.assertEqual(
            overdue(now=noon(9, month=5) + timedelta(days=21)),
            [("register", "missing", FIRST, "METER1", "NT")],
        )

    def test_removed_register_is_not_silent(self) -> None:
        store(
            read(FIRST, *weekly("DY", until=29), *weekly("NT", until=15)),
            read(FIRST, "NT 0522", reading_type="F"),
        )
        self.assertEqual(overdue(now=noon(30, month=5)), [])

    def test_registers_of_an_exchanged_meter_are_not_silent(self) -> None:
        store(
            read(FIRST, *weekly("DY"), *weekly("NT", until=15), meter="OLD"),
            read(FIRST, "S 0529", meter="NEW", reading_type="I"),
        )
        self.assertEqual(overdue(now=noon(5)), [])


def of_meter_point(point: MeterPoint, now: datetime) -> list[ExpectedReading]:
    """Return what is expected of one meter point, as its page does."""
    registers = registers_of(meters=list(point.meters.all()), limit=400)
    return expected_readings_of(
        registers=[register.key for register in registers],
        intervals=intervals_by_hand(),
        today=timezone.localdate(now, LONDON),
    )


class OneMeterPointTests(TestCase):
    def expected(self, *, now: datetime) -> list[ExpectedReading]:
        return of_meter_point(MeterPoint.objects.get(mpan=FIRST), now)

    def test_reading_in_time_is_told(self) -> None:
        store(read(FIRST, *weekly()))
        [expected] = self.expected(now=noon(29, month=5))
        self.assertEqual(
            expected[1:],
            ("", "UDMS", date(2026, 5, 22), 7, date(2026, 5, 29), "fine"),
        )

    def test_silent_register_follows_the_meter_point(self) -> None:
        store(read(FIRST, *weekly("DY", until=29), *weekly("NT", until=22)))
        states = [(row.register_id, row.state) for row in self.expected(now=noon(5))]
        self.assertEqual(states, [("", "fine"), ("NT", "late")])

    def test_meter_point_without_readings_has_no_row(self) -> None:
        imported(flow_file([f"026|{FIRST}|V|", "027|02||"]))
        self.assertEqual(self.expected(now=noon(5)), [])

    def test_it_takes_two_queries_for_many_registers(self) -> None:
        store(
            read(FIRST, *weekly("DY"), *weekly("NT")),
            read(FIRST, "DY 0529", meter="NEW"),
        )
        registers = registers_of(meters=list(Meter.objects.all()), limit=9)
        keys = [register.key for register in registers]
        with self.assertNumQueries(2):
            expected_readings_of(registers=keys, intervals={}, today=date(2026, 6, 1))


class OverdueCountTests(TestCase):
    def test_rows_are_counted_by_level_and_state(self) -> None:
        store(read(FIRST, *weekly("DY", until=29), *weekly("NT", until=22)))
        OverdueReading.objects.bulk_create(overdue_readings(now=noon(6)))
        self.assertEqual(
            overdue_counts(),
            {
                ("meter-point", "missing"): 0,
                ("meter-point", "late"): 1,
                ("register", "missing"): 1,
                ("register", "late"): 0,
            },
        )


# Meter, register, day, reading type and whether the version is current
READINGS = st.lists(
    st.tuples(
        st.integers(0, 2),
        st.sampled_from(["DY", "NT"]),
        st.integers(0, 40),
        st.sampled_from("RRRRF"),
        st.sampled_from([True, True, True, False]),
    ),
    max_size=24,
    unique_by=lambda reading: reading[:3],
)


class PropertyTests(HypothesisTestCase):
    """Meters 0 and 1 are of one meter point, meter 2 is of another."""

    @classmethod
    def setUpTestData(cls) -> None:
        store(
            read(FIRST, "S 0501", meter="M0"),
            read(FIRST, "S 0501", meter="M1"),
            read(SECOND, "S 0501", meter="M2"),
        )
        cls.file = FlowFile.objects.get()
        cls.meters = list(Meter.objects.order_by("serial_number"))

    @settings(max_examples=40, deadline=None)
    @given(readings=READINGS, age=st.integers(41, 90), by_hand=st.integers(0, 9))
    def test_it_finds_what_a_plain_restatement_finds(
        self, readings: list[tuple[int, str, int, str, bool]], age: int, by_hand: int
    ) -> None:
        Reading.objects.all().delete()
        if by_hand > 6:
            SenderSchedule.objects.create(
                participant="UDMS", reading_interval_days=by_hand
            )
        Reading.objects.bulk_create(
            Reading(
                flow_file=self.file,
                line_number=number,
                mpan_line_number=1,
                meter_line_number=2,
                meter=self.meters[meter],
                register_id=register,
                read_at=datetime(2026, 1, 1, tzinfo=LONDON) + timedelta(days=day),
                value=1,
                reading_type=reading_type,
                version_status="current" if is_current else "withdrawn",
                changed_at=noon(1),
            )
            for number, (meter, register, day, reading_type, is_current) in enumerate(
                readings, start=3
            )
        )
        now = datetime(2026, 1, 1, 12, tzinfo=LONDON) + timedelta(days=age)
        interval = by_hand if by_hand > 6 else 0
        counted = [each[:4] for each in readings if each[4]]
        expected = {
            (f"M{meter}", register, state)
            for meters in ({0, 1}, {2})
            for meter, register, state in restated(
                [each for each in counted if each[0] in meters], age, interval
            )
        }
        serials = {meter.pk: meter.serial_number for meter in self.meters}
        found = list(overdue_readings(now=now))
        self.assertEqual(
            {(serials[row.meter_id], row.register_id, row.state) for row in found},
            expected,
        )
        of_points = {
            (serials[row.meter_id], row.register_id, str(row.state))
            for point in MeterPoint.objects.all()
            for row in of_meter_point(point, now)
            if row.is_overdue
        }
        self.assertEqual(of_points, expected)


def restated(
    readings: list[tuple[int, str, int, str]], today: int, by_hand: int
) -> set[tuple[int, str, str]]:
    """Return meter, register and state of what is overdue at one meter point."""
    latest: dict[tuple[int, str], tuple[int, str]] = {}
    for meter, register, day, reading_type in sorted(readings, key=lambda r: r[2]):
        latest[meter, register] = (day, reading_type)
    active = {key: day for key, (day, kind) in latest.items() if kind != "F"}
    if not active:
        return set()
    _, in_use = max((day, meter) for (meter, _), day in active.items())
    days = sorted({reading[2] for reading in readings})
    interval = by_hand or restated_interval(days)
    rows = {(in_use, "", restated_state(today, days[-1], interval))}
    for (meter, register), day in active.items():
        if meter == in_use and day < days[-1]:
            own = sorted(r[2] for r in readings if r[:2] == (meter, register))
            own_interval = by_hand or restated_interval(own) or interval
            rows.add((meter, register, restated_state(today, day, own_interval)))
    return {row for row in rows if row[2]}


def restated_interval(days: list[int]) -> int:
    gaps = sorted([after - before for before, after in zip(days, days[1:])][-20:])
    return gaps[len(gaps) - 1 - len(gaps) // 10] if len(gaps) >= 3 else 0


def restated_state(today: int, latest: int, interval: int) -> str:
    if not interval or today - latest <= interval:
        return ""
    return "late" if today - latest <= 2 * interval else "missing"
