"""Which version of a reading event counts."""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from itertools import permutations
from typing import NamedTuple

from django.test import TestCase

from meter_readings.importer import undo_import
from meter_readings.models import FlowFile, Meter, MeterPoint, Reading
from meter_readings.tests.flow_file_builder import flow_file, header_line
from meter_readings.tests.import_helpers import NOW, imported
from meter_readings.tests.partition_helpers import ensure_partitions

from .row_helpers import resolve_everything, versions


def said(day: int, *versions: str, identifier: str = "TEST000001") -> str:
    """Return a file of that day of April that gives versions of one event.

    A version is its status, reading type and value: `V R 100.0`.
    """
    groups = []
    for version in versions:
        status, reading_type, value = version.split()
        groups += [
            f"026|2000000000015|{status}|",
            f"028|TST0000001|{reading_type}|",
            f"030|S|20240401000000|{value}|||T|N|",
        ]
    stamp = f"202404{day:02}091500"
    header = header_line(file_identifier=identifier, created_at=stamp)
    return flow_file(groups, header=header)


class Versions(TestCase):
    """Files that give versions of one event, and how they stand in the end."""

    def take(self, text: str) -> FlowFile:
        """Import a file, whatever others are called."""
        return imported(text, allow_same_name=True)

    def say(self, day: int, *versions: str, identifier: str = "TEST000001") -> FlowFile:
        """Import a file of that day of April that gives these versions."""
        return self.take(said(day, *versions, identifier=identifier))

    def assert_standings(self, *expected: str) -> None:
        """Compare with the standings in the order in which the versions were said."""
        self.assertEqual(versions(), list(expected))


class NewerVersionTests(Versions):
    def test_the_only_version_counts(self) -> None:
        self.say(2, "V R 100.0")
        self.assert_standings("current")

    def test_a_later_value_supersedes_an_earlier_one(self) -> None:
        self.say(2, "V R 100.0")
        self.say(3, "V R 101.0")
        self.assert_standings("superseded", "current")

    def test_what_was_said_earlier_but_came_later_does_not_count(self) -> None:
        self.say(3, "V R 101.0")
        self.say(2, "V R 100.0")
        self.assert_standings("superseded", "current")

    def test_another_reading_type_makes_a_new_version(self) -> None:
        self.say(2, "V R 100.0")
        self.say(3, "V A 100.0")
        self.assert_standings("superseded", "current")

    def test_a_modified_reading_replaces_the_original(self) -> None:
        self.say(2, "V R 100.0")
        self.say(3, "V Q 90.0")
        self.assert_standings("superseded", "current")

    def test_versions_of_one_file_count_by_line(self) -> None:
        self.say(2, "V R 100.0", "V R 101.0")
        self.assert_standings("superseded", "current")

    def test_versions_under_one_meter_count_by_line(self) -> None:
        self.take(flow_file("""
            026|2000000000015|V|
            028|TST0000001|R|
            030|S|20240401000000|100.0|||T|N|
            030|S|20240401000000|101.0|||T|N|
            """))
        self.assert_standings("superseded", "current")

    def test_files_of_one_moment_count_by_their_identifier(self) -> None:
        self.say(2, "V R 101.0", identifier="TEST000002")
        self.say(2, "V R 100.0", identifier="TEST000001")
        self.assertEqual(
            versions("value"),
            [("superseded", Decimal("100.0")), ("current", Decimal("101.0"))],
        )

    def test_identifiers_are_put_in_order_byte_by_byte(self) -> None:
        self.say(2, "V R 101.0", identifier="TESTa")
        self.say(2, "V R 100.0", identifier="TESTB")
        values = Reading.objects.current().values_list("value", flat=True)
        self.assertEqual(list(values), [Decimal("101.0")])

    def test_files_of_one_moment_and_identifier_count_by_their_hash(self) -> None:
        self.say(2, "V R 100.0")
        self.say(2, "V R 101.0")
        hashes = [flow_file.sha256 for flow_file in FlowFile.objects.order_by("pk")]
        self.assert_standings("superseded", "current")
        self.assertEqual(
            versions("flow_file__sha256")[1], ("current", sorted(hashes)[1])
        )


class DuplicateTests(Versions):
    def test_the_first_to_say_something_counts(self) -> None:
        self.say(2, "V R 100.0")
        self.say(3, "V R 100.0")
        self.assert_standings("current", "duplicate")

    def test_the_first_to_say_it_may_come_later(self) -> None:
        self.say(3, "V R 100.0")
        self.say(2, "V R 100.0")
        self.assert_standings("current", "duplicate")

    def test_what_is_said_twice_in_a_file_counts_once(self) -> None:
        self.say(2, "V R 100.0", "V R 100.0")
        self.assert_standings("current", "duplicate")

    def test_trailing_zeros_say_nothing_new(self) -> None:
        self.say(2, "V R 100.0")
        self.say(3, "V R 100.000")
        self.assert_standings("current", "duplicate")

    def test_a_value_said_again_after_another_counts_where_it_was_first_said(
        self,
    ) -> None:
        self.say(2, "V R 100.0")
        self.say(3, "V R 101.0")
        self.say(4, "V R 100.0")
        self.assert_standings("current", "superseded", "duplicate")

    def test_another_flag_says_something_new(self) -> None:
        self.say(2, "V R 100.0")
        self.take(said(3, "V R 100.0").replace("|T|N|", "|F|N|"))
        self.assert_standings("superseded", "current")

    def test_another_verdict_of_a_032_says_something_new(self) -> None:
        text = said(2, "V R 100.0").replace("|T|N|\n", "|F|N|\n032|05|F|\n")
        self.take(text)
        self.take(text.replace("032|05|F|", "032|05|T|").replace("0402", "0403"))
        self.assert_standings("superseded", "current")

    def test_another_method_says_nothing_new(self) -> None:
        self.say(2, "V R 100.0")
        self.take(said(3, "V R 100.0").replace("|T|N|", "|T|P|"))
        self.assert_standings("current", "duplicate")


class ValidationTests(Versions):
    def test_a_valid_value_counts_over_a_later_one_that_failed(self) -> None:
        self.say(2, "V R 100.0")
        self.say(3, "F R 200.0")
        self.assert_standings("current", "superseded")

    def test_a_valid_value_counts_over_a_later_unvalidated_one(self) -> None:
        self.say(2, "V R 100.0")
        self.say(3, "U R 200.0")
        self.assert_standings("current", "superseded")

    def test_an_unvalidated_value_counts_over_a_later_one_that_failed(self) -> None:
        self.say(2, "U R 100.0")
        self.say(3, "F R 200.0")
        self.assert_standings("current", "superseded")

    def test_a_status_that_is_not_listed_counts_as_unvalidated(self) -> None:
        self.say(2, "V R 100.0", "X R 200.0")
        self.say(3, "U R 300.0", "X R 400.0")
        self.say(4, "F R 500.0")
        self.assert_standings("current", *["superseded"] * 4)

    def test_the_later_verdict_on_the_same_value_wins(self) -> None:
        self.say(2, "V R 100.0")
        self.say(3, "F R 100.0")
        self.assert_standings("superseded", "current")

    def test_a_value_that_failed_may_be_validated_later(self) -> None:
        self.say(2, "F R 100.0")
        self.say(3, "V R 100.0")
        self.assert_standings("superseded", "current")

    def test_a_value_that_failed_in_the_end_gives_way_to_a_valid_one(self) -> None:
        self.say(2, "V R 100.0")
        self.say(3, "V R 200.0")
        self.say(4, "F R 200.0")
        self.assert_standings("current", "superseded", "superseded")

    def test_a_verdict_taken_back_makes_the_first_one_count_again(self) -> None:
        self.say(2, "V R 100.0")
        self.say(3, "F R 100.0")
        self.say(4, "V R 100.0")
        self.assert_standings("current", "superseded", "duplicate")


class WithdrawalTests(Versions):
    def test_withdraws_itself_and_all_that_was_said_before(self) -> None:
        self.say(2, "V R 100.0", "V R 101.0")
        self.say(3, "V W 101.0")
        self.assert_standings("withdrawn", "withdrawn", "withdrawn")

    def test_withdraws_whatever_the_value(self) -> None:
        self.say(2, "V R 100.0")
        self.say(3, "V W 0.0")
        self.assert_standings("withdrawn", "withdrawn")

    def test_withdrawal_leaves_what_was_said_later_though_it_came_before(self) -> None:
        self.say(4, "V R 100.0")
        self.say(3, "V W 100.0")
        self.assert_standings("withdrawn", "current")

    def test_withdraws_what_was_said_before_though_it_comes_later(self) -> None:
        self.say(3, "V W 100.0")
        self.say(2, "V R 100.0")
        self.assert_standings("withdrawn", "withdrawn")

    def test_a_new_reading_after_it_counts(self) -> None:
        self.say(2, "V R 100.0")
        self.say(3, "V W 100.0")
        self.say(4, "V R 101.0")
        self.assert_standings("withdrawn", "withdrawn", "current")

    def test_the_same_reading_after_it_counts_and_is_no_duplicate(self) -> None:
        self.say(2, "V R 100.0")
        self.say(3, "V W 100.0")
        self.say(4, "V R 100.0")
        self.assert_standings("withdrawn", "withdrawn", "current")

    def test_what_failed_after_it_counts_for_want_of_better(self) -> None:
        self.say(2, "V R 100.0")
        self.say(3, "V W 100.0")
        self.say(4, "F R 100.0")
        self.assert_standings("withdrawn", "withdrawn", "current")

    def test_withdraws_by_line_in_its_own_file(self) -> None:
        self.say(2, "V R 100.0", "V W 100.0", "V R 101.0")
        self.assert_standings("withdrawn", "withdrawn", "current")

    def test_withdrawal_stands_withdrawn_where_there_was_nothing(self) -> None:
        self.say(2, "V W 100.0")
        self.assert_standings("withdrawn")

    def test_withdrawal_is_itself_taken_back_by_its_undoing(self) -> None:
        self.say(2, "V R 100.0")
        withdrawal = self.say(3, "V W 100.0")
        undo_import(flow_file=withdrawal, now=NOW)
        self.assert_standings("current")


class EventTests(Versions):
    GROUPS = """
        026|2000000000015|V|
        028|TST0000001|R|
        030|AM|20240401000000|100.0|||T|N|
        """

    def assert_all_count(self, other_groups: str) -> None:
        """Import a file, then one with other groups; assert that nothing competes."""
        self.take(flow_file(self.GROUPS))
        other = header_line(file_identifier="TEST000002", created_at="20240403000000")
        self.take(flow_file(other_groups, header=other))
        self.assert_standings("current", "current")

    def test_another_register_is_another_event(self) -> None:
        self.assert_all_count(self.GROUPS.replace("|AM|", "|PM|"))

    def test_another_time_is_another_event(self) -> None:
        self.assert_all_count(self.GROUPS.replace("20240401", "20240331"))

    def test_another_meter_is_another_event(self) -> None:
        self.assert_all_count(self.GROUPS.replace("TST0000001", "TST0000002"))

    def test_another_meter_point_is_another_event(self) -> None:
        self.assert_all_count(self.GROUPS.replace("2000000000015", "1000000000003"))

    def test_both_registers_called_alike_but_for_case_are_events(self) -> None:
        self.assert_all_count(self.GROUPS.replace("|AM|", "|am|"))

    def test_one_meter_may_be_named_twice_in_a_file(self) -> None:
        self.say(2, "V R 100.0", "V A 100.0")
        self.assertEqual(Meter.objects.count(), 1)
        self.assert_standings("superseded", "current")


class OrderOfArrivalTests(Versions):
    FILES = (
        said(2, "V R 100.0", "U R 101.0"),
        said(3, "V W 100.0"),
        said(4, "V Q 99.0"),
        said(5, "F Q 99.0", "V R 100.0"),
    )

    def test_order_of_arrival_does_not_matter(self) -> None:
        outcomes = set()
        for files in list(permutations(self.FILES))[::3]:
            held = [self.take(text) for text in files]
            outcomes.add(tuple(versions("value")))
            for each in held:
                undo_import(flow_file=each, now=NOW)
        self.assertEqual(len(outcomes), 1)

    def test_nor_does_what_came_and_was_undone(self) -> None:
        held = [self.take(text) for text in self.FILES]
        expected = versions("value")[3:]
        for each in held[:2]:
            undo_import(flow_file=each, now=NOW)
        self.assertEqual(versions("value"), expected)


class Version(NamedTuple):
    """What one version of an event says."""

    value: Decimal
    reading_type: str
    bsc_validation_status: str
    meter_reading_flag: bool | None
    meter_reading_status: bool | None


def expected_standings(said: list[Version]) -> list[str]:
    """Return the standings of versions in the order said, by the rules' own words."""
    withdrawn = 0
    for place, version in enumerate(said, 1):
        if version.reading_type == "W":
            withdrawn = place
    left = said[withdrawn:]
    if not left:
        return ["withdrawn"] * withdrawn
    latest_status = {
        (version.value, version.reading_type): version.bsc_validation_status
        for version in left
    }

    def preference(place: int) -> tuple[int, int]:
        status = latest_status[left[place].value, left[place].reading_type]
        return {"V": 2, "F": 0}.get(status, 1), place

    chosen = left[max(range(len(left)), key=preference)]
    standings = ["withdrawn"] * withdrawn
    for place, version in enumerate(left):
        if version in left[:place]:
            standings.append("duplicate")
        else:
            standings.append("current" if version == chosen else "superseded")
    return standings


class AnyVersionsTests(TestCase):
    """Many events with versions of every kind, against the rules in other words."""

    READING_KEYS_TABLE = 600
    FIRST = datetime(2024, 1, 1, tzinfo=UTC)

    def setUp(self) -> None:
        chance = random.Random(20240401)
        point = MeterPoint.objects.create(mpan="2000000000015")
        self.meter = Meter.objects.create(meter_point=point, serial_number="TST0000001")
        self.files = [
            FlowFile.objects.create(
                filename=f"{number}.uff",
                sha256=f"{number:064}",
                size=1,
                status=FlowFile.Status.IMPORTED,
                policy="standard",
                received_at=NOW,
                file_created_at=self.FIRST + timedelta(days=number),
            )
            for number in range(4)
        ]
        self.said = [
            [self.any_version(chance) for _ in range(chance.randint(1, 6))]
            for _ in range(self.READING_KEYS_TABLE)
        ]
        rows = [
            row
            for event in range(self.READING_KEYS_TABLE)
            for row in self.rows_of(event)
        ]
        chance.shuffle(rows)
        ensure_partitions(self.FIRST.year)
        Reading.objects.bulk_create(rows, batch_size=500)

    def any_version(self, chance: random.Random) -> Version:
        """Return a version of an event, so that many are much like others."""
        return Version(
            Decimal(chance.choice(["100.0", "100.0", "101.0"])),
            chance.choice("RRRRQW"),
            chance.choice("VVUF"),
            chance.choice([True, True, True, None]),
            chance.choice([None, None, None, False]),
        )

    def rows_of(self, event: int) -> list[Reading]:
        """Return the rows of an event, spread over the files, none settled yet."""
        versions = self.said[event]
        return [
            Reading(
                flow_file=self.files[place * 4 // len(versions)],
                line_number=event * 10 + place,
                mpan_line_number=1,
                meter_line_number=1,
                meter=self.meter,
                register_id="S",
                read_at=self.FIRST + timedelta(minutes=event),
                version_status="current",
                **version._asdict(),
            )
            for place, version in enumerate(versions)
        ]

    def test_any_versions_stand_as_the_rules_say(self) -> None:
        resolve_everything()
        readings = Reading.objects.order_by("line_number")
        expected = [each for said in self.said for each in expected_standings(said)]
        self.assertEqual(
            list(readings.values_list("version_status", flat=True)), expected
        )
