"""Tests of extreme values and times: stored exactly, or rejected."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal

from django.test import TestCase

from meter_readings.d0010 import LONDON
from meter_readings.importer import ImportResult
from meter_readings.models import FlowFile, ImportJob, Reading
from meter_readings.tests.support.flow_file_builder import (
    flow_file,
    flow_file_of_readings,
)
from meter_readings.tests.support.import_helpers import import_text, imported


class ValueTests(TestCase):
    """A value that cannot be stored exactly is rejected and not rounded."""

    def values_of(self, cell: str) -> list[Decimal]:
        """Import a file with this value and return the values stored."""
        line = f"030|S|20240401000000|{cell}|||T|N|"
        import_text(flow_file_of_readings(line).encode(), allow_same_name=True)
        return list(Reading.objects.values_list("value", flat=True))

    def test_value_that_is_not_a_plain_number_is_rejected(self) -> None:
        for cell in (
            *("NaN", "sNaN", "Infinity", "-inf", "1e999", "1e3", "1E-9", "0x1F"),
            *("-1.0", "-0.0", "-0", "+1.0", "1_000.0", "1,5", ".5", "1.", "1.0.0"),
            *("١٢٣.0", "１２.0", "²", "1.0\N{NO-BREAK SPACE}", "1 0.0", "\\N", "''"),
        ):
            with self.subTest(cell):
                self.assertEqual(self.values_of(cell), [])

    def test_value_that_does_not_fit_its_column_is_rejected(self) -> None:
        for cell in "1000000000.0", "9" * 500, "0.1234", "1" * 9 + ".0001":
            with self.subTest(cell):
                self.assertEqual(self.values_of(cell), [])

    def test_largest_and_smallest_values_are_stored_exactly(self) -> None:
        self.assertEqual(self.values_of("999999999.999"), [Decimal("999999999.999")])
        self.assertEqual(self.values_of("0.001")[-1], Decimal("0.001"))

    def test_leading_and_trailing_zeros_do_not_make_a_value_too_long(self) -> None:
        self.assertEqual(self.values_of("0000000000000012.500000"), [Decimal("12.5")])

    def test_every_decimal_place_is_stored_exactly(self) -> None:
        cells = [f"{number}.{number % 10}" for number in range(99_999_900, 100_000_000)]
        lines = [
            f"030|S|202401{day:02}0000{second:02}|{cell}|||T|N|"
            for (day, second), cell in zip(
                ((day, second) for day in (1, 2) for second in range(50)),
                cells,
                strict=True,
            )
        ]
        imported(flow_file_of_readings(*lines).replace("|R|", "|S|"))
        values = Reading.objects.order_by("line_number").values_list("value", flat=True)
        self.assertEqual(list(values), [Decimal(cell) for cell in cells])

    def assert_rejected(self, line: str) -> None:
        """Assert that a file with this line is rejected."""
        groups = ["026|2000000000015|V|", "028|TST0000001|R|"]
        groups = [each for each in groups if each[:3] != line[:3]]
        groups = sorted([*groups, line, "030|S|20240401000000|1.0|||T|N|"])
        self.assertEqual(import_text(flow_file(groups), line).outcome, "rejected")

    def test_serial_number_of_the_wrong_length_is_rejected(self) -> None:
        self.assert_rejected("028||R|")
        self.assert_rejected("028|   |R|")
        self.assert_rejected(f"028|{'T' * 21}|R|")

    def test_mpan_of_the_wrong_form_is_rejected(self) -> None:
        for mpan in "200000000001", "20000000000150", "200000000001X", "":
            with self.subTest(mpan):
                self.assert_rejected(f"026|{mpan}|V|")

    def test_mpan_of_digits_that_are_not_ascii_is_rejected(self) -> None:
        text = flow_file(["026|٢٠٠٠٠٠٠٠٠٠٠١٥|V|"])
        self.assertEqual(import_text(text.encode()).outcome, "rejected")


class TimeTests(TestCase):
    def reading_at(self, cell: str) -> tuple[ImportResult, Reading]:
        """Import a special reading of this local time; return result and reading."""
        groups = ["026|2000000000015|V|", "028|TST0000001|S|"]
        result = import_text(flow_file([*groups, f"030|S|{cell}|99.0|||T|N|"]))
        return result, Reading.objects.get()

    def test_winter_midnight_is_midnight_utc(self) -> None:
        _, reading = self.reading_at("20240201000000")
        self.assertEqual(reading.read_at, datetime(2024, 2, 1, tzinfo=UTC))

    def test_summer_midnight_is_the_evening_before_utc(self) -> None:
        _, reading = self.reading_at("20230601000000")
        self.assertEqual(reading.read_at, datetime(2023, 5, 31, 23, tzinfo=UTC))

    def test_summer_midnight_stays_on_its_local_date(self) -> None:
        _, reading = self.reading_at("20230601000000")
        self.assertEqual(str(reading.read_at.astimezone(LONDON).date()), "2023-06-01")
        self.assertTrue(Reading.objects.filter(read_at__date="2023-06-01").exists())

    def test_stored_time_is_aware(self) -> None:
        _, reading = self.reading_at("20230601000000")
        self.assertIsNotNone(reading.read_at.tzinfo)

    def test_ambiguous_time_is_the_first_of_the_two_hours(self) -> None:
        result, reading = self.reading_at("20231029013000")
        self.assertEqual(reading.read_at, datetime(2023, 10, 29, 0, 30, tzinfo=UTC))
        self.assertEqual(result.finding_counts, {"ambiguous-time": 1})

    def test_nonexistent_time_is_stored_an_hour_later(self) -> None:
        result, reading = self.reading_at("20240331013000")
        self.assertEqual(reading.read_at, datetime(2024, 3, 31, 1, 30, tzinfo=UTC))
        self.assertEqual(result.finding_counts, {"nonexistent-time": 1})

    def test_source_line_of_a_nonexistent_time_is_stored(self) -> None:
        _, reading = self.reading_at("20240331013000")
        line = "030|S|20240331013000|99.0|||T|N|"
        self.assertEqual(reading.source_lines, line)

    def test_source_line_of_an_ordinary_time_is_not_stored(self) -> None:
        _, reading = self.reading_at("20231029013000")
        self.assertEqual(reading.source_lines, "")

    def test_times_next_to_the_nonexistent_hour_are_unchanged(self) -> None:
        _, before = self.reading_at("20240331005959")
        self.assertEqual(before.read_at, datetime(2024, 3, 31, 0, 59, 59, tzinfo=UTC))
        Reading.objects.all().delete()
        FlowFile.objects.all().delete()
        _, after = self.reading_at("20240331020000")
        self.assertEqual(after.read_at, datetime(2024, 3, 31, 1, 0, tzinfo=UTC))

    def test_first_and_last_year_of_the_catalogue_are_stored(self) -> None:
        _, reading = self.reading_at("19500101000000")
        self.assertEqual(reading.read_at, datetime(1950, 1, 1, tzinfo=UTC))

    def test_time_in_the_future_is_rejected(self) -> None:
        text = flow_file_of_readings("030|S|20240402120001|99.0|||T|N|")
        noon = datetime(2024, 4, 2, 12, 0, tzinfo=LONDON)
        self.assertEqual(
            import_text(text, now=noon).outcome, ImportJob.Outcome.REJECTED
        )

    def test_current_time_is_not_in_the_future(self) -> None:
        text = flow_file_of_readings("030|S|20240402120000|99.0|||T|N|")
        noon = datetime(2024, 4, 2, 12, 0, tzinfo=LONDON)
        self.assertEqual(
            import_text(text, now=noon).outcome, ImportJob.Outcome.IMPORTED
        )


class SourceLinesTests(TestCase):
    def text_of(self, *lines: str) -> str:
        """Return the source lines stored with the reading of these lines."""
        imported(flow_file_of_readings(*lines))
        return Reading.objects.get().source_lines

    def test_source_lines_have_all_of_several_032s(self) -> None:
        lines = "030|S|20240401000000|9.0|||F|N|", "032|05|F|", "032|13|F|"
        self.assertEqual(self.text_of(*lines), "\n".join(lines))

    def test_source_lines_are_empty_for_one_032(self) -> None:
        lines = "030|S|20240401000000|9.0|||F|N|", "032|05|F|"
        self.assertEqual(self.text_of(*lines), "")

    def test_source_lines_have_an_empty_032(self) -> None:
        lines = "030|S|20240401000000|9.0|||F|N|", "032|||"
        self.assertEqual(self.text_of(*lines), "\n".join(lines))

    def test_source_lines_have_a_reset_at_a_nonexistent_time(self) -> None:
        line = "030|MD|20240401000000|9.0|20240331013000|1|T|N|"
        self.assertEqual(self.text_of(line), line)

    def test_columns_have_the_first_of_several_032s(self) -> None:
        self.text_of("030|S|20240401000000|9.0|||F|N|", "032|05|F|", "032|13|T|")
        reading = Reading.objects.get()
        self.assertEqual(
            (reading.reason_code, reading.meter_reading_status), ("05", False)
        )
