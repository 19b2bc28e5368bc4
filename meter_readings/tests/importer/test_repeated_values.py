"""Tests that no step of an import compares every line with every other.

Work is counted, not timed. A step that compares all lines that repeat a value would
need a thousand rows, or some fifty hundred steps, for each line.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

from django.db import connection
from django.test import TestCase

from meter_readings.importer import undo_import
from meter_readings.models import FlowFile
from meter_readings.tests.support.flow_file_builder import (
    flow_file,
    header_line,
    mpan_core,
)
from meter_readings.tests.support.import_helpers import NOW, imported
from meter_readings.tests.support.partition_helpers import ensure_partitions

from .row_helpers import LOADED
from .work_helpers import analyze, counted_work

LINES = 2000
MOST_WORK_PER_LINE = 250 if connection.vendor == "postgresql" else 25


def repeated(*lines: str) -> Callable[[int], list[str]]:
    """Return a function that writes these lines so many times, with their number.

    {mpan} is another MPAN each time, {time} another time, {number} the number.
    """

    def groups(count: int) -> list[str]:
        return [
            line.format(
                number=number,
                mpan=mpan_core(number),
                time=f"{datetime(2024, 1, 1) + timedelta(minutes=number):%Y%m%d%H%M}00",
            )
            for number in range(count)
            for line in lines
        ]

    return groups


def after(
    first: list[str], groups: Callable[[int], list[str]]
) -> Callable[[int], list[str]]:
    """Return a function that writes lines once before the repeated ones."""
    return lambda count: first + groups(count)


MPAN = "026|2000000000015|V|"
METER = "028|TST0000001|R|"
READING = "030|S|20240401000000|99.0|||T|N|"
OTHER_VALUE = "030|S|20240401000000|{number}.0|||T|N|"
OTHER_METER = "028|TST{number:07}|R|"

SHAPES = {
    "one serial number": repeated("026|{mpan}|V|", METER, READING),
    "one MPAN with many meters": after([MPAN], repeated(OTHER_METER, READING)),
    "one MPAN in many 026": repeated(MPAN, OTHER_METER, READING),
    "one meter in many 026": repeated(MPAN, METER, OTHER_VALUE),
    "one meter in many 028": after([MPAN], repeated(METER, OTHER_VALUE)),
    "one register": after([MPAN, METER], repeated("030|S|{time}|{number}.0|||T|N|")),
    "one reading key": after([MPAN, METER], repeated(OTHER_VALUE)),
    "one reading": after([MPAN, METER], repeated(READING)),
    "one withdrawal": after([MPAN, "028|TST0000001|W|"], repeated(READING)),
    "one withdrawal in many 028": after([MPAN], repeated("028|TST0000001|W|", READING)),
    "one MPAN with many visits": after([MPAN], repeated("027|02||")),
    "one 026 without children": repeated(MPAN),
    "one reading with many visits": after([MPAN, METER, READING], repeated("033|27||")),
    "one result in many readings": after(
        [MPAN, METER], repeated("030|S|{time}|99.0|||F|N|", "032|05|F|")
    ),
}


class WorkOfRepeatedValuesTests(TestCase):
    @classmethod
    def setUpTestData(cls) -> None:
        ensure_partitions(2024)

    def work_of(self, groups: list[str]) -> list[int]:
        """Return the work of an import, of another one of the same, and of its undo.

        Statistics are taken between them.
        """
        work: list[int] = []
        files: list[FlowFile] = []
        for number in range(2):
            header = header_line(file_identifier=f"TEST{len(groups)}{number}")
            text = flow_file(groups, header=header)
            with counted_work(work):
                files.append(imported(text, f"{len(groups)}-{number}.uff"))
            analyze(*LOADED)
        with counted_work(work):
            undo_import(flow_file=files[1], now=NOW)
        undo_import(flow_file=files[0], now=NOW)
        return work

    def test_no_step_compares_all_lines_that_repeat_a_value(self) -> None:
        for name, groups in SHAPES.items():
            steps = "import", "import of the same readings", "undo"
            for step, work in zip(steps, self.work_of(groups(LINES)), strict=True):
                with self.subTest(f"{name}: {step}", work_per_line=work / LINES):
                    self.assertLess(work / LINES, MOST_WORK_PER_LINE)

    def test_work_does_not_grow_with_the_number_of_files(self) -> None:
        """Files that come after this one, all with one file identifier."""
        groups = SHAPES["one serial number"](100)
        first = self.work_of(groups)
        file = FlowFile.objects.latest("pk")
        fields = {
            field.attname: getattr(file, field.attname)
            for field in FlowFile._meta.concrete_fields
            if not field.primary_key
        } | {"status": FlowFile.Status.IMPORTED}
        assert file.file_created_at is not None
        later = file.file_created_at + timedelta(days=1)
        for number in range(2000):
            fields |= {"sha256": f"{number:064}", "filename": f"{number}.uff"}
            created_at = later + timedelta(seconds=number)
            FlowFile(**fields | {"file_created_at": created_at}).save()
        analyze(FlowFile)
        for before, now in zip(first, self.work_of(groups), strict=True):
            with self.subTest(before=before, now=now):
                self.assertLess(now, before * 2)
