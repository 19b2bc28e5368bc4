"""Tests of the committed sample files: their parsing, findings and contents."""

from pathlib import Path
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
    "rejected_cut_short.uff": {
        IssueCode.TRUNCATED,
        IssueCode.NO_TRAILER,
        IssueCode.NO_PIPE_AT_END,
        IssueCode.TOO_FEW_FIELDS,
        IssueCode.INVALID_DATETIME,
        IssueCode.MISSING_VALUE,
        IssueCode.MISSING_EXPECTED_VALUE,
    },
    "rejected_faults.uff": {
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


class RoutineRoundTests(TestCase):
    """The routine round, its history and its corrections fit together."""

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

    def test_the_round_has_two_hundred_meter_points(self) -> None:
        self.assertEqual(parse_sample("routine_round.uff").parser.flow_count, 200)

    def test_the_history_has_thirteen_months_of_every_register(self) -> None:
        months: dict[tuple[str, str], set[str]] = {}
        for entry in parse_sample("routine_history.uff").entries:
            key = (entry.meter.record.meter_id, entry.record.register_id)
            months.setdefault(key, set()).add(f"{entry.record.read_at:%Y-%m}")
        self.assertEqual({len(known) for known in months.values()}, {13})

    def test_the_history_has_meters_of_the_round(self) -> None:
        serials = {key[0] for key in self.readings("routine_round.uff")}
        history = {key[0] for key in self.readings("routine_history.uff")}
        self.assertLess(history, serials)

    def test_a_withdrawal_repeats_the_withdrawn_reading(self) -> None:
        sent = self.readings("routine_round.uff")
        for key, entry in self.readings("routine_round_corrections.uff").items():
            if key[2] == "W":
                withdrawn = sent[key[0], key[1], "R"]
                self.assertEqual(entry.record, withdrawn.record)

    def test_every_correction_is_of_a_reading_of_the_round(self) -> None:
        times = {
            (*key[:2], entry.record.read_at)
            for key, entry in self.readings("routine_round.uff").items()
        }
        for key, entry in self.readings("routine_round_corrections.uff").items():
            self.assertIn((*key[:2], entry.record.read_at), times)

    def test_a_modified_reading_has_another_value(self) -> None:
        sent = self.readings("routine_round.uff")
        corrected = self.readings("routine_round_corrections.uff")
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
