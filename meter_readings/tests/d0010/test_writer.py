"""Tests of the writer: lines of records, and files after parsing and writing."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from datetime import datetime
from decimal import Decimal
from typing import Any
from unittest import TestCase, skipUnless

from hypothesis import assume, given, settings

from meter_readings.d0010 import (
    D0010,
    LONDON,
    Entry,
    MeterReadingType,
    MpanCore,
    ParentGroup,
    RegisterReading,
    SiteVisit,
    Trailer,
    ValidationResult,
    grammar,
    write_entries,
    write_flow_file,
    write_group,
)
from meter_readings.tests.robustness import examples
from meter_readings.tests.support.flow_file_builder import (
    EVERY_GROUP,
    SAMPLE_PATH,
    Parsed,
    flow_file,
    parse,
)

from .strategies import CanonicalFile, canonical_files, odd_files

MPAN = ParentGroup(2, MpanCore("2000000000015", "V"))
METER = ParentGroup(3, MeterReadingType("TST0000001", "R"))
READING = RegisterReading(
    register_id="S",
    read_at=datetime(2024, 4, 1, tzinfo=LONDON),
    value=Decimal("99.0"),
    md_reset_at=None,
    md_reset_count=None,
    meter_reading_flag=True,
    reading_method="N",
)


def written(parsed: Parsed) -> str:
    """Return the text of a file after parsing and writing it."""
    header, trailer = parsed.parser.header, parsed.parser.trailer
    assert header is not None
    lines = write_flow_file(header, parsed.entries, trailer)
    return "".join(line + "\n" for line in lines)


class WriteGroupTests(TestCase):
    def test_write_group_ends_every_field_with_a_pipe(self) -> None:
        line = write_group(D0010.mpan, MpanCore("1200023305967", "V"))
        self.assertEqual(line, "026|1200023305967|V|")

    def test_write_group_writes_a_reading(self) -> None:
        self.assertEqual(
            write_group(D0010.reading, READING), "030|S|20240401000000|99.0|||T|N|"
        )

    def test_write_group_writes_every_field_of_a_reading(self) -> None:
        reading = READING._replace(
            md_reset_at=datetime(2024, 3, 1, tzinfo=LONDON),
            md_reset_count=0,
            meter_reading_flag=False,
        )
        self.assertEqual(
            write_group(D0010.reading, reading),
            "030|S|20240401000000|99.0|20240301000000|0|F|N|",
        )

    def test_write_group_writes_missing_values_as_empty_fields(self) -> None:
        trailer = Trailer("TEST000001", None, None, None, None)
        line = write_group(grammar.TRAILER, trailer)
        self.assertEqual(line, "ZPT|TEST000001|||||")

    def test_write_group_rejects_a_record_of_another_group(self) -> None:
        with self.assertRaises(ValueError):
            write_group(D0010.mpan, READING)


class WriteEntriesTests(TestCase):
    def lines_of(self, *entries: Entry) -> list[str]:
        return [line[:3] for line in write_entries(entries)]

    def reading(self, line_number: int, **changed: Any) -> Entry:
        return Entry(line_number, "030", READING, MPAN, METER)._replace(**changed)

    def test_write_entries_writes_the_parents_of_a_reading(self) -> None:
        self.assertEqual(self.lines_of(self.reading(4)), ["026", "028", "030"])

    def test_write_entries_writes_each_parent_once(self) -> None:
        self.assertEqual(
            self.lines_of(self.reading(4), self.reading(5)),
            ["026", "028", "030", "030"],
        )

    def test_write_entries_writes_the_next_meter_of_an_mpan(self) -> None:
        other = self.reading(6, meter=ParentGroup(5, METER.record))
        self.assertEqual(
            self.lines_of(self.reading(4), other),
            ["026", "028", "030", "028", "030"],
        )

    def test_write_entries_writes_the_next_mpan(self) -> None:
        other = self.reading(
            7, mpan=ParentGroup(5, MPAN.record), meter=ParentGroup(6, METER.record)
        )
        self.assertEqual(
            self.lines_of(self.reading(4), other),
            ["026", "028", "030", "026", "028", "030"],
        )

    def test_write_entries_writes_validation_results_after_their_reading(self) -> None:
        results = ValidationResult("05", False), ValidationResult("07", True)
        lines = [*write_entries([self.reading(4, results=results)])]
        self.assertEqual(lines[3:], ["032|05|F|", "032|07|T|"])

    def test_write_entries_writes_site_visits_in_file_order(self) -> None:
        visit = SiteVisit("02", "")
        self.assertEqual(
            self.lines_of(
                Entry(3, "027", visit, MPAN, None),
                Entry(5, "029", visit, MPAN, METER),
                self.reading(6),
                Entry(7, "033", visit, MPAN, METER, reading_line_number=6),
            ),
            ["026", "027", "028", "029", "030", "033"],
        )

    def test_write_entries_does_not_repeat_a_meter_after_a_late_visit(self) -> None:
        visit = Entry(5, "027", SiteVisit("02", ""), MPAN, None)
        self.assertEqual(
            self.lines_of(self.reading(4), visit, self.reading(6)),
            ["026", "028", "030", "027", "030"],
        )

    def test_write_entries_writes_a_meter_without_children_once(self) -> None:
        entry = Entry(3, "028", METER.record, MPAN, METER)
        self.assertEqual(self.lines_of(entry), ["026", "028"])

    def test_write_entries_writes_an_mpan_without_children_once(self) -> None:
        entry = Entry(2, "026", MPAN.record, MPAN, None)
        self.assertEqual(self.lines_of(entry), ["026"])

    def test_write_entries_writes_a_group_of_the_first_line(self) -> None:
        mpan, meter = ParentGroup(1, MPAN.record), ParentGroup(2, METER.record)
        entry = self.reading(3, mpan=mpan, meter=meter)
        self.assertEqual(self.lines_of(entry), ["026", "028", "030"])

    def test_write_entries_writes_nothing_without_entries(self) -> None:
        self.assertEqual(self.lines_of(), [])


class WriteFlowFileTests(TestCase):
    def test_write_flow_file_reproduces_a_file_with_every_group(self) -> None:
        self.assertEqual(written(parse(EVERY_GROUP)), EVERY_GROUP)

    @skipUnless(SAMPLE_PATH.exists(), "the published sample is not here")
    def test_write_flow_file_reproduces_the_published_sample(self) -> None:
        # The sample's last line has no newline.
        sample = SAMPLE_PATH.read_text(encoding="ascii")
        self.assertEqual(written(parse(sample)), sample + "\n")

    def test_write_flow_file_can_omit_the_trailer(self) -> None:
        text = flow_file("026|2000000000015|V|", trailer=False)
        self.assertEqual(written(parse(text)), text)

    def test_write_flow_file_does_not_change_the_trailer(self) -> None:
        trailer = "ZPT|TEST000001|99||99|20240402091501|\n"
        text = flow_file("026|2000000000015|V|", trailer=False) + trailer
        self.assertEqual(written(parse(text)), text)

    def test_write_flow_file_writes_another_flow(self) -> None:
        flow = replace(D0010, mpan=replace(D0010.mpan, code="196"))
        entry = Entry(2, "196", MPAN.record, MPAN, None)
        self.assertEqual([*write_entries([entry], flow=flow)], ["196|2000000000015|V|"])


class RoundTripTests(TestCase):
    @settings(max_examples=examples(300), deadline=None)
    @given(canonical_files())
    def test_parser_reads_the_records_that_were_written(
        self, file: CanonicalFile
    ) -> None:
        parsed = parse(file.text)
        self.assertEqual(parsed.issues, [])
        self.assertEqual(parsed.entries, file.entries)

    @settings(max_examples=examples(300), deadline=None)
    @given(canonical_files())
    def test_writer_reproduces_the_text_that_was_read(
        self, file: CanonicalFile
    ) -> None:
        self.assertEqual(written(parse(file.text)), file.text)

    @settings(max_examples=examples(200), deadline=None)
    @given(odd_files())
    def test_entries_of_any_file_are_the_same_after_writing_and_reading(
        self, data: bytes
    ) -> None:
        parsed = parse(data)
        assume(parsed.parser.header is not None)
        again = parse(written(parsed).encode("cp1252"))
        self.assertEqual(self.values_of(again), self.values_of(parsed))

    def values_of(self, parsed: Parsed) -> Counter[tuple[Any, ...]]:
        """Return the values of the entries, without line numbers and order.

        A late 027 is written before the meter without children that precedes it.
        """
        return Counter(
            (e.group, e.record, e.results, e.mpan.record, e.meter and e.meter.record)
            for e in parsed.entries
        )
