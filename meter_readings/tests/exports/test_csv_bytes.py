"""The bytes of the CSV export equal those of a plain writer of model instances."""

from __future__ import annotations

import csv
import io
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any
from unittest.mock import patch

from django.test import TestCase
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.django import TestCase as HypothesisTestCase

from meter_readings import exports
from meter_readings.d0010 import LONDON, codes
from meter_readings.models import (
    FlowFile,
    Meter,
    Reading,
    ReadingQuerySet,
    VersionStatus,
)
from meter_readings.tests.robustness import amount
from meter_readings.tests.support.flow_file_builder import flow_file_of_readings
from meter_readings.tests.support.import_helpers import import_text, imported

EXAMPLES = amount("D0010_EXAMPLES", 20)
SAMPLES = Path(__file__).resolve().parents[3] / "sample_data"


def plain_text(readings: ReadingQuerySet) -> str:
    """Return the CSV of readings, written cell by cell."""
    text = io.StringIO(newline="")
    writer = csv.writer(text)
    writer.writerow(exports.COLUMNS)
    for reading in readings.select_related("meter__meter_point", "flow_file"):
        cells = [
            reading.meter.meter_point.mpan,
            reading.meter.serial_number,
            reading.register_id,
            local_time(reading.read_at),
            decimal_text(reading.value),
            reading.reading_type,
            codes.ReadingType.label_of(reading.reading_type),
            str(reading.basis),
            reading.bsc_validation_status,
            boolean_text(reading.meter_reading_flag),
            reading.reading_method,
            reading.reason_code,
            boolean_text(reading.meter_reading_status),
            local_time(reading.md_reset_at),
            reading.md_reset_count,
            reading.version_status,
            reading.flow_file.filename,
            reading.line_number,
            "file",
        ]
        writer.writerow(map(escaped, cells))
    return text.getvalue()


def local_time(moment: datetime | None) -> str:
    return "" if moment is None else moment.astimezone(LONDON).isoformat()


def decimal_text(value: Decimal) -> str:
    """Return a number with one decimal at least, and no zero after the first."""
    tenths = value.quantize(Decimal("0.1"))
    return f"{tenths if tenths == value else value.normalize():f}"


def boolean_text(value: bool | None) -> str:
    return {None: "", True: "T", False: "F"}[value]


def escaped(cell: object) -> object:
    formula = isinstance(cell, str) and cell[:1] in [*"=+-@\t\r\n\0＝＋－＠"]
    return f"'{cell}" if formula else cell


def exported(readings: ReadingQuerySet) -> str:
    return "".join(exports.csv_lines(readings=readings))


wild = st.sampled_from([*"=+-@\t,\"' ;＝＋－＠é€01AZ\u202e"])


def wild_texts(longest: int, *, shortest: int = 0) -> st.SearchStrategy[str]:
    return st.text(wild, min_size=shortest, max_size=longest)


def years(first: int, last: int) -> st.SearchStrategy[datetime]:
    return st.datetimes(
        datetime(first, 1, 1), datetime(last, 12, 31, 23), timezones=st.just(UTC)
    )


# Years with a partition on PostgreSQL: 2024, and the default one
times = (years(1950, 2009) | years(2024, 2024) | years(2100, 2199)) | st.sampled_from(
    [
        datetime(2024, month, day, hour, minute, tzinfo=UTC)
        for month, day in ((3, 31), (10, 27))
        for hour in (0, 1, 2)
        for minute in (0, 59)
    ]
)
columns = st.fixed_dictionaries(
    {
        "register_id": wild_texts(2, shortest=1),
        "read_at": times,
        "value": st.decimals(0, Decimal("999999999.999"), places=3),
        "reading_type": st.sampled_from(codes.ReadingType) | wild_texts(1),
        "bsc_validation_status": wild_texts(1),
        "md_reset_at": st.none() | times,
        "md_reset_count": st.none() | st.integers(0, 999),
        "meter_reading_flag": st.none() | st.booleans(),
        "reading_method": wild_texts(1),
        "reason_code": wild_texts(2),
        "meter_reading_status": st.none() | st.booleans(),
        "version_status": st.sampled_from(VersionStatus),
    }
)
file_names = st.text(wild | st.sampled_from("|\n\r"), min_size=1, max_size=20)


class WildValueTests(HypothesisTestCase):
    @settings(max_examples=EXAMPLES, deadline=None)
    @given(columns, wild_texts(10, shortest=1), file_names)
    def test_any_values_are_written_as_by_a_plain_writer(
        self, columns: dict[str, Any], serial_number: str, filename: str
    ) -> None:
        imported(flow_file_of_readings("030|S|20240401000000|99.0|||T|N|"))
        Meter.objects.update(serial_number=serial_number)
        FlowFile.objects.update(filename=filename)
        Reading.objects.update(**columns)
        readings = Reading.objects.all()
        self.assertEqual(exported(readings), plain_text(readings))


class SampleTests(TestCase):
    @classmethod
    def setUpTestData(cls) -> None:
        for path in sorted(SAMPLES.glob("*.uff")):
            import_text(path.read_bytes(), path.name)

    def assert_equals_plain_text(self) -> None:
        readings = Reading.objects.order_by("pk")
        self.assertGreater(len(readings), 100)
        self.assertEqual(exported(readings), plain_text(readings))

    def test_every_sample_is_written_as_by_a_plain_writer(self) -> None:
        self.assert_equals_plain_text()

    def test_more_distinct_texts_than_are_kept_change_no_byte(self) -> None:
        with patch("meter_readings.exports.csv._MAX_FORMATTED", 2):
            self.assert_equals_plain_text()
