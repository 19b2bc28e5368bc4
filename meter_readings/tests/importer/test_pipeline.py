"""The one way in: all of a file or, but for its report, nothing."""

from __future__ import annotations

import hashlib
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from decimal import Decimal
from itertools import count
from pathlib import Path
from typing import Any
from unittest.mock import patch

from django.conf import settings
from django.core.files.storage import default_storage
from django.db import OperationalError, connection
from django.test import TestCase, TransactionTestCase
from django.test.utils import CaptureQueriesContext

from meter_readings.d0010 import LONDON
from meter_readings.importer import ImportResult, Outcome
from meter_readings.models import (
    FlowFile,
    Meter,
    MeterPoint,
    Policy,
    Reading,
    SiteVisit,
)
from meter_readings.tests.builders import (
    EVERY_GROUP,
    flow_file,
    flow_file_of_readings,
)
from meter_readings.tests.imported import NOW, import_text, imported

from .shelves import ALL, rows_of

BAD = EVERY_GROUP.replace("12345.0", "-1.0")


class ImportTests(TestCase):
    """A file of every group, as the result and the row of the file tell of it."""

    @classmethod
    def setUpTestData(cls) -> None:
        cls.result = import_text(EVERY_GROUP, "april.uff")
        cls.file = FlowFile.objects.get()

    def test_comes_to_a_result(self) -> None:
        result = self.result
        self.assertEqual(result.outcome, Outcome.IMPORTED)
        self.assertEqual((result.filename, result.policy), ("april.uff", "standard"))
        self.assertEqual(result.flow_file, self.file)

    def test_the_result_counts_readings(self) -> None:
        result = self.result
        self.assertEqual(
            (result.readings_read, result.readings_loaded, result.readings_rejected),
            (3, 3, 0),
        )

    def test_the_result_counts_lines_and_has_the_header(self) -> None:
        self.assertEqual(self.result.line_count, 13)
        assert self.result.header is not None
        self.assertEqual(self.result.header.file_identifier, "TEST000001")

    def test_the_row_has_the_bytes_by_name_hash_and_size(self) -> None:
        data = EVERY_GROUP.encode()
        self.assertEqual(
            (self.file.filename, self.file.sha256, self.file.size),
            ("april.uff", hashlib.sha256(data).hexdigest(), len(data)),
        )
        self.assertEqual(self.result.sha256, self.file.sha256)

    def test_the_row_says_what_became_of_it(self) -> None:
        file = self.file
        self.assertEqual(
            (file.status, file.policy, file.received_at), ("imported", "standard", NOW)
        )

    def test_the_row_has_what_the_header_says(self) -> None:
        file = self.file
        self.assertEqual(
            (file.file_identifier, file.flow_and_version, file.test_data_flag),
            ("TEST000001", "D0010002", "TR01"),
        )
        self.assertEqual((file.from_role, file.from_participant), ("D", "UDMS"))
        self.assertEqual((file.to_role, file.to_participant), ("X", "MRCY"))
        self.assertEqual(file.file_created_at, datetime(2024, 4, 2, 8, 15, tzinfo=UTC))

    def test_the_row_has_the_first_and_last_line_as_they_came(self) -> None:
        lines = EVERY_GROUP.splitlines()
        self.assertEqual(self.file.header_text, lines[0])
        self.assertEqual(self.file.trailer_text, lines[-1])

    def test_the_row_has_what_was_counted_and_what_the_trailer_counts(self) -> None:
        file = self.file
        counted = file.line_count, file.group_count, file.flow_count
        self.assertEqual(counted, (13, 11, 2))
        said = file.trailer_group_count, file.trailer_flow_count
        self.assertEqual(said, (11, 2))

    def test_the_row_knows_how_lines_ended(self) -> None:
        self.assertEqual(
            (self.file.line_end, self.file.ends_with_newline), ("\n", True)
        )

    def test_the_bytes_are_kept(self) -> None:
        with default_storage.open(self.file.content.name) as content:
            self.assertEqual(content.read().decode(), EVERY_GROUP)

    def test_only_their_owner_may_read_the_bytes(self) -> None:
        path = Path(self.file.content.path)
        modes = [stat.S_IMODE(each.stat().st_mode) for each in (path, path.parent)]
        self.assertEqual(modes, [0o600, 0o700])

    def test_nothing_is_left_where_bytes_come_in(self) -> None:
        self.assertEqual(list(Path(settings.MEDIA_ROOT, "incoming").iterdir()), [])


class FormTests(TestCase):
    def test_other_line_ends_are_remembered(self) -> None:
        file = imported(EVERY_GROUP.rstrip("\n").replace("\n", "\r\n"))
        self.assertEqual((file.line_end, file.ends_with_newline), ("\r\n", False))

    def test_a_file_without_a_trailer_has_no_counts_of_one(self) -> None:
        file = imported(EVERY_GROUP.rpartition("ZPT")[0])
        self.assertEqual(
            (file.trailer_text, file.trailer_group_count, file.trailer_flow_count),
            ("", None, None),
        )

    def test_a_name_with_folders_is_no_path(self) -> None:
        file = imported(EVERY_GROUP, "../../../etc/cron.d/april.uff")
        self.assertEqual(file.filename, "../../../etc/cron.d/april.uff")
        self.assertRegex(file.content.name, r"^flow_files/[0-9a-f]{2}/[0-9a-f]{64}")

    def test_a_name_that_cannot_be_kept_is_shortened(self) -> None:
        file = imported(EVERY_GROUP, "a\0" + "x" * 300)
        self.assertEqual(file.filename, "a\ufffd" + "x" * 253)


class RejectionTests(TestCase):
    def test_leaves_everything_as_it_was(self) -> None:
        imported(EVERY_GROUP)
        before = rows_of()
        self.assertEqual(import_text(BAD, "bad.uff").outcome, Outcome.REJECTED)
        self.assertEqual(rows_of(), before)

    def test_leaves_a_report(self) -> None:
        import_text(BAD, "bad.uff")
        file = FlowFile.objects.get()
        self.assertEqual((file.status, file.error_count), ("rejected", 1))
        self.assertEqual(file.findings.get(severity="error").code, "negative")

    def test_counts_all_readings_as_rejected(self) -> None:
        import_text(BAD)
        file = FlowFile.objects.get()
        self.assertEqual(
            (file.readings_read, file.readings_loaded, file.readings_rejected),
            (3, 0, 3),
        )

    def test_keeps_the_bytes(self) -> None:
        import_text(BAD)
        with FlowFile.objects.get().content.open() as content:
            self.assertEqual(content.read().decode(), BAD)

    def test_lists_every_fault(self) -> None:
        text = BAD.replace("41.5", "x").replace("99.0", "1e999")
        self.assertEqual(import_text(text).error_count, 3)

    def test_of_a_file_that_is_none_has_no_header(self) -> None:
        result = import_text("mpan,serial,reading\n")
        self.assertEqual((result.header, result.readings_read), (None, 0))
        self.assertIsNone(FlowFile.objects.get().file_created_at)

    def test_of_an_empty_file_is_kept_too(self) -> None:
        import_text("")
        file = FlowFile.objects.get()
        self.assertEqual((file.size, file.line_count), (0, 0))

    def test_keeps_a_trailer_with_a_nul(self) -> None:
        import_text(EVERY_GROUP.replace("ZPT|", "ZPT|\0"))
        file = FlowFile.objects.get()
        self.assertEqual(file.status, FlowFile.Status.REJECTED)
        self.assertTrue(file.trailer_text.startswith(r"ZPT|\x00TEST"))

    def test_keeps_a_header_with_a_nul(self) -> None:
        import_text(EVERY_GROUP.replace("UDMS", "UD\0S"))
        self.assertIn(r"|UD\x00S|", FlowFile.objects.get().header_text)

    def test_of_any_bytes_is_no_error(self) -> None:
        for data in b"\0", b"\xff\xfeZ\0H\0", b"\x80" * 5000, b"\n" * 9, b"ZHV|" * 999:
            with self.subTest(data[:8]):
                self.assertEqual(import_text(data, repr(data[:8])).outcome, "rejected")


class SalvageTests(TestCase):
    """The good groups load, the bad ones do not, and the totals add up."""

    def salvaged(self, groups: str) -> tuple[FlowFile, list[Decimal]]:
        """Return a file imported under salvage, and the values that were loaded."""
        file = imported(flow_file(groups), policy=Policy.SALVAGE)
        values = file.readings.order_by("line_number").values_list("value", flat=True)
        return file, list(values)

    def test_a_bad_reading_leaves_the_others(self) -> None:
        file, values = self.salvaged("""
            026|2000000000015|V|
            028|TST0000001|R|
            030|S|20240401000000|1.0|||T|N|
            030|T|20240401000000|-2.0|||T|N|
            030|U|20240401000000|3.0|||T|N|
            """)
        self.assertEqual(values, [1, 3])
        counts = file.readings_read, file.readings_loaded, file.readings_rejected
        self.assertEqual(counts, (3, 2, 1))

    def test_a_bad_meter_takes_its_readings_with_it(self) -> None:
        file, values = self.salvaged("""
            026|2000000000015|V|
            028|TST0000001|R|
            030|S|20240401000000|1.0|||T|N|
            028||R|
            030|S|20240401000000|2.0|||T|N|
            033|27||
            028|TST0000003|R|
            030|S|20240401000000|3.0|||T|N|
            """)
        self.assertEqual(values, [1, 3])
        self.assertEqual(file.readings_rejected, 1)
        self.assertFalse(SiteVisit.objects.exists())

    def test_a_bad_meter_point_takes_its_meters_with_it(self) -> None:
        file, values = self.salvaged("""
            026|2000000000015|V|
            028|TST0000001|R|
            030|S|20240401000000|1.0|||T|N|
            026|200000000001|V|
            027|02||
            028|TST0000002|R|
            030|S|20240401000000|2.0|||T|N|
            030|T|20240401000000|2.0|||T|N|
            026|1000000000003|V|
            028|TST0000003|R|
            030|S|20240401000000|3.0|||T|N|
            """)
        self.assertEqual(values, [1, 3])
        self.assertEqual((file.readings_read, file.readings_rejected), (4, 2))
        self.assertEqual((MeterPoint.objects.count(), Meter.objects.count()), (2, 2))

    def test_a_bad_visit_leaves_what_it_stands_under(self) -> None:
        _, values = self.salvaged("""
            026|2000000000015|V|
            028|TST0000001|R|
            029|0001||
            030|S|20240401000000|1.0|||T|N|
            """)
        self.assertEqual(values, [1])

    def test_a_line_that_may_be_a_spoiled_meter_point_rejects_the_file(self) -> None:
        result = import_text(
            flow_file("""
                026|2000000000015|V|
                028|TST0000001|R|
                030|S|20240401000000|1.0|||T|N|
                O26|1000000000003|V|
                028|TST0000002|R|
                030|S|20240401000000|2.0|||T|N|
                """),
            policy=Policy.SALVAGE,
        )
        self.assertEqual(result.outcome, Outcome.REJECTED)

    def test_a_line_at_which_reading_ends_rejects_the_file(self) -> None:
        groups = EVERY_GROUP.replace("Synthetic note", "x" * 5000)
        result = import_text(groups, policy=Policy.SALVAGE)
        self.assertEqual(result.outcome, Outcome.REJECTED)

    def test_totals_add_up_whichever_line_is_bad(self) -> None:
        lines = EVERY_GROUP.splitlines()
        for number in range(1, 12):
            spoiled = [*lines[:number], lines[number] + "x|", *lines[number + 1 :]]
            result = import_text("\n".join(spoiled), f"{number}", policy=Policy.SALVAGE)
            with self.subTest(lines[number]):
                assert result.flow_file is not None
                loaded = result.flow_file.readings.count()
                self.assertEqual(result.readings_loaded, loaded)
                self.assertEqual(result.readings_rejected, 3 - loaded)


class DryRunTests(TestCase):
    def test_says_that_a_good_file_would_be_imported(self) -> None:
        result = import_text(EVERY_GROUP, dry_run=True)
        self.assertEqual(result.outcome, Outcome.CHECKED)
        self.assertEqual((result.readings_read, result.readings_loaded), (3, 3))

    def test_says_that_a_bad_file_would_be_rejected(self) -> None:
        result = import_text(BAD, dry_run=True)
        self.assertEqual(result.outcome, Outcome.REJECTED)
        self.assertEqual((result.readings_read, result.readings_rejected), (3, 3))

    def test_leaves_no_row(self) -> None:
        import_text(EVERY_GROUP, dry_run=True)
        import_text(BAD, dry_run=True)
        self.assertEqual(rows_of(*ALL), {model.__name__: [] for model in ALL})

    def test_leaves_no_file(self) -> None:
        media = Path(settings.MEDIA_ROOT)
        before = sorted(media.rglob("*.*"))
        import_text(EVERY_GROUP.replace("UDMS", "DRYR"), dry_run=True)
        self.assertEqual(sorted(media.rglob("*.*")), before)


class ValueTests(TestCase):
    """What cannot be kept as it was said is refused, never bent."""

    def values_of(self, cell: str) -> list[Decimal]:
        """Return the values that are held once a file with this cell has come."""
        line = f"030|S|20240401000000|{cell}|||T|N|"
        import_text(flow_file_of_readings(line).encode(), allow_same_name=True)
        return list(Reading.objects.values_list("value", flat=True))

    def test_what_is_no_plain_number_is_refused(self) -> None:
        for cell in (
            *("NaN", "sNaN", "Infinity", "-inf", "1e999", "1e3", "1E-9", "0x1F"),
            *("-1.0", "-0.0", "-0", "+1.0", "1_000.0", "1,5", ".5", "1.", "1.0.0"),
            *("١٢٣.0", "１２.0", "²", "1.0\N{NO-BREAK SPACE}", "1 0.0", "\\N", "''"),
        ):
            with self.subTest(cell):
                self.assertEqual(self.values_of(cell), [])

    def test_what_does_not_fit_is_refused(self) -> None:
        for cell in "1000000000.0", "9" * 500, "0.1234", "1" * 9 + ".0001":
            with self.subTest(cell):
                self.assertEqual(self.values_of(cell), [])

    def test_the_largest_and_smallest_that_fit_are_exact(self) -> None:
        self.assertEqual(self.values_of("999999999.999"), [Decimal("999999999.999")])
        self.assertEqual(self.values_of("0.001")[-1], Decimal("0.001"))

    def test_zeros_that_say_nothing_do_not_count_against_it(self) -> None:
        self.assertEqual(self.values_of("0000000000000012.500000"), [Decimal("12.5")])

    def test_every_decimal_is_exact(self) -> None:
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

    def assert_refused(self, line: str) -> None:
        """Assert that a file with this line in place of another is rejected."""
        groups = ["026|2000000000015|V|", "028|TST0000001|R|"]
        groups = [each for each in groups if each[:3] != line[:3]]
        groups = sorted([*groups, line, "030|S|20240401000000|1.0|||T|N|"])
        self.assertEqual(import_text(flow_file(groups), line).outcome, "rejected")

    def test_a_serial_number_of_the_wrong_length_is_refused(self) -> None:
        self.assert_refused("028||R|")
        self.assert_refused("028|   |R|")
        self.assert_refused(f"028|{'T' * 21}|R|")

    def test_an_mpan_of_the_wrong_form_is_refused(self) -> None:
        for mpan in "200000000001", "20000000000150", "200000000001X", "":
            with self.subTest(mpan):
                self.assert_refused(f"026|{mpan}|V|")

    def test_an_mpan_of_digits_that_are_not_ascii_is_refused(self) -> None:
        text = flow_file(["026|٢٠٠٠٠٠٠٠٠٠٠١٥|V|"])
        self.assertEqual(import_text(text.encode()).outcome, "rejected")


class TimeTests(TestCase):
    def reading_at(self, cell: str) -> tuple[ImportResult, Reading]:
        """Return what comes of a special reading at this time of the local clock."""
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

    def test_is_aware(self) -> None:
        _, reading = self.reading_at("20230601000000")
        self.assertIsNotNone(reading.read_at.tzinfo)

    def test_is_the_first_of_an_hour_that_came_twice(self) -> None:
        result, reading = self.reading_at("20231029013000")
        self.assertEqual(reading.read_at, datetime(2023, 10, 29, 0, 30, tzinfo=UTC))
        self.assertEqual(result.finding_counts, {"ambiguous-time": 1})

    def test_is_an_hour_later_where_the_hour_never_came(self) -> None:
        result, reading = self.reading_at("20240331013000")
        self.assertEqual(reading.read_at, datetime(2024, 3, 31, 1, 30, tzinfo=UTC))
        self.assertEqual(result.finding_counts, {"nonexistent-time": 1})

    def test_keeps_the_line_where_the_hour_never_came(self) -> None:
        _, reading = self.reading_at("20240331013000")
        line = "030|S|20240331013000|99.0|||T|N|"
        self.assertEqual(reading.received_text, line)

    def test_keeps_no_line_otherwise(self) -> None:
        _, reading = self.reading_at("20231029013000")
        self.assertEqual(reading.received_text, "")

    def test_just_before_and_after_the_hour_that_never_came(self) -> None:
        _, before = self.reading_at("20240331005959")
        self.assertEqual(before.read_at, datetime(2024, 3, 31, 0, 59, 59, tzinfo=UTC))
        Reading.objects.all().delete()
        FlowFile.objects.all().delete()
        _, after = self.reading_at("20240331020000")
        self.assertEqual(after.read_at, datetime(2024, 3, 31, 1, 0, tzinfo=UTC))

    def test_the_first_and_last_year_of_the_catalogue_fit(self) -> None:
        _, reading = self.reading_at("19500101000000")
        self.assertEqual(reading.read_at, datetime(1950, 1, 1, tzinfo=UTC))

    def test_later_than_now_is_refused(self) -> None:
        text = flow_file_of_readings("030|S|20240402120001|99.0|||T|N|")
        noon = datetime(2024, 4, 2, 12, 0, tzinfo=LONDON)
        self.assertEqual(import_text(text, now=noon).outcome, Outcome.REJECTED)

    def test_now_itself_is_not_in_the_future(self) -> None:
        text = flow_file_of_readings("030|S|20240402120000|99.0|||T|N|")
        noon = datetime(2024, 4, 2, 12, 0, tzinfo=LONDON)
        self.assertEqual(import_text(text, now=noon).outcome, Outcome.IMPORTED)


class ReceivedTextTests(TestCase):
    def text_of(self, *lines: str) -> str:
        """Return the text kept of a reading that these lines make."""
        imported(flow_file_of_readings(*lines))
        return Reading.objects.get().received_text

    def test_has_every_032_of_several(self) -> None:
        lines = "030|S|20240401000000|9.0|||F|N|", "032|05|F|", "032|13|F|"
        self.assertEqual(self.text_of(*lines), "\n".join(lines))

    def test_is_empty_for_one(self) -> None:
        lines = "030|S|20240401000000|9.0|||F|N|", "032|05|F|"
        self.assertEqual(self.text_of(*lines), "")

    def test_has_a_032_that_says_nothing(self) -> None:
        lines = "030|S|20240401000000|9.0|||F|N|", "032|||"
        self.assertEqual(self.text_of(*lines), "\n".join(lines))

    def test_has_a_reset_at_an_hour_that_never_came(self) -> None:
        line = "030|MD|20240401000000|9.0|20240331013000|1|T|N|"
        self.assertEqual(self.text_of(line), line)

    def test_keeps_the_first_032_of_several_in_the_row(self) -> None:
        self.text_of("030|S|20240401000000|9.0|||F|N|", "032|05|F|", "032|13|T|")
        reading = Reading.objects.get()
        self.assertEqual(
            (reading.reason_code, reading.meter_reading_status), ("05", False)
        )


class NoWriteTests(TestCase):
    def statements_of(self, text: str, **options: Any) -> list[str]:
        """Return the statements of an import that speak of what a load fills."""
        with CaptureQueriesContext(connection) as captured:
            import_text(text, **options)
        tables = [model._meta.db_table for model in (Reading, Meter, MeterPoint)]
        statements = [query["sql"] for query in captured.captured_queries]
        return [each for each in statements if any(name in each for name in tables)]

    def test_a_rejected_file_never_touches_the_readings(self) -> None:
        self.assertEqual(self.statements_of(BAD, policy=Policy.STRICT), [])

    def test_a_dry_run_never_touches_the_readings(self) -> None:
        self.assertEqual(self.statements_of(EVERY_GROUP, dry_run=True), [])

    def test_a_file_that_is_held_already_never_touches_the_readings(self) -> None:
        imported(EVERY_GROUP)
        self.assertEqual(self.statements_of(EVERY_GROUP), [])


@contextmanager
def another_connection() -> Iterator[Any]:
    """Give the cursor of a connection of another process, which waits for nothing."""
    other = connection.copy()
    try:
        with other.cursor() as cursor:
            if connection.vendor == "sqlite":
                cursor.execute("PRAGMA busy_timeout = 0")
            else:
                cursor.execute("SET lock_timeout = '1ms'")
            yield cursor
    finally:
        other.close()


class NoLockTests(TransactionTestCase):
    """While a file is checked, however long, another may write at once."""

    def write_whenever(self, hook: str, text: str, **options: Any) -> int:
        """Return how often another connection wrote while a file was imported."""
        written = 0

        def write(*_: object) -> None:
            nonlocal written
            written += 1
            cursor.execute(
                "INSERT INTO meter_readings_meterpoint (mpan) VALUES (%s)",
                [f"{written:013}"],
            )

        blocks = patch("meter_readings.d0010.lines.BLOCK_SIZE", 100)
        beating = patch("meter_readings.importer.jobs._HEARTBEAT_SECONDS", -1.0)
        with another_connection() as cursor, blocks, beating:
            import_text(text, **{hook: write} | options)
        self.assertEqual(MeterPoint.objects.filter(mpan__lt="1").count(), written)
        return written

    def test_a_check_locks_nothing_between_blocks(self) -> None:
        self.assertGreater(self.write_whenever("on_progress", EVERY_GROUP), 3)

    def test_a_check_locks_nothing_where_something_is_found(self) -> None:
        text = EVERY_GROUP.replace("12345.0", "012345.0").replace("|99.0", "|099.0")
        self.assertEqual(self.write_whenever("on_finding", text), 3)

    def test_a_rejected_file_locks_nothing_while_it_is_checked(self) -> None:
        self.assertGreater(self.write_whenever("on_progress", BAD), 3)

    def test_a_dry_run_locks_nothing(self) -> None:
        written = self.write_whenever("on_progress", EVERY_GROUP, dry_run=True)
        self.assertGreater(written, 3)


class FailingStatementTests(TransactionTestCase):
    """Whichever statement the database fails, all of the file is held or nothing."""

    def import_failing_at(self, number: int) -> None:
        """Import a file with the statement of this number failing."""
        numbers = count(1)

        def fail(execute: Any, statement: str, *rest: Any) -> Any:
            if next(numbers) == number:
                raise OperationalError("disk full")
            return execute(statement, *rest)

        with connection.execute_wrapper(fail), suppress(OperationalError):
            import_text(EVERY_GROUP)

    def test_leaves_all_or_nothing_and_hinders_nothing(self) -> None:
        number = held = 0
        while not held:
            number += 1
            self.import_failing_at(number)
            held = FlowFile.objects.count()
            with self.subTest(number):
                self.assertEqual(Reading.objects.count(), 3 * held)
                self.assertEqual(SiteVisit.objects.count(), 3 * held)
        self.assertGreater(number, 10)
        self.assertEqual(import_text(EVERY_GROUP).outcome, "already-imported")
