"""Tests of version resolution: which version of a reading is current."""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from itertools import permutations
from typing import Any, NamedTuple

from django.test import TestCase

from meter_readings.importer import undo_import
from meter_readings.models import Correction, FlowFile, Meter, MeterPoint, Reading
from meter_readings.tests.support.flow_file_builder import flow_file, header_line
from meter_readings.tests.support.import_helpers import NOW, imported
from meter_readings.tests.support.partition_helpers import ensure_partitions

from .row_helpers import resolve_everything, versions


def file_of(day: int, *versions: str, identifier: str = "TEST000001") -> str:
    """Return a file created on a day of April with versions of one reading key.

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
    """Files with versions of one reading key, and their version statuses."""

    def import_file(self, text: str) -> FlowFile:
        """Import a file under a name of its own."""
        return imported(text, allow_same_name=True)

    def load(
        self, day: int, *versions: str, identifier: str = "TEST000001"
    ) -> FlowFile:
        """Import a file of a day of April with these versions."""
        return self.import_file(file_of(day, *versions, identifier=identifier))

    def assert_statuses(self, *expected: str) -> None:
        """Compare the version statuses, in the order of the versions."""
        self.assertEqual(versions(), list(expected))


class NewerVersionTests(Versions):
    def test_only_version_is_current(self) -> None:
        self.load(2, "V R 100.0")
        self.assert_statuses("current")

    def test_later_value_supersedes_an_earlier_one(self) -> None:
        self.load(2, "V R 100.0")
        self.load(3, "V R 101.0")
        self.assert_statuses("superseded", "current")

    def test_earlier_file_that_arrives_later_is_superseded(self) -> None:
        self.load(3, "V R 101.0")
        self.load(2, "V R 100.0")
        self.assert_statuses("superseded", "current")

    def test_other_reading_type_is_a_new_version(self) -> None:
        self.load(2, "V R 100.0")
        self.load(3, "V A 100.0")
        self.assert_statuses("superseded", "current")

    def test_modified_reading_supersedes_the_original(self) -> None:
        self.load(2, "V R 100.0")
        self.load(3, "V Q 90.0")
        self.assert_statuses("superseded", "current")

    def test_later_line_of_a_file_supersedes_an_earlier_one(self) -> None:
        self.load(2, "V R 100.0", "V R 101.0")
        self.assert_statuses("superseded", "current")

    def test_later_line_under_a_repeated_meter_supersedes_an_earlier_one(self) -> None:
        self.import_file(flow_file("""
            026|2000000000015|V|
            028|TST0000001|R|
            030|S|20240401000000|100.0|||T|N|
            030|S|20240401000000|101.0|||T|N|
            """))
        self.assert_statuses("superseded", "current")

    def test_files_created_at_one_time_are_ordered_by_identifier(self) -> None:
        self.load(2, "V R 101.0", identifier="TEST000002")
        self.load(2, "V R 100.0", identifier="TEST000001")
        self.assertEqual(
            versions("value"),
            [("superseded", Decimal("100.0")), ("current", Decimal("101.0"))],
        )

    def test_file_identifiers_are_ordered_byte_by_byte(self) -> None:
        self.load(2, "V R 101.0", identifier="TESTa")
        self.load(2, "V R 100.0", identifier="TESTB")
        values = Reading.objects.current().values_list("value", flat=True)
        self.assertEqual(list(values), [Decimal("101.0")])

    def test_files_of_one_time_and_identifier_are_ordered_by_hash(self) -> None:
        self.load(2, "V R 100.0")
        self.load(2, "V R 101.0")
        hashes = [flow_file.sha256 for flow_file in FlowFile.objects.order_by("pk")]
        self.assert_statuses("superseded", "current")
        self.assertEqual(
            versions("flow_file__sha256")[1], ("current", sorted(hashes)[1])
        )


class DuplicateTests(Versions):
    def test_first_of_two_equal_versions_is_current(self) -> None:
        self.load(2, "V R 100.0")
        self.load(3, "V R 100.0")
        self.assert_statuses("current", "duplicate")

    def test_first_of_two_equal_versions_can_arrive_later(self) -> None:
        self.load(3, "V R 100.0")
        self.load(2, "V R 100.0")
        self.assert_statuses("current", "duplicate")

    def test_reading_repeated_in_a_file_is_a_duplicate(self) -> None:
        self.load(2, "V R 100.0", "V R 100.0")
        self.assert_statuses("current", "duplicate")

    def test_trailing_zeros_make_no_new_version(self) -> None:
        self.load(2, "V R 100.0")
        self.load(3, "V R 100.000")
        self.assert_statuses("current", "duplicate")

    def test_value_repeated_after_another_is_current_at_its_first_version(
        self,
    ) -> None:
        self.load(2, "V R 100.0")
        self.load(3, "V R 101.0")
        self.load(4, "V R 100.0")
        self.assert_statuses("current", "superseded", "duplicate")

    def test_other_flag_is_no_duplicate(self) -> None:
        self.load(2, "V R 100.0")
        self.import_file(file_of(3, "V R 100.0").replace("|T|N|", "|F|N|"))
        self.assert_statuses("superseded", "current")

    def test_other_032_status_is_no_duplicate(self) -> None:
        text = file_of(2, "V R 100.0").replace("|T|N|\n", "|F|N|\n032|05|F|\n")
        self.import_file(text)
        self.import_file(text.replace("032|05|F|", "032|05|T|").replace("0402", "0403"))
        self.assert_statuses("superseded", "current")

    def test_other_reading_method_is_a_duplicate(self) -> None:
        self.load(2, "V R 100.0")
        self.import_file(file_of(3, "V R 100.0").replace("|T|N|", "|T|P|"))
        self.assert_statuses("current", "duplicate")


class ValidationTests(Versions):
    def test_validated_value_outranks_a_later_failed_one(self) -> None:
        self.load(2, "V R 100.0")
        self.load(3, "F R 200.0")
        self.assert_statuses("current", "superseded")

    def test_validated_value_outranks_a_later_unvalidated_one(self) -> None:
        self.load(2, "V R 100.0")
        self.load(3, "U R 200.0")
        self.assert_statuses("current", "superseded")

    def test_unvalidated_value_outranks_a_later_failed_one(self) -> None:
        self.load(2, "U R 100.0")
        self.load(3, "F R 200.0")
        self.assert_statuses("current", "superseded")

    def test_unknown_validation_status_ranks_as_unvalidated(self) -> None:
        self.load(2, "V R 100.0", "X R 200.0")
        self.load(3, "U R 300.0", "X R 400.0")
        self.load(4, "F R 500.0")
        self.assert_statuses("current", *["superseded"] * 4)

    def test_later_validation_status_of_the_same_value_wins(self) -> None:
        self.load(2, "V R 100.0")
        self.load(3, "F R 100.0")
        self.assert_statuses("superseded", "current")

    def test_failed_value_can_be_validated_later(self) -> None:
        self.load(2, "F R 100.0")
        self.load(3, "V R 100.0")
        self.assert_statuses("superseded", "current")

    def test_value_that_fails_in_the_end_is_superseded_by_a_valid_one(self) -> None:
        self.load(2, "V R 100.0")
        self.load(3, "V R 200.0")
        self.load(4, "F R 200.0")
        self.assert_statuses("current", "superseded", "superseded")

    def test_undone_validation_status_makes_the_first_version_current_again(
        self,
    ) -> None:
        self.load(2, "V R 100.0")
        self.load(3, "F R 100.0")
        self.load(4, "V R 100.0")
        self.assert_statuses("current", "superseded", "duplicate")


class WithdrawalTests(Versions):
    def test_withdrawal_withdraws_itself_and_all_earlier_versions(self) -> None:
        self.load(2, "V R 100.0", "V R 101.0")
        self.load(3, "V W 101.0")
        self.assert_statuses("withdrawn", "withdrawn", "withdrawn")

    def test_withdrawal_applies_whatever_its_value(self) -> None:
        self.load(2, "V R 100.0")
        self.load(3, "V W 0.0")
        self.assert_statuses("withdrawn", "withdrawn")

    def test_withdrawal_leaves_a_later_version_that_arrived_before(self) -> None:
        self.load(4, "V R 100.0")
        self.load(3, "V W 100.0")
        self.assert_statuses("withdrawn", "current")

    def test_withdrawal_withdraws_an_earlier_version_that_arrives_later(self) -> None:
        self.load(3, "V W 100.0")
        self.load(2, "V R 100.0")
        self.assert_statuses("withdrawn", "withdrawn")

    def test_reading_after_a_withdrawal_is_current(self) -> None:
        self.load(2, "V R 100.0")
        self.load(3, "V W 100.0")
        self.load(4, "V R 101.0")
        self.assert_statuses("withdrawn", "withdrawn", "current")

    def test_same_reading_after_a_withdrawal_is_current_and_no_duplicate(self) -> None:
        self.load(2, "V R 100.0")
        self.load(3, "V W 100.0")
        self.load(4, "V R 100.0")
        self.assert_statuses("withdrawn", "withdrawn", "current")

    def test_failed_reading_after_a_withdrawal_is_current(self) -> None:
        self.load(2, "V R 100.0")
        self.load(3, "V W 100.0")
        self.load(4, "F R 100.0")
        self.assert_statuses("withdrawn", "withdrawn", "current")

    def test_withdrawal_in_a_file_withdraws_only_the_lines_above_it(self) -> None:
        self.load(2, "V R 100.0", "V W 100.0", "V R 101.0")
        self.assert_statuses("withdrawn", "withdrawn", "current")

    def test_withdrawal_without_a_reading_is_withdrawn(self) -> None:
        self.load(2, "V W 100.0")
        self.assert_statuses("withdrawn")

    def test_undo_of_a_withdrawal_makes_the_reading_current_again(self) -> None:
        self.load(2, "V R 100.0")
        withdrawal = self.load(3, "V W 100.0")
        undo_import(flow_file=withdrawal, now=NOW)
        self.assert_statuses("current")


class ReadingKeyTests(Versions):
    GROUPS = """
        026|2000000000015|V|
        028|TST0000001|R|
        030|AM|20240401000000|100.0|||T|N|
        """

    def assert_all_current(self, other_groups: str) -> None:
        """Import a file, then one with other groups; assert that all are current."""
        self.import_file(flow_file(self.GROUPS))
        other = header_line(file_identifier="TEST000002", created_at="20240403000000")
        self.import_file(flow_file(other_groups, header=other))
        self.assert_statuses("current", "current")

    def test_other_register_is_another_reading_key(self) -> None:
        self.assert_all_current(self.GROUPS.replace("|AM|", "|PM|"))

    def test_other_time_is_another_reading_key(self) -> None:
        self.assert_all_current(self.GROUPS.replace("20240401", "20240331"))

    def test_other_meter_is_another_reading_key(self) -> None:
        self.assert_all_current(self.GROUPS.replace("TST0000001", "TST0000002"))

    def test_other_meter_point_is_another_reading_key(self) -> None:
        self.assert_all_current(self.GROUPS.replace("2000000000015", "1000000000003"))

    def test_register_ids_that_differ_in_case_are_different_reading_keys(self) -> None:
        self.assert_all_current(self.GROUPS.replace("|AM|", "|am|"))

    def test_meter_named_twice_in_a_file_is_one_meter(self) -> None:
        self.load(2, "V R 100.0", "V A 100.0")
        self.assertEqual(Meter.objects.count(), 1)
        self.assert_statuses("superseded", "current")


class OrderOfArrivalTests(Versions):
    FILES = (
        file_of(2, "V R 100.0", "U R 101.0"),
        file_of(3, "V W 100.0"),
        file_of(4, "V Q 99.0"),
        file_of(5, "F Q 99.0", "V R 100.0"),
    )

    def test_version_status_does_not_depend_on_the_order_of_arrival(self) -> None:
        outcomes = set()
        for texts in list(permutations(self.FILES))[::3]:
            files = [self.import_file(text) for text in texts]
            outcomes.add(tuple(versions("value")))
            for each in files:
                undo_import(flow_file=each, now=NOW)
        self.assertEqual(len(outcomes), 1)

    def test_version_status_does_not_depend_on_undone_files(self) -> None:
        files = [self.import_file(text) for text in self.FILES]
        expected = versions("value")[3:]
        for each in files[:2]:
            undo_import(flow_file=each, now=NOW)
        self.assertEqual(versions("value"), expected)


# Of three corrections, the second is undone.
UNDONE = 2


class Version(NamedTuple):
    """One version of a reading key; one of a file has the correction 0."""

    value: Decimal
    reading_type: str
    bsc_validation_status: str
    meter_reading_flag: bool | None
    meter_reading_status: bool | None
    correction: int = 0


def expected_statuses(versions: list[Version]) -> list[str]:
    """Return the version statuses by the rules, written a second time."""
    counting = iter(
        statuses_without_undo([each for each in versions if each.correction != UNDONE])
    )
    return [
        "withdrawn" if version.correction == UNDONE else next(counting)
        for version in versions
    ]


def statuses_without_undo(versions: list[Version]) -> list[str]:
    withdrawn = 0
    for place, version in enumerate(versions, 1):
        if version.reading_type == "W":
            withdrawn = place
    left = versions[withdrawn:]
    if not left:
        return ["withdrawn"] * withdrawn
    latest_status = {
        (version.value, version.reading_type): version.bsc_validation_status
        for version in left
    }

    def rank(place: int) -> tuple[int, int, int]:
        status = latest_status[left[place].value, left[place].reading_type]
        return left[place].correction, {"V": 2, "F": 0}.get(status, 1), place

    current = left[max(range(len(left)), key=rank)]
    statuses = ["withdrawn"] * withdrawn
    for place, version in enumerate(left):
        if version in left[:place]:
            statuses.append("duplicate")
        else:
            statuses.append("current" if version == current else "superseded")
    return statuses


class AnyVersionsTests(TestCase):
    """Random versions of many reading keys, compared with the reference rules."""

    KEY_COUNT = 600
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
        self.corrections = [
            Correction.objects.create(
                kind="correct",
                reason="A test",
                created_at=NOW,
                undone_at=NOW if number == UNDONE else None,
            )
            for number in (1, 2, 3)
        ]
        self.versions = [self.any_versions(chance) for _ in range(self.KEY_COUNT)]
        rows = [row for key in range(self.KEY_COUNT) for row in self.rows_of(key)]
        chance.shuffle(rows)
        ensure_partitions(self.FIRST.year)
        Reading.objects.bulk_create(rows, batch_size=500)

    def any_versions(self, chance: random.Random) -> list[Version]:
        """Return versions of files, then of some corrections."""
        versions = [self.any_version(chance) for _ in range(chance.randint(1, 6))]
        for number in 1, 2, 3:
            if not chance.randrange(4):
                entered = self.any_version(chance)._replace(correction=number)
                versions.append(entered)
        return versions

    def any_version(self, chance: random.Random) -> Version:
        """Return a random version, often like another one."""
        return Version(
            Decimal(chance.choice(["100.0", "100.0", "101.0"])),
            chance.choice("RRRRQW"),
            chance.choice("VVUF"),
            chance.choice([True, True, True, None]),
            chance.choice([None, None, None, False]),
        )

    def rows_of(self, key: int) -> list[Reading]:
        """Return the versions of a reading key, spread over the files, unresolved."""
        versions = self.versions[key]
        return [
            self.row_of(
                version,
                self.files[place * 4 // len(versions)],
                line_number=key * 10 + place,
                read_at=self.FIRST + timedelta(minutes=key),
            )
            for place, version in enumerate(versions)
        ]

    def row_of(self, version: Version, file: FlowFile, **place: Any) -> Reading:
        """Return an unresolved version; if it is of a correction, not of the file."""
        values = version._asdict()
        number = values.pop("correction")
        correction = self.corrections[number - 1] if number else None
        return Reading(
            flow_file=None if correction else file,
            correction=correction,
            mpan_line_number=1,
            meter_line_number=1,
            meter=self.meter,
            register_id="S",
            version_status="current",
            changed_at=NOW,
            **values,
            **place,
        )

    def test_random_versions_have_the_status_of_the_reference_rules(self) -> None:
        resolve_everything()
        readings = Reading.objects.order_by("line_number")
        expected = [each for key in self.versions for each in expected_statuses(key)]
        self.assertEqual(
            list(readings.values_list("version_status", flat=True)), expected
        )
