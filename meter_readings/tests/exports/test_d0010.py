"""Readings become the file they came in, or a file of their own."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from unittest import skipUnless

from django.test import TestCase
from hypothesis import assume, given, settings
from hypothesis.extra.django import TestCase as HypothesisTestCase

from meter_readings import exports, importer
from meter_readings.d0010 import LONDON, Entry
from meter_readings.models import FlowFile, ImportJob, Policy, Reading
from meter_readings.queries.readings import filter_readings
from meter_readings.tests.d0010.strategies import any_files
from meter_readings.tests.flow_file_builder import (
    EVERY_GROUP,
    SAMPLE_PATH,
    flow_file,
    flow_file_of_readings,
    header_line,
    parse,
)
from meter_readings.tests.import_helpers import NOW, import_text, imported

from .strategies import flow_files

SAMPLES = Path(__file__).resolve().parents[3] / "sample_data"


def exported(file: FlowFile) -> bytes:
    """Return a whole file as it is exported."""
    text = "".join(exports.flow_file_lines(flow_file=file))
    return text.encode(exports.FLOW_FILE_ENCODING)


class FlowFileLinesTests(TestCase):
    def assert_comes_out_as_it_went_in(self, text: str | bytes) -> None:
        data = text if isinstance(text, bytes) else text.encode("cp1252")
        self.assertEqual(exported(imported(data)), data)

    def test_flow_file_lines_are_those_of_a_file_with_every_group(self) -> None:
        self.assert_comes_out_as_it_went_in(EVERY_GROUP)

    @skipUnless(SAMPLE_PATH.exists(), "the published sample is not here")
    def test_flow_file_lines_are_those_of_the_published_sample(self) -> None:
        self.assert_comes_out_as_it_went_in(SAMPLE_PATH.read_bytes())

    def test_flow_file_lines_are_those_of_every_sample_that_loads(self) -> None:
        names = []
        for path in sorted(SAMPLES.glob("*.uff")):
            data = path.read_bytes()
            result = import_text(data, path.name)
            if result.outcome == ImportJob.Outcome.IMPORTED:
                assert result.flow_file is not None
                names.append(path.name)
                self.assertEqual(exported(result.flow_file), data, path.name)
        self.assertGreater(len(names), 10)

    def test_flow_file_lines_end_as_the_file_ended_them(self) -> None:
        self.assert_comes_out_as_it_went_in(
            flow_file("026|2000000000015|V|", line_ending="\r\n")
        )

    def test_flow_file_lines_leave_the_last_line_without_an_end_where_it_had_none(
        self,
    ) -> None:
        self.assert_comes_out_as_it_went_in(
            flow_file("026|2000000000015|V|").removesuffix("\n")
        )

    def test_flow_file_lines_have_no_trailer_where_the_file_had_none(self) -> None:
        self.assert_comes_out_as_it_went_in(
            flow_file("026|2000000000015|V|", trailer=False)
        )

    def test_flow_file_lines_keep_what_a_trailer_counted_wrong(self) -> None:
        text = flow_file("026|2000000000015|V|", trailer=False)
        trailer = "ZPT|TEST000001|7||9|20240402091501|\n"
        self.assert_comes_out_as_it_went_in(text + trailer)

    def test_flow_file_lines_keep_the_shape_of_a_header(self) -> None:
        header = "ZHV|TEST000001|D0010002|D|UDMS|X|MRCY|20240402091500"
        self.assert_comes_out_as_it_went_in(
            flow_file("026|2000000000015|V|", header=header)
        )

    def test_flow_file_lines_keep_a_time_that_the_clock_showed_twice(self) -> None:
        self.assert_comes_out_as_it_went_in(
            flow_file_of_readings("030|S|20231029013000|99.0|||T|N|")
        )

    def test_flow_file_lines_keep_a_time_that_the_clock_never_showed(self) -> None:
        self.assert_comes_out_as_it_went_in(
            flow_file_of_readings("030|S|20240331013000|99.0|||T|N|")
        )

    def test_flow_file_lines_keep_a_reset_that_the_clock_never_showed(self) -> None:
        self.assert_comes_out_as_it_went_in(
            flow_file_of_readings("030|S|20240401000000|99.0|20240331013000|1|T|N|")
        )

    def test_flow_file_lines_keep_several_results_of_one_reading(self) -> None:
        self.assert_comes_out_as_it_went_in(
            flow_file_of_readings(
                "030|S|20240401000000|99.0|||F|N|", "032|05|F|", "032||T|", "032|07||"
            )
        )

    def test_flow_file_lines_keep_a_result_with_empty_cells(self) -> None:
        self.assert_comes_out_as_it_went_in(
            flow_file_of_readings("030|S|20240401000000|99.0|||F|N|", "032|||")
        )

    def test_flow_file_lines_keep_a_visit_to_the_premises_that_comes_late(self) -> None:
        self.assert_comes_out_as_it_went_in(flow_file("""
            026|2000000000015|V|
            028|TST0000001|R|
            030|AM|20240401000000|98.0|||T|N|
            027|02|Synthetic note|
            030|PM|20240401000000|99.0|||T|N|
            """))

    def test_flow_file_lines_keep_groups_with_nothing_beneath_them(self) -> None:
        self.assert_comes_out_as_it_went_in(flow_file("""
            026|2000000000015|V|
            026|1000000000003|F|
            028|TST0000001|R|
            028|TST0000002|I|
            027|20||
            """))

    def test_flow_file_lines_keep_characters_outside_ascii(self) -> None:
        self.assert_comes_out_as_it_went_in(flow_file("""
            026|2000000000015|V|
            027|02|caf\u00e9 \u20ac5|
            """))

    def test_flow_file_lines_put_a_question_mark_for_a_byte_that_means_nothing(
        self,
    ) -> None:
        data = flow_file("026|2000000000015|V|\n027|02|a?b|").encode()
        file = imported(data.replace(b"?", b"\x81"))
        self.assertEqual(exported(file), data)

    def test_flow_file_lines_exports_what_is_left_after_a_partial_import(self) -> None:
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

    def test_flow_file_lines_are_none_of_a_rejected_file(self) -> None:
        file = import_text("This is no flow file.").flow_file
        assert file is not None
        message = "sample.uff is rejected: nothing of it is held."
        with self.assertRaisesMessage(exports.NotImported, message):
            exports.flow_file_lines(flow_file=file)

    def test_flow_file_lines_are_none_of_an_import_that_was_undone(self) -> None:
        file = imported(EVERY_GROUP)
        importer.undo_import(flow_file=file, now=NOW)
        with self.assertRaises(exports.NotImported):
            exports.flow_file_lines(flow_file=file)

    def test_flow_file_lines_take_three_queries(self) -> None:
        file = imported(EVERY_GROUP)
        # Whether it is held still, its readings, and its site visits
        with self.assertNumQueries(3):
            exported(file)


class RoundTripTests(HypothesisTestCase):
    @settings(max_examples=100, deadline=None)
    @given(flow_files())
    def test_a_file_comes_out_as_it_went_in(self, text: str) -> None:
        self.assertEqual(exported(imported(text)), text.encode())

    @settings(max_examples=50, deadline=None)
    @given(flow_files())
    def test_a_file_says_the_same_when_it_comes_back(self, text: str) -> None:
        self.assertEqual(said(exported(imported(text))), said(text.encode()))


class PartialImportRoundTripTests(HypothesisTestCase):
    @settings(max_examples=100, deadline=None)
    @given(any_files)
    def test_what_is_left_of_a_file_can_be_imported_whole(self, data: bytes) -> None:
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
    def test_new_header_has_the_moment_of_creation_as_its_identifier(self) -> None:
        self.assertEqual(HEADER.file_identifier, f"{CREATED_AT.timestamp():.0f}")

    def test_new_header_has_ten_digits_for_a_moment_before_1970(self) -> None:
        header = exports.new_header(
            created_at=datetime(1969, 12, 31, 23, 59, 59, tzinfo=UTC),
            sender=("X", "SELF"),
            recipient=("X", "SELF"),
        )
        self.assertEqual(header.file_identifier, "9999999999")

    def test_new_header_takes_an_identifier(self) -> None:
        header = exports.new_header(
            created_at=CREATED_AT,
            sender=("X", "SELF"),
            recipient=("X", "SELF"),
            file_identifier="MINE000001",
        )
        self.assertEqual(header.file_identifier, "MINE000001")

    def test_new_header_says_when_it_was_created_by_the_clock_in_london(self) -> None:
        header = exports.new_header(
            created_at=datetime(2026, 7, 1, 12, 0, tzinfo=UTC),
            sender=("X", "SELF"),
            recipient=("X", "SELF"),
        )
        self.assertEqual(
            header.file_created_at, datetime(2026, 7, 1, 13, 0, tzinfo=LONDON)
        )


class SelectionLinesTests(TestCase):
    def lines(self, **asked: object) -> list[str]:
        """Return the lines of a selection, without their ends."""
        readings = filter_readings(**asked)  # type: ignore[arg-type]
        lines = exports.selection_lines(readings=readings, header=HEADER)
        return "".join(lines).splitlines()

    def test_selection_lines_have_a_header_and_a_right_trailer(self) -> None:
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

    def test_selection_lines_have_the_results_of_readings_but_no_visits(self) -> None:
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

    def test_selection_lines_are_none_where_there_is_no_reading(self) -> None:
        self.assertEqual(self.lines(), [])

    def test_selection_lines_open_a_group_again_in_another_file(self) -> None:
        for number, value in enumerate(("98.0", "99.0"), start=1):
            reading = f"030|S|2024040{number}000000|{value}|||T|N|"
            header = header_line(file_identifier=f"TEST00000{number}")
            imported(flow_file_of_readings(reading, header=header), f"{number}.uff")
        self.assertEqual(
            [line[:3] for line in self.lines()],
            ["ZHV", "026", "028", "030", "026", "028", "030", "ZPT"],
        )

    def test_selection_lines_come_in_the_order_in_which_they_were_said(self) -> None:
        later = header_line(file_identifier="TEST000002", created_at="20240403091500")
        correction = "030|S|20240401000000|99.0|||T|N|"
        imported(flow_file_of_readings(correction, header=later), "later.uff")
        imported(flow_file_of_readings("030|S|20240401000000|98.0|||T|N|"))
        readings = [line for line in self.lines(current_only=False) if "030|" in line]
        self.assertEqual(
            readings,
            ["030|S|20240401000000|98.0|||T|N|", "030|S|20240401000000|99.0|||T|N|"],
        )

    def test_selection_lines_give_every_meter_its_own_readings(self) -> None:
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

    def test_selection_lines_are_a_file_without_a_fault(self) -> None:
        imported(EVERY_GROUP)
        text = "\n".join(self.lines())
        self.assertEqual(parse(text, not_after=NOW + timedelta(days=1)).issues, [])

    def test_selection_lines_take_one_query(self) -> None:
        imported(EVERY_GROUP)
        with self.assertNumQueries(1):
            self.lines()


class SelectionRoundTripTests(HypothesisTestCase):
    @settings(max_examples=50, deadline=None)
    @given(flow_files())
    def test_a_selection_says_what_the_readings_said(self, text: str) -> None:
        file = imported(text)
        readings = filter_readings(flow_file=file, current_only=False)
        lines = exports.selection_lines(readings=readings, header=HEADER)
        self.assertEqual(said_of_readings("".join(lines)), said_of_readings(text))


def said(data: bytes) -> list[Entry]:
    """Return what a file says, in the order of its lines."""
    return sorted(parse(data).entries, key=lambda entry: entry.line_number)


def said_of_readings(text: str) -> list[tuple[object, ...]]:
    """Return what a file says of readings, without the numbers of lines."""
    return [
        (e.mpan.record, e.meter and e.meter.record, e.record, e.results)
        for e in parse(text).entries
        if e.group == "030"
    ]


class ReadingLinesTests(TestCase):
    def test_reading_lines_are_those_of_the_file_with_their_numbers(self) -> None:
        imported(EVERY_GROUP)
        text = EVERY_GROUP.splitlines()
        for reading in Reading.objects.all():
            with self.subTest(reading.line_number):
                lines = exports.reading_lines(reading=reading)
                self.assertGreaterEqual(len(lines), 3)
                for number, line in lines:
                    self.assertEqual(line, text[number - 1])
