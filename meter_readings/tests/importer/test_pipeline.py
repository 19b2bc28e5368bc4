"""The one way in: all of a file or, but for its report, nothing."""

from __future__ import annotations

import hashlib
import stat
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

from django.conf import settings
from django.core.files.storage import default_storage
from django.test import TestCase

from meter_readings.models import (
    FlowFile,
    ImportJob,
    Meter,
    MeterPoint,
    Policy,
    SiteVisit,
)
from meter_readings.tests.flow_file_builder import EVERY_GROUP, flow_file
from meter_readings.tests.import_helpers import NOW, import_text, imported

from .row_helpers import ALL, rows_of

BAD = EVERY_GROUP.replace("12345.0", "-1.0")


class ImportTests(TestCase):
    """A file of every group, as the result and the row of the file tell of it."""

    @classmethod
    def setUpTestData(cls) -> None:
        cls.result = import_text(EVERY_GROUP, "april.uff")
        cls.file = FlowFile.objects.get()

    def test_import_comes_to_a_result(self) -> None:
        result = self.result
        self.assertEqual(result.outcome, ImportJob.Outcome.IMPORTED)
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
            (self.file.line_ending, self.file.ends_with_newline), ("\n", True)
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
        self.assertEqual((file.line_ending, file.ends_with_newline), ("\r\n", False))

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
    def test_rejection_leaves_everything_as_it_was(self) -> None:
        imported(EVERY_GROUP)
        before = rows_of()
        self.assertEqual(
            import_text(BAD, "bad.uff").outcome, ImportJob.Outcome.REJECTED
        )
        self.assertEqual(rows_of(), before)

    def test_rejection_leaves_a_report(self) -> None:
        import_text(BAD, "bad.uff")
        file = FlowFile.objects.get()
        self.assertEqual((file.status, file.error_count), ("rejected", 1))
        self.assertEqual(file.findings.get(severity="error").code, "negative")

    def test_rejection_counts_all_readings_as_rejected(self) -> None:
        import_text(BAD)
        file = FlowFile.objects.get()
        self.assertEqual(
            (file.readings_read, file.readings_loaded, file.readings_rejected),
            (3, 0, 3),
        )

    def test_rejection_keeps_the_bytes(self) -> None:
        import_text(BAD)
        with FlowFile.objects.get().content.open() as content:
            self.assertEqual(content.read().decode(), BAD)

    def test_rejection_lists_every_fault(self) -> None:
        text = BAD.replace("41.5", "x").replace("99.0", "1e999")
        self.assertEqual(import_text(text).error_count, 3)

    def test_rejection_of_a_file_that_is_none_has_no_header(self) -> None:
        result = import_text("mpan,serial,reading\n")
        self.assertEqual((result.header, result.readings_read), (None, 0))
        self.assertIsNone(FlowFile.objects.get().file_created_at)

    def test_rejection_of_an_empty_file_is_kept_too(self) -> None:
        import_text("")
        file = FlowFile.objects.get()
        self.assertEqual((file.size, file.line_count), (0, 0))

    def test_rejection_keeps_a_trailer_with_a_nul(self) -> None:
        import_text(EVERY_GROUP.replace("ZPT|", "ZPT|\0"))
        file = FlowFile.objects.get()
        self.assertEqual(file.status, FlowFile.Status.REJECTED)
        self.assertTrue(file.trailer_text.startswith(r"ZPT|\x00TEST"))

    def test_rejection_keeps_a_header_with_a_nul(self) -> None:
        import_text(EVERY_GROUP.replace("UDMS", "UD\0S"))
        self.assertIn(r"|UD\x00S|", FlowFile.objects.get().header_text)

    def test_rejection_of_any_bytes_is_no_error(self) -> None:
        for data in b"\0", b"\xff\xfeZ\0H\0", b"\x80" * 5000, b"\n" * 9, b"ZHV|" * 999:
            with self.subTest(data[:8]):
                self.assertEqual(import_text(data, repr(data[:8])).outcome, "rejected")


class PartialPolicyTests(TestCase):
    """The good groups load, the bad ones do not, and the totals add up."""

    def partially_imported(self, groups: str) -> tuple[FlowFile, list[Decimal]]:
        """Return a partially imported file and the values that were loaded."""
        file = imported(flow_file(groups), policy=Policy.PARTIAL)
        values = file.readings.order_by("line_number").values_list("value", flat=True)
        return file, list(values)

    def test_a_bad_reading_leaves_the_others(self) -> None:
        file, values = self.partially_imported("""
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
        file, values = self.partially_imported("""
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
        file, values = self.partially_imported("""
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
        _, values = self.partially_imported("""
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
            policy=Policy.PARTIAL,
        )
        self.assertEqual(result.outcome, ImportJob.Outcome.REJECTED)

    def test_a_line_at_which_reading_ends_rejects_the_file(self) -> None:
        groups = EVERY_GROUP.replace("Synthetic note", "x" * 5000)
        result = import_text(groups, policy=Policy.PARTIAL)
        self.assertEqual(result.outcome, ImportJob.Outcome.REJECTED)

    def test_totals_add_up_whichever_line_is_bad(self) -> None:
        lines = EVERY_GROUP.splitlines()
        for number in range(1, 12):
            spoiled = [*lines[:number], lines[number] + "x|", *lines[number + 1 :]]
            result = import_text("\n".join(spoiled), f"{number}", policy=Policy.PARTIAL)
            with self.subTest(lines[number]):
                assert result.flow_file is not None
                loaded = result.flow_file.readings.count()
                self.assertEqual(result.readings_loaded, loaded)
                self.assertEqual(result.readings_rejected, 3 - loaded)


class DryRunTests(TestCase):
    def test_dry_run_says_that_a_good_file_would_be_imported(self) -> None:
        result = import_text(EVERY_GROUP, dry_run=True)
        self.assertEqual(result.outcome, ImportJob.Outcome.CHECKED)
        self.assertEqual((result.readings_read, result.readings_loaded), (3, 3))

    def test_dry_run_says_that_a_bad_file_would_be_rejected(self) -> None:
        result = import_text(BAD, dry_run=True)
        self.assertEqual(result.outcome, ImportJob.Outcome.REJECTED)
        self.assertEqual((result.readings_read, result.readings_rejected), (3, 3))

    def test_dry_run_leaves_no_row(self) -> None:
        import_text(EVERY_GROUP, dry_run=True)
        import_text(BAD, dry_run=True)
        self.assertEqual(rows_of(*ALL), {model.__name__: [] for model in ALL})

    def test_dry_run_leaves_no_file(self) -> None:
        media = Path(settings.MEDIA_ROOT)
        before = sorted(media.rglob("*.*"))
        import_text(EVERY_GROUP.replace("UDMS", "DRYR"), dry_run=True)
        self.assertEqual(sorted(media.rglob("*.*")), before)
