"""Tests of the D0010 export of files and selections."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from unittest import skipUnless

from django.test import TestCase
from hypothesis import assume, given, settings
from hypothesis.extra.django import TestCase as HypothesisTestCase

from meter_readings import exports, importer
from meter_readings.d0010 import LONDON
from meter_readings.models import FlowFile, ImportJob, Policy, Reading
from meter_readings.queries.readings import filter_readings
from meter_readings.tests.d0010.strategies import any_files
from meter_readings.tests.robustness import amount
from meter_readings.tests.support.correction_helpers import correct
from meter_readings.tests.support.flow_file_builder import (
    EVERY_GROUP,
    HEADER_LINE,
    SAMPLE_PATH,
    flow_file,
    flow_file_of_readings,
    header_line,
    parse,
)
from meter_readings.tests.support.import_helpers import NOW, import_text, imported

from .strategies import flow_files

EXAMPLES = amount("D0010_EXAMPLES", 20)
SAMPLES = Path(__file__).resolve().parents[3] / "sample_data"


def exported(file: FlowFile) -> bytes:
    text = "".join(exports.flow_file_lines(flow_file=file))
    return text.encode(exports.FLOW_FILE_ENCODING)


class FlowFileLinesTests(TestCase):
    def assert_round_trip(self, text: str | bytes) -> None:
        """Assert that a file is exported byte for byte as it was imported."""
        data = text if isinstance(text, bytes) else text.encode("cp1252")
        self.assertEqual(exported(imported(data)), data)

    def test_file_with_every_group_is_exported_as_received(self) -> None:
        self.assert_round_trip(EVERY_GROUP)

    @skipUnless(SAMPLE_PATH.exists(), "the published sample is not here")
    def test_published_sample_is_exported_as_received(self) -> None:
        self.assert_round_trip(SAMPLE_PATH.read_bytes())

    def test_every_importable_sample_is_exported_as_received(self) -> None:
        names = []
        for path in sorted(SAMPLES.glob("*.uff")):
            data = path.read_bytes()
            result = import_text(data, path.name)
            if result.outcome == ImportJob.Outcome.IMPORTED:
                assert result.flow_file is not None
                names.append(path.name)
                self.assertEqual(exported(result.flow_file), data, path.name)
        self.assertGreater(len(names), 10)

    def test_line_endings_are_kept(self) -> None:
        self.assert_round_trip(flow_file("026|2000000000015|V|", line_ending="\r\n"))

    def test_missing_end_of_the_last_line_is_kept(self) -> None:
        self.assert_round_trip(flow_file("026|2000000000015|V|").removesuffix("\n"))

    def test_missing_trailer_is_kept(self) -> None:
        self.assert_round_trip(flow_file("026|2000000000015|V|", trailer=False))

    def test_wrong_counts_of_a_trailer_are_kept(self) -> None:
        text = flow_file("026|2000000000015|V|", trailer=False)
        trailer = "ZPT|TEST000001|7||9|20240402091501|\n"
        self.assert_round_trip(text + trailer)

    def test_short_header_is_kept(self) -> None:
        header = "ZHV|TEST000001|D0010002|D|UDMS|X|MRCY|20240402091500"
        self.assert_round_trip(flow_file("026|2000000000015|V|", header=header))

    def test_time_that_occurs_twice_is_kept(self) -> None:
        self.assert_round_trip(
            flow_file_of_readings("030|S|20231029013000|99.0|||T|N|")
        )

    def test_time_that_does_not_exist_is_kept(self) -> None:
        self.assert_round_trip(
            flow_file_of_readings("030|S|20240331013000|99.0|||T|N|")
        )

    def test_reset_time_that_does_not_exist_is_kept(self) -> None:
        self.assert_round_trip(
            flow_file_of_readings("030|S|20240401000000|99.0|20240331013000|1|T|N|")
        )

    def test_several_validation_results_of_a_reading_are_kept(self) -> None:
        self.assert_round_trip(
            flow_file_of_readings(
                "030|S|20240401000000|99.0|||F|N|", "032|05|F|", "032||T|", "032|07||"
            )
        )

    def test_validation_result_with_empty_cells_is_kept(self) -> None:
        self.assert_round_trip(
            flow_file_of_readings("030|S|20240401000000|99.0|||F|N|", "032|||")
        )

    def test_027_after_a_028_is_kept_in_place(self) -> None:
        self.assert_round_trip(flow_file("""
            026|2000000000015|V|
            028|TST0000001|R|
            030|AM|20240401000000|98.0|||T|N|
            027|02|Synthetic note|
            030|PM|20240401000000|99.0|||T|N|
            """))

    def test_groups_without_children_are_kept(self) -> None:
        self.assert_round_trip(flow_file("""
            026|2000000000015|V|
            026|1000000000003|F|
            028|TST0000001|R|
            028|TST0000002|I|
            027|20||
            """))

    def test_characters_outside_ascii_are_kept(self) -> None:
        self.assert_round_trip(flow_file("""
            026|2000000000015|V|
            027|02|caf\u00e9 \u20ac5|
            """))

    def test_characters_outside_ascii_in_the_header_are_kept(self) -> None:
        header = HEADER_LINE.replace("||||", "|caf\u00e9|\u20ac||")
        self.assert_round_trip(flow_file("026|2000000000015|V|", header=header))

    def test_undefined_byte_is_exported_as_a_question_mark(self) -> None:
        groups, header = "026|2000000000015|V|\n027|02|a?b|", HEADER_LINE
        for data in (
            flow_file(groups),
            flow_file(groups.replace("?", ""), header=header.replace("||||", "|?|||")),
        ):
            with self.subTest(data):
                file = imported(
                    data.encode().replace(b"?", b"\x81"), allow_same_name=True
                )
                self.assertEqual(exported(file), data.encode())

    def test_partial_import_is_exported_with_a_matching_trailer(self) -> None:
        file = imported(
            flow_file("""
                026|2000000000015|V|
                028|TST0000001|R|
                030|AM|20240401000000|-98.0|||T|N|
                030|PM|20240401000000|99.0|||T|N|
                026|1234|V|
                028|TST0000002|R|
                030|S|20240401000000|97.0|||T|N|
                """),
            policy=Policy.PARTIAL,
        )
        left = flow_file("""
            026|2000000000015|V|
            028|TST0000001|R|
            030|PM|20240401000000|99.0|||T|N|
            """)
        self.assertEqual(exported(file).decode(), left)

    def test_rejected_file_cannot_be_exported(self) -> None:
        file = import_text("This is no flow file.").flow_file
        assert file is not None
        message = "sample.uff is rejected: none of its readings are stored."
        with self.assertRaisesMessage(exports.NotImported, message):
            exports.flow_file_lines(flow_file=file)

    def test_undone_import_cannot_be_exported(self) -> None:
        file = imported(EVERY_GROUP)
        importer.undo_import(flow_file=file, now=NOW)
        with self.assertRaises(exports.NotImported):
            exports.flow_file_lines(flow_file=file)

    def test_export_takes_three_queries(self) -> None:
        file = imported(EVERY_GROUP)
        # The file itself, its readings and its site visits
        with self.assertNumQueries(3):
            exported(file)


class RoundTripTests(HypothesisTestCase):
    @settings(max_examples=EXAMPLES, deadline=None)
    @given(flow_files())
    def test_any_file_is_exported_as_received(self, text: str) -> None:
        self.assertEqual(exported(imported(text)), text.encode())


class PartialImportRoundTripTests(HypothesisTestCase):
    @settings(max_examples=EXAMPLES, deadline=None)
    @given(any_files)
    def test_export_of_a_partial_import_can_be_imported_whole(
        self, data: bytes
    ) -> None:
        result = import_text(data, policy=Policy.PARTIAL)
        assume(result.outcome == ImportJob.Outcome.IMPORTED)
        assert result.flow_file is not None
        left = exported(result.flow_file)
        importer.undo_import(flow_file=result.flow_file, now=NOW)
        again = import_text(left, "left.uff")
        if b"\n026|" in left:
            self.assertEqual(again.outcome, ImportJob.Outcome.IMPORTED, again)
            self.assertEqual(again.readings_loaded, result.readings_loaded)


CREATED_AT = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)
HEADER = exports.new_header(
    created_at=CREATED_AT, sender=("X", "SELF"), recipient=("D", "UDMS")
)
HEADER_TEXT = "ZHV|1795521600|D0010002|X|SELF|D|UDMS|20261124120000||||OPER|"
END = "|20261124120000|"


class NewHeaderTests(TestCase):
    def test_default_file_identifier_is_the_creation_time(self) -> None:
        self.assertEqual(HEADER.file_identifier, f"{CREATED_AT.timestamp():.0f}")

    def test_default_file_identifier_before_1970_has_ten_digits(self) -> None:
        header = exports.new_header(
            created_at=datetime(1969, 12, 31, 23, 59, 59, tzinfo=UTC),
            sender=("X", "SELF"),
            recipient=("X", "SELF"),
        )
        self.assertEqual(header.file_identifier, "9999999999")

    def test_file_identifier_can_be_given(self) -> None:
        header = exports.new_header(
            created_at=CREATED_AT,
            sender=("X", "SELF"),
            recipient=("X", "SELF"),
            file_identifier="MINE000001",
        )
        self.assertEqual(header.file_identifier, "MINE000001")

    def test_creation_time_is_in_uk_local_time(self) -> None:
        header = exports.new_header(
            created_at=datetime(2026, 7, 1, 12, 0, tzinfo=UTC),
            sender=("X", "SELF"),
            recipient=("X", "SELF"),
        )
        self.assertEqual(
            header.file_created_at, datetime(2026, 7, 1, 13, 0, tzinfo=LONDON)
        )


class SelectionLinesTests(TestCase):
    def lines(self, **filters: object) -> list[str]:
        readings = filter_readings(**filters)  # type: ignore[arg-type]
        lines = exports.selection_lines(readings=readings, header=HEADER)
        return "".join(lines).splitlines()

    def test_selection_has_a_header_and_a_trailer_with_counts(self) -> None:
        imported(EVERY_GROUP)
        self.assertEqual(
            self.lines(mpan="1000000000003"),
            [
                HEADER_TEXT,
                "026|1000000000003|V|",
                "028|TST0000001|R|",
                "030|01|20240401000000|12345.0|||T|P|",
                "030|MD|20240401000000|41.5|20240301000000|1|T|P|",
                f"ZPT|1795521600|4||1{END}",
            ],
        )

    def test_selection_has_validation_results_but_no_site_visits(self) -> None:
        imported(EVERY_GROUP)
        self.assertEqual(
            self.lines(mpan="2000000000015")[1:-1],
            [
                "026|2000000000015|F|",
                "028|TST0000002|R|",
                "030|S|20240401000000|99.0|||F|N|",
                "032|05|F|",
            ],
        )

    def test_no_readings_give_no_lines(self) -> None:
        self.assertEqual(self.lines(), [])

    def test_readings_of_another_file_begin_a_new_026(self) -> None:
        for number, value in enumerate(("98.0", "99.0"), start=1):
            reading = f"030|S|2024040{number}000000|{value}|||T|N|"
            header = header_line(file_identifier=f"TEST00000{number}")
            imported(flow_file_of_readings(reading, header=header), f"{number}.uff")
        self.assertEqual(
            [line[:3] for line in self.lines()],
            ["ZHV", "026", "028", "030", "026", "028", "030", "ZPT"],
        )

    def test_readings_are_ordered_by_creation_time_of_their_files(self) -> None:
        later = header_line(file_identifier="TEST000002", created_at="20240403091500")
        correction = "030|S|20240401000000|99.0|||T|N|"
        imported(flow_file_of_readings(correction, header=later), "later.uff")
        imported(flow_file_of_readings("030|S|20240401000000|98.0|||T|N|"))
        readings = [line for line in self.lines(current_only=False) if "030|" in line]
        self.assertEqual(
            readings,
            ["030|S|20240401000000|98.0|||T|N|", "030|S|20240401000000|99.0|||T|N|"],
        )

    def test_every_meter_has_its_own_readings(self) -> None:
        groups = [
            "026|2000000000015|V|",
            "028|TST0000001|R|",
            "030|S|20240401000000|98.0|||F|N|",
            "032|05|F|",
            "032|07|T|",
            "028|TST0000002|R|",
            "030|S|20240401000000|99.0|||T|N|",
            "026|1000000000003|V|",
            "028|TST0000001|R|",
            "030|S|20240331013000|97.0|||T|N|",
        ]
        imported(flow_file(groups))
        self.assertEqual(self.lines()[1:-1], groups)

    def test_corrected_readings_come_last_each_under_its_own_meter(self) -> None:
        imported(EVERY_GROUP)
        for reading in Reading.objects.order_by("-line_number"):
            correct(reading, value="9")
        lines = self.lines(current_only=False)[-10:]
        self.assertEqual(
            lines[:-1],
            [
                "026|2000000000015|F|",
                "028|TST0000002|R|",
                "030|S|20240401000000|9.0|||F|N|",
                "032|05|F|",
                "026|1000000000003|V|",
                "028|TST0000001|R|",
                "030|MD|20240401000000|9.0|20240301000000|1|T|P|",
                "026|1000000000003|V|",
                "028|TST0000001|R|",
                "030|01|20240401000000|9.0|||T|P|",
            ][-9:],
        )

    def test_moved_reading_is_exported_with_its_withdrawal(self) -> None:
        imported(EVERY_GROUP)
        correct(Reading.objects.get(register_id="S"), register_id="DY")
        self.assertEqual(
            self.lines(mpan="2000000000015", current_only=False)[4:-1],
            [
                "032|05|F|",
                "026|2000000000015|F|",
                "028|TST0000002|W|",
                "030|S|20240401000000|99.0||||N|",
                "026|2000000000015|F|",
                "028|TST0000002|R|",
                "030|DY|20240401000000|99.0|||F|N|",
                "032|05|F|",
            ],
        )

    def test_selection_parses_without_issues(self) -> None:
        imported(EVERY_GROUP)
        text = "\n".join(self.lines())
        self.assertEqual(parse(text, not_after=NOW + timedelta(days=1)).issues, [])

    def test_selection_takes_one_query(self) -> None:
        imported(EVERY_GROUP)
        with self.assertNumQueries(1):
            self.lines()


class SelectionRoundTripTests(HypothesisTestCase):
    @settings(max_examples=EXAMPLES, deadline=None)
    @given(flow_files())
    def test_selection_parses_to_the_same_readings(self, text: str) -> None:
        file = imported(text)
        readings = filter_readings(flow_file=file, current_only=False)
        lines = exports.selection_lines(readings=readings, header=HEADER)
        self.assertEqual(reading_records("".join(lines)), reading_records(text))


def reading_records(text: str) -> list[tuple[object, ...]]:
    """Return the records of the readings of a file, without line numbers."""
    return [
        (e.mpan.record, e.meter and e.meter.record, e.record, e.results)
        for e in parse(text).entries
        if e.group == "030"
    ]


class ReadingLinesTests(TestCase):
    def test_reading_that_a_user_entered_has_no_lines(self) -> None:
        imported(EVERY_GROUP)
        correct(Reading.objects.get(register_id="S"), value="9")
        reading = Reading.objects.get(flow_file=None)
        self.assertEqual(exports.reading_lines(reading=reading), [])

    def test_lines_of_a_reading_have_the_numbers_of_the_file(self) -> None:
        imported(EVERY_GROUP)
        text = EVERY_GROUP.splitlines()
        for reading in Reading.objects.all():
            with self.subTest(reading.line_number):
                lines = exports.reading_lines(reading=reading)
                self.assertGreaterEqual(len(lines), 3)
                for number, line in lines:
                    self.assertEqual(line, text[number - 1])
