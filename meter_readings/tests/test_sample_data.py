"""Tests of the committed sample files: their parsing, findings and contents."""

from datetime import timedelta
from pathlib import Path
from typing import Any
from unittest import TestCase

from meter_readings import d0010
from meter_readings.d0010 import IssueCode, mpan
from meter_readings.synthetic.meters import SYNTHETIC_PREFIX
from meter_readings.tests.support.flow_file_builder import Parsed, parse
from meter_readings.tests.synthetic.helpers import NOW, rewrite

FOLDER = Path(__file__).resolve().parents[2] / "sample_data"
FILENAMES = sorted(path.name for path in FOLDER.glob("*.uff"))
REJECTED = [name for name in FILENAMES if name.startswith("rejected_")]
LOADED = [name for name in FILENAMES if name not in REJECTED]

# The issues of every file; files that are not listed have none.
ISSUES = {
    "clock_change.uff": {IssueCode.AMBIGUOUS_TIME, IssueCode.NONEXISTENT_TIME},
    "history_2026_10_warnings.uff": {
        IssueCode.MPAN_CHECK_DIGIT,
        IssueCode.NOT_MIDNIGHT,
        IssueCode.SUSPECT_WITHOUT_RESULT,
        IssueCode.MD_RESET_INCOMPLETE,
    },
    "rejected_truncated.uff": {
        IssueCode.TRUNCATED,
        IssueCode.NO_TRAILER,
        IssueCode.NO_PIPE_AT_END,
        IssueCode.TOO_FEW_FIELDS,
        IssueCode.INVALID_DATETIME,
        IssueCode.MISSING_VALUE,
        IssueCode.MISSING_EXPECTED_VALUE,
    },
    "rejected_with_issues.uff": {
        IssueCode.MPAN_NOT_13_DIGITS,
        IssueCode.MPAN_CHECK_DIGIT,
        IssueCode.MISSING_VALUE,
        IssueCode.UNKNOWN_CODE,
        IssueCode.NEGATIVE,
        IssueCode.INVALID_NUMBER,
        IssueCode.INVALID_DATETIME,
        IssueCode.READ_IN_FUTURE,
        IssueCode.INVALID_BOOLEAN,
        IssueCode.NO_PARENT,
        IssueCode.UNKNOWN_GROUP,
        IssueCode.FILE_IDENTIFIER_MISMATCH,
    },
}


def parse_sample(filename: str) -> Parsed:
    return parse((FOLDER / filename).read_bytes(), not_after=NOW)


class SampleDataTests(TestCase):
    def test_every_file_is_described_in_the_documentation(self) -> None:
        page = (FOLDER.parent / "documentation/SAMPLE_FILES.md").read_text("utf-8")
        rows = [line for line in page.splitlines() if ".uff` |" in line]
        names = [row.split("`")[1] for row in rows]
        self.assertEqual(names, FILENAMES)

    def test_every_file_has_its_issues_and_no_others(self) -> None:
        for name in FILENAMES:
            with self.subTest(name):
                codes = set(parse_sample(name).codes)
                self.assertEqual(codes, ISSUES.get(name, set()))

    def test_every_loaded_file_is_operational(self) -> None:
        for name in LOADED:
            header = parse_sample(name).parser.header
            assert header is not None
            self.assertEqual(header.test_data_flag, "OPER", name)

    def test_every_loaded_file_is_rewritten_to_the_same_bytes(self) -> None:
        for name in LOADED:
            with self.subTest(name):
                rewritten = rewrite(parse_sample(name))
                self.assertEqual(rewritten, (FOLDER / name).read_bytes())

    def test_every_mpan_is_synthetic(self) -> None:
        for name in LOADED:
            for entry in parse_sample(name).entries:
                core = entry.mpan.record.mpan_core
                self.assertEqual(core[2:4], SYNTHETIC_PREFIX, name)

    def test_every_file_has_a_file_identifier_of_its_own(self) -> None:
        headers = [parse_sample(name).parser.header for name in FILENAMES]
        identifiers = {header.file_identifier for header in headers if header}
        self.assertEqual(len(identifiers), len(FILENAMES))

    def test_no_serial_number_is_at_two_valid_mpans(self) -> None:
        pairs = {
            (entry.meter.record.meter_id, entry.mpan.record.mpan_core)
            for name in LOADED
            for entry in parse_sample(name).entries
            if entry.meter and mpan.has_valid_check_digit(entry.mpan.record.mpan_core)
        }
        self.assertEqual(len(pairs), len({serial for serial, _ in pairs}))


class FilenameTests(TestCase):
    """Each file contains what its name says."""

    def values(self, name: str, field: str) -> set[Any]:
        """Return the values of a field of the readings, or of their 028."""
        return {
            getattr(entry.record, field, None)
            or getattr(entry.meter.record, field, None)
            for entry in parse_sample(f"{name}.uff").entries
            if entry.meter and isinstance(entry.record, d0010.RegisterReading)
        }

    def test_the_files_have_the_names_of_the_requirements(self) -> None:
        names = (
            "commercial_properties economy7_meters industrial_meters march_readings"
            " mixed_recent_readings multiple_daily_readings prepayment_meters"
            " register_showcase residential_smart_meters small_business test"
        )
        self.assertLessEqual({f"{name}.uff" for name in names.split()}, set(LOADED))

    def test_commercial_properties_have_weekend_registers(self) -> None:
        registers = self.values("commercial_properties", "register_id")
        self.assertLess({"DY", "NT", "EW", "MD"}, registers)

    def test_every_economy_7_meter_has_two_registers(self) -> None:
        registers: dict[str, set[str]] = {}
        for entry in parse_sample("economy7_meters.uff").entries:
            meter_id = entry.meter.record.meter_id
            registers.setdefault(meter_id, set()).add(entry.record.register_id)
        self.assertEqual({len(ids) for ids in registers.values()}, {2})

    def test_industrial_meters_have_demand_and_reactive_registers(self) -> None:
        registers = self.values("industrial_meters", "register_id")
        self.assertLess({"MD", "M1", "M2", "R1"}, registers)

    def test_mixed_recent_readings_are_of_every_basis_of_one_month(self) -> None:
        types = self.values("mixed_recent_readings", "reading_type")
        times = self.values("mixed_recent_readings", "read_at")
        self.assertEqual(types, {"A", "C", "D", "P", "R", "S"})
        self.assertEqual({f"{time:%Y-%m}" for time in times}, {"2026-10"})

    def test_multiple_daily_readings_are_half_an_hour_apart(self) -> None:
        times = sorted(self.values("multiple_daily_readings", "read_at"))
        gaps = {later - earlier for earlier, later in zip(times, times[1:])}
        self.assertEqual(gaps, {timedelta(minutes=30)})

    def test_prepayment_meters_have_readings_of_the_prepayment_provider(self) -> None:
        self.assertEqual(self.values("prepayment_meters", "reading_type"), {"P"})

    def test_the_register_showcase_has_26_register_ids(self) -> None:
        self.assertEqual(len(self.values("register_showcase", "register_id")), 26)

    def test_residential_smart_meters_are_read_every_week(self) -> None:
        times = sorted(self.values("residential_smart_meters", "read_at"))
        self.assertEqual((times[-1] - times[0]).days % 7, 0)

    def test_the_file_for_a_first_test_is_small(self) -> None:
        entries = parse_sample("test.uff").entries
        self.assertEqual(len({entry.mpan.record.mpan_core for entry in entries}), 3)


class MarchReadingsTests(TestCase):
    """The readings of March and their corrections fit together."""

    def readings(self, filename: str) -> dict[tuple[str, str, str], d0010.Entry]:
        """Return the readings by serial number, register and reading type."""
        return {
            (
                entry.meter.record.meter_id,
                entry.record.register_id,
                entry.meter.record.reading_type,
            ): entry
            for entry in parse_sample(filename).entries
            if entry.meter and isinstance(entry.record, d0010.RegisterReading)
        }

    def test_march_has_two_hundred_meter_points(self) -> None:
        self.assertEqual(parse_sample("march_readings.uff").parser.flow_count, 200)

    def test_every_reading_was_taken_in_march(self) -> None:
        months = {
            f"{entry.record.read_at:%Y-%m}"
            for entry in self.readings("march_readings.uff").values()
        }
        self.assertEqual(months, {"2026-03"})

    def test_a_withdrawal_repeats_the_withdrawn_reading(self) -> None:
        sent = self.readings("march_readings.uff")
        for key, entry in self.readings("march_readings_corrections.uff").items():
            if key[2] == "W":
                withdrawn = sent[key[0], key[1], "R"]
                self.assertEqual(entry.record, withdrawn.record)

    def test_every_correction_is_of_a_reading_of_march(self) -> None:
        times = {
            (*key[:2], entry.record.read_at)
            for key, entry in self.readings("march_readings.uff").items()
        }
        for key, entry in self.readings("march_readings_corrections.uff").items():
            self.assertIn((*key[:2], entry.record.read_at), times)

    def test_a_modified_reading_has_another_value(self) -> None:
        sent = self.readings("march_readings.uff")
        corrected = self.readings("march_readings_corrections.uff")
        modified = next(key for key in corrected if key[2] == "Q")
        self.assertNotEqual(
            corrected[modified].record.value, sent[*modified[:2], "R"].record.value
        )


class OtherSampleTests(TestCase):
    def test_every_group_is_in_the_file_of_every_group(self) -> None:
        lines = (FOLDER / "every_group.uff").read_text("ascii").splitlines()
        codes = {group.code for group in d0010.D0010.groups}
        self.assertLess(codes, {line[:3] for line in lines})

    def test_initial_and_final_readings_have_the_same_time(self) -> None:
        times: dict[str, set[str]] = {"F": set(), "I": set(), "R": set()}
        for entry in parse_sample("meter_exchange.uff").entries:
            if isinstance(entry.record, d0010.RegisterReading):
                moment = entry.mpan.record.mpan_core, entry.record.read_at
                times[entry.meter.record.reading_type].add(moment)
        self.assertEqual(times["F"], times["I"])
