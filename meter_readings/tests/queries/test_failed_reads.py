"""Tests of failed reads: the definition, and the query's plan and cost."""

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import Iterable, Iterator
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any, NamedTuple

from django.test import TestCase
from django.utils import timezone

from meter_readings.d0010 import LONDON
from meter_readings.models import FlowFile, Meter, MeterPoint, Reading, VersionStatus
from meter_readings.queries.failed_reads import (
    AGE_BANDS,
    AgeBand,
    FailedRead,
    Filters,
    bands_of,
    counts_of,
    failed_reads,
)
from meter_readings.tests.support.correction_helpers import correct, withdraw
from meter_readings.tests.support.flow_file_builder import (
    flow_file,
    header_line,
    mpan_core,
)
from meter_readings.tests.support.import_helpers import imported
from meter_readings.tests.support.query_plans import (
    plan_text,
    queries_of,
    table_scans,
    use_indexes_for_few_rows,
)

# The MPANs are in this order.
FIRST, SECOND = mpan_core(1), mpan_core(2)
AS_OF = date(2024, 7, 1)

type Lines = list[str]


def visit(
    day: str,
    *registers: str,
    status: str = "F",
    mpan: str = FIRST,
    meter: str = "METER1",
    reading_type: str = "R",
) -> Lines:
    """Return the groups of a visit; a register is `S` or, with a reason, `S 03`."""
    time = day if len(day) > 8 else f"{day}000000"
    lines = [f"026|{mpan}|{status}|", f"028|{meter}|{reading_type}|"]
    for register in registers:
        register_id, _, reason = register.partition(" ")
        lines.append(f"030|{register_id}|{time}|99.0|||T|N|")
        lines += [f"032|{reason}|F|"] if reason else []
    return lines


def sent(*visits: Lines, identifier: str = "TEST000001", **header: str) -> FlowFile:
    """Import a file of these visits."""
    lines = [line for lines in visits for line in lines]
    header_text = header_line(file_identifier=identifier, **header)
    return imported(flow_file(lines, header=header_text), f"{identifier}.uff")


def reads(as_of: date = AS_OF, **filters: Any) -> list[FailedRead]:
    return list(failed_reads(as_of=as_of, filters=Filters(**filters)))


def summary(rows: Iterable[FailedRead]) -> list[tuple[str, str, str]]:
    """Return the day, the MPAN and the meters' registers of each failed read."""
    return [
        (
            f"{read.visit_date:%Y%m%d}",
            read.mpan,
            " ".join(f"{each.serial_number}:{each.register_id}" for each in row),
        )
        for read, row in ((read, read.registers) for read in rows)
    ]


class DefinitionTests(TestCase):
    def assert_outstanding(
        self, *expected: tuple[str, str, str], **options: Any
    ) -> None:
        self.assertEqual(summary(reads(**options)), list(expected))

    def test_failed_reading_is_listed(self) -> None:
        sent(visit("20240401", "S 03"))
        [read] = reads()
        [register] = read.registers
        self.assertEqual(read.position, (date(2024, 4, 1), FIRST))
        self.assertEqual(read.meter_point_id, MeterPoint.objects.get().pk)
        self.assertEqual(
            register,
            (
                Reading.objects.get().pk,
                Meter.objects.get().pk,
                "METER1",
                "S",
                datetime(2024, 4, 1, tzinfo=LONDON),
                Decimal("99.0"),
                "R",
                "03",
                "UDMS",
            ),
        )

    def test_later_valid_reading_of_the_register_resolves_it(self) -> None:
        sent(visit("20240401", "S"), visit("20240501", "S", status="V"))
        self.assert_outstanding()

    def test_earlier_valid_reading_does_not_resolve_it(self) -> None:
        sent(visit("20240401", "S", status="V"), visit("20240501", "S"))
        self.assert_outstanding(("20240501", FIRST, "METER1:S"))

    def test_later_reading_that_is_not_validated_does_not_resolve_it(self) -> None:
        sent(visit("20240401", "S"), visit("20240501", "S", status="U"))
        self.assert_outstanding(("20240401", FIRST, "METER1:S"))

    def test_valid_reading_of_another_register_does_not_resolve_it(self) -> None:
        sent(visit("20240401", "DY", "NT"), visit("20240501", "DY", status="V"))
        self.assert_outstanding(("20240401", FIRST, "METER1:NT"))

    def test_latest_failed_reading_alone_is_listed(self) -> None:
        sent(visit("20240401", "S 03"), visit("20240501", "S 05"))
        self.assert_outstanding(("20240501", FIRST, "METER1:S"))

    def test_registers_that_failed_for_different_reasons_are_one_row(self) -> None:
        sent(visit("20240401", "DY 05", "NT 03", "MD"))
        self.assert_outstanding(("20240401", FIRST, "METER1:DY METER1:MD METER1:NT"))
        self.assertEqual(reads()[0].reason_codes, ["03", "05"])

    def test_exchange_on_one_day_is_one_row(self) -> None:
        sent(
            visit("20240401093000", "S 03", meter="OLD", reading_type="F"),
            visit("20240401101500", "S 20", meter="NEW", reading_type="I"),
        )
        self.assert_outstanding(("20240401", FIRST, "NEW:S OLD:S"))

    def test_removed_meter_is_left_out_when_its_successor_is_read(self) -> None:
        sent(
            visit("20240401", "S", meter="OLD", reading_type="F"),
            visit("20240401", "S", meter="NEW", reading_type="I", status="V"),
        )
        self.assert_outstanding(("20240401", FIRST, "OLD:S"))
        sent(visit("20240501", "S", meter="NEW", status="V"), identifier="LATER")
        self.assert_outstanding()

    def test_meter_that_is_read_after_another_one_is_in_use(self) -> None:
        sent(
            visit("20240401", "S"),
            visit("20240501", "S", meter="METER2", status="V"),
            visit("20240502", "S", status="U"),
        )
        self.assert_outstanding(("20240401", FIRST, "METER1:S"))

    def test_visits_of_two_days_are_two_rows_latest_first(self) -> None:
        sent(visit("20240401", "DY"), visit("20240501", "NT"))
        self.assert_outstanding(
            ("20240501", FIRST, "METER1:NT"), ("20240401", FIRST, "METER1:DY")
        )

    def test_visits_of_one_day_are_in_the_order_of_mpans(self) -> None:
        sent(visit("20240401", "S", mpan=SECOND), visit("20240401113000", "S"))
        self.assertEqual([read.mpan for read in reads()], [FIRST, SECOND])

    def test_day_is_a_uk_local_date(self) -> None:
        # 23:30 UTC on the day before
        sent(visit("20240701003000", "S"))
        self.assert_outstanding(as_of=date(2024, 6, 30))
        self.assert_outstanding(("20240701", FIRST, "METER1:S"))

    def test_readings_after_the_as_of_date_are_not_known(self) -> None:
        sent(visit("20240401", "S"), visit("20240501", "S", status="V"))
        self.assert_outstanding(
            ("20240401", FIRST, "METER1:S"), as_of=date(2024, 4, 30)
        )
        self.assert_outstanding(as_of=date(2024, 3, 31))

    def test_version_that_was_validated_later_resolves_it(self) -> None:
        sent(visit("20240401", "S"))
        sent(
            visit("20240401", "S", status="V"),
            identifier="LATER",
            created_at="20240403000000",
        )
        self.assert_outstanding()

    def test_withdrawn_reading_is_left_out(self) -> None:
        sent(visit("20240401", "S"))
        withdraw(Reading.objects.get())
        self.assert_outstanding()

    def test_value_that_a_user_corrected_is_not_validated(self) -> None:
        sent(visit("20240401", "S 03"))
        correct(Reading.objects.get(), value=Decimal("98.0"))
        [read] = reads()
        self.assertEqual(read.registers[0].value, Decimal("98.0"))
        self.assertEqual(read.senders, [])


class FilterAndCountTests(TestCase):
    @classmethod
    def setUpTestData(cls) -> None:
        # The distributors are 20 and 10.
        sent(
            visit("20240630", "S 03", mpan="1000000000003"),
            visit("20240401", "DY 03", "NT 05"),
        )
        sent(
            visit("20240101", "S", mpan=SECOND),
            identifier="OTHER",
            from_participant="SIEM",
        )

    def days(self, **filters: Any) -> list[str]:
        return [f"{read.visit_date:%m%d}" for read in reads(**filters)]

    def test_without_filters_all_are_listed(self) -> None:
        self.assertEqual(self.days(), ["0630", "0401", "0101"])

    def test_filters_by_age(self) -> None:
        self.assertEqual(self.days(max_age=1), ["0630"])
        self.assertEqual(self.days(max_age=0), [])
        self.assertEqual(self.days(min_age=1), ["0630", "0401", "0101"])
        self.assertEqual(self.days(min_age=2), ["0401", "0101"])
        self.assertEqual(self.days(min_age=91, max_age=91), ["0401"])

    def test_filters_by_sender(self) -> None:
        self.assertEqual(self.days(sender="SIEM"), ["0101"])

    def test_filters_by_reason_of_any_register(self) -> None:
        self.assertEqual(self.days(reason_code="05"), ["0401"])
        self.assertEqual(reads(reason_code="05")[0].reason_codes, ["03", "05"])

    def test_filters_by_distributor(self) -> None:
        self.assertEqual(self.days(distributor_id="10"), ["0630"])

    def test_list_continues_after_a_position(self) -> None:
        every = reads()
        for number, read in enumerate(every, 1):
            rest = list(failed_reads(as_of=AS_OF, after=read.position))
            self.assertEqual(rest, every[number:])

    def test_list_continues_within_a_day(self) -> None:
        sent(visit("20240401", "S", mpan=SECOND), identifier="NEXT")
        first, second = [each for each in reads() if each.visit_date.month == 4]
        after = list(failed_reads(as_of=AS_OF, after=first.position))
        self.assertEqual(after[0], second)

    def test_counts_by_age_sender_reason_and_distributor(self) -> None:
        counts = counts_of(reads(), as_of=AS_OF, bands=bands_of(AGE_BANDS))
        self.assertEqual(counts.total, 3)
        self.assertEqual(
            {str(band): count for band, count in counts.by_band.items()},
            {
                "0 to 6 days": 1,
                "7 to 29 days": 0,
                "30 to 89 days": 0,
                "90 to 179 days": 1,
                "180 days or more": 1,
            },
        )
        self.assertEqual(counts.by_sender, {"SIEM": 1, "UDMS": 2})
        self.assertEqual(counts.by_reason, {"": 1, "03": 2, "05": 1})
        self.assertEqual(counts.by_distributor, {"10": 1, "20": 2})

    def test_bands_are_a_parameter(self) -> None:
        bands = bands_of([100])
        self.assertEqual(bands, [AgeBand(0, 99), AgeBand(100, None)])
        counts = counts_of(reads(), as_of=AS_OF, bands=bands)
        self.assertEqual([*counts.by_band.values()], [2, 1])


class QueryTests(TestCase):
    def test_one_query_reads_any_number_of_failed_reads(self) -> None:
        for number in (1, 20):
            sent(
                *(
                    visit(
                        "20240401", "DY 03", "NT", mpan=mpan_core(100 * number + each)
                    )
                    for each in range(number)
                ),
                identifier=f"FILE{number}",
            )
            with self.assertNumQueries(1):
                reads()

    def test_query_reads_the_indexes_of_failed_readings_and_of_registers(self) -> None:
        sent(
            *(visit("20240401", "S", mpan=mpan_core(number)) for number in range(20)),
            visit("20240501", "S", mpan=mpan_core(1), status="V"),
        )
        use_indexes_for_few_rows()
        [query] = queries_of(reads)
        plan = plan_text(query)
        self.assertIn("reading_not_validated_idx", plan)
        self.assertIn("reading_key_idx", plan)
        self.assertEqual(table_scans(plan), [])


class Row(NamedTuple):
    """One version of a reading of a random history."""

    mpan: str
    meter: str
    register: str
    read_at: datetime
    status: str
    version_status: str
    sender: str
    reason: str

    @property
    def day(self) -> date:
        return self.read_at.astimezone(LONDON).date()


def outstanding(rows: Iterable[Row], as_of: date) -> Iterator[Row]:
    """Yield the failed readings of one meter point, as the definition says."""
    known = [
        row for row in rows if row.version_status == "current" and row.day <= as_of
    ]
    latest_day = max((row.day for row in known), default=None)
    for meter, register in {(row.meter, row.register) for row in known}:
        of_meter = [row for row in known if row.meter == meter]
        checked = [
            row for row in of_meter if row.register == register and row.status in "VF"
        ]
        in_use = max(row.day for row in of_meter) == latest_day
        if in_use and checked:
            latest = max(checked, key=lambda row: row.read_at)
            if latest.status == "F":
                yield latest


class RandomHistoriesTests(TestCase):
    """The query and the definition in plain Python agree on random histories."""

    METER_POINTS = 150
    # The clocks go forward on 31 March.
    START = datetime(2024, 3, 29, 22, tzinfo=UTC)

    def setUp(self) -> None:
        self.rng = random.Random("failed reads")
        self.senders = {
            name: sent(
                visit("20240401", "S", status="V", mpan=mpan_core(10_000 + number)),
                identifier=name,
                from_participant=name,
            )
            for number, name in enumerate(("UDMS", "SIEM"))
        }

    def history(self, mpan: str) -> list[Row]:
        """Return a random history; a reading key has one current version at most."""
        choose = self.rng.choice
        rows: dict[Any, Row] = {}
        for _ in range(self.rng.randint(0, 9)):
            minutes = 30 * self.rng.randrange(48 * 5)
            row = Row(
                mpan,
                choose(["A", "A", "B", "C"]),
                choose(["1", "2"]),
                self.START + timedelta(minutes=minutes),
                choose("VUFF"),
                choose([*VersionStatus.values, "current", "current"]),
                choose(["UDMS", "SIEM"]),
                choose(["", "03", "05"]),
            )
            is_current = row.version_status == "current"
            rows[row[1:4] if is_current else len(rows)] = row
        return list(rows.values())

    def store(self, rows: list[Row]) -> None:
        points = {
            mpan: MeterPoint.objects.create(mpan=mpan)
            for mpan in dict.fromkeys(row.mpan for row in rows)
        }
        meters = {
            (mpan, serial): Meter.objects.create(
                meter_point=points[mpan], serial_number=serial
            )
            for mpan, serial in dict.fromkeys((row.mpan, row.meter) for row in rows)
        }
        Reading.objects.bulk_create(
            Reading(
                flow_file=self.senders[row.sender],
                line_number=100 + number,
                mpan_line_number=1,
                meter_line_number=1,
                meter=meters[row.mpan, row.meter],
                register_id=row.register,
                read_at=row.read_at,
                value=1,
                reading_type="R",
                bsc_validation_status=row.status,
                reason_code=row.reason,
                version_status=row.version_status,
                changed_at=timezone.now(),
            )
            for number, row in enumerate(rows)
        )

    def test_query_agrees_with_the_definition_on_each_day(self) -> None:
        histories = [
            self.history(mpan_core(number)) for number in range(self.METER_POINTS)
        ]
        self.store([row for history in histories for row in history])
        found_any = 0
        for number in range(-1, 7):
            as_of = self.START.date() + timedelta(days=number)
            expected: dict[tuple[date, str], set[tuple[object, ...]]] = defaultdict(set)
            for row in (row for rows in histories for row in outstanding(rows, as_of)):
                register = row.meter, row.register, row.read_at, row.reason, row.sender
                expected[row.day, row.mpan].add(register)
            found = reads(as_of)
            actual = {
                (read.visit_date, read.mpan): {
                    (
                        each.serial_number,
                        each.register_id,
                        each.read_at,
                        each.reason_code,
                        each.sender,
                    )
                    for each in read.registers
                }
                for read in found
            }
            self.assertEqual(actual, expected)
            order = sorted(expected, key=lambda key: (-key[0].toordinal(), key[1]))
            self.assertEqual([read.position for read in found], order)
            found_any += len(found)
        self.assertGreater(found_any, self.METER_POINTS)
