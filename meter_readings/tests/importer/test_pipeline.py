"""Tests of the import pipeline: imported, rejected and validated files."""

from __future__ import annotations

import hashlib
import stat
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

from django.conf import settings
from django.core.files.storage import default_storage
from django.test import TestCase

from meter_readings.importer.files.spooling import BEGINNING_BYTES
from meter_readings.models import (
    FlowFile,
    ImportJob,
    Meter,
    MeterPoint,
    Policy,
    SiteVisit,
)
from meter_readings.tests.support.flow_file_builder import EVERY_GROUP, flow_file
from meter_readings.tests.support.import_helpers import NOW, import_text, imported

from .row_helpers import ALL, rows_of

BAD = EVERY_GROUP.replace("12345.0", "-1.0")


class ImportTests(TestCase):
    """The result and the flow file of a file with every group."""

    @classmethod
    def setUpTestData(cls) -> None:
        cls.result = import_text(EVERY_GROUP, "april.uff")
        cls.file = FlowFile.objects.get()

    def test_result_has_the_outcome_name_policy_and_file(self) -> None:
        result = self.result
        self.assertEqual(result.outcome, ImportJob.Outcome.IMPORTED)
        self.assertEqual((result.filename, result.policy), ("april.uff", "standard"))
        self.assertEqual(result.flow_file, self.file)

    def test_result_counts_readings(self) -> None:
        result = self.result
        self.assertEqual(
            (result.readings_read, result.readings_loaded, result.readings_rejected),
            (3, 3, 0),
        )

    def test_result_counts_lines_and_has_the_header(self) -> None:
        self.assertEqual(self.result.line_count, 13)
        assert self.result.header is not None
        self.assertEqual(self.result.header.file_identifier, "TEST000001")

    def test_flow_file_has_the_name_hash_and_size_of_its_bytes(self) -> None:
        data = EVERY_GROUP.encode()
        self.assertEqual(
            (self.file.filename, self.file.sha256, self.file.size),
            ("april.uff", hashlib.sha256(data).hexdigest(), len(data)),
        )
        self.assertEqual(self.result.sha256, self.file.sha256)

    def test_flow_file_has_its_status_policy_and_time(self) -> None:
        file = self.file
        self.assertEqual(
            (file.status, file.policy, file.received_at), ("imported", "standard", NOW)
        )

    def test_flow_file_has_the_fields_of_the_header(self) -> None:
        file = self.file
        self.assertEqual(
            (file.file_identifier, file.flow_and_version, file.test_data_flag),
            ("TEST000001", "D0010002", "TR01"),
        )
        self.assertEqual((file.from_role, file.from_participant), ("D", "UDMS"))
        self.assertEqual((file.to_role, file.to_participant), ("X", "MRCY"))
        self.assertEqual(file.file_created_at, datetime(2024, 4, 2, 8, 15, tzinfo=UTC))

    def test_flow_file_has_the_text_of_header_and_trailer(self) -> None:
        lines = EVERY_GROUP.splitlines()
        self.assertEqual(self.file.header_text, lines[0])
        self.assertEqual(self.file.trailer_text, lines[-1])

    def test_flow_file_has_counted_and_declared_group_counts(self) -> None:
        file = self.file
        counted = file.line_count, file.group_count, file.mpan_group_count
        self.assertEqual(counted, (13, 11, 2))
        declared = file.trailer_group_count, file.trailer_flow_count
        self.assertEqual(declared, (11, 2))

    def test_flow_file_has_its_line_ending(self) -> None:
        self.assertEqual(
            (self.file.line_ending, self.file.ends_with_newline), ("\n", True)
        )

    def test_original_file_has_the_imported_bytes(self) -> None:
        with default_storage.open(self.file.content.name) as content:
            self.assertEqual(content.read().decode(), EVERY_GROUP)

    def test_original_file_is_readable_by_its_owner_only(self) -> None:
        path = Path(self.file.content.path)
        modes = [stat.S_IMODE(each.stat().st_mode) for each in (path, path.parent)]
        self.assertEqual(modes, [0o600, 0o700])

    def test_spool_folder_is_empty_after_an_import(self) -> None:
        self.assertEqual(list(Path(settings.MEDIA_ROOT, "incoming").iterdir()), [])


class TextFormTests(TestCase):
    def test_crlf_and_a_missing_last_line_ending_are_stored(self) -> None:
        file = imported(EVERY_GROUP.rstrip("\n").replace("\n", "\r\n"))
        self.assertEqual((file.line_ending, file.ends_with_newline), ("\r\n", False))

    def test_file_without_a_trailer_has_no_declared_counts(self) -> None:
        file = imported(EVERY_GROUP.rpartition("ZPT")[0])
        self.assertEqual(
            (file.trailer_text, file.trailer_group_count, file.trailer_flow_count),
            ("", None, None),
        )

    def test_folders_in_a_filename_are_no_path(self) -> None:
        file = imported(EVERY_GROUP, "../../../etc/cron.d/april.uff")
        self.assertEqual(file.filename, "../../../etc/cron.d/april.uff")
        self.assertRegex(file.content.name, r"^flow_files/[0-9a-f]{2}/[0-9a-f]{64}")

    def test_filename_is_sanitised_and_shortened(self) -> None:
        file = imported(EVERY_GROUP, "a\0" + "x" * 300)
        self.assertEqual(file.filename, "a\ufffd" + "x" * 253)


class RejectionTests(TestCase):
    def test_rejected_file_changes_no_loaded_row(self) -> None:
        imported(EVERY_GROUP)
        before = rows_of()
        self.assertEqual(
            import_text(BAD, "bad.uff").outcome, ImportJob.Outcome.REJECTED
        )
        self.assertEqual(rows_of(), before)

    def test_rejected_file_has_a_report(self) -> None:
        import_text(BAD, "bad.uff")
        file = FlowFile.objects.get()
        self.assertEqual((file.status, file.error_count), ("rejected", 1))
        self.assertEqual(file.findings.get(severity="error").code, "negative")

    def test_all_readings_of_a_rejected_file_are_counted_as_rejected(self) -> None:
        import_text(BAD)
        file = FlowFile.objects.get()
        self.assertEqual(
            (file.readings_read, file.readings_loaded, file.readings_rejected),
            (3, 0, 3),
        )

    def test_original_of_a_rejected_file_is_stored(self) -> None:
        import_text(BAD)
        with FlowFile.objects.get().content.open() as content:
            self.assertEqual(content.read().decode(), BAD)

    def test_rejected_file_has_every_error(self) -> None:
        text = BAD.replace("41.5", "x").replace("99.0", "1e999")
        self.assertEqual(import_text(text).error_count, 3)

    def test_file_that_is_not_a_flow_file_has_no_header(self) -> None:
        result = import_text("mpan,serial,reading\n")
        self.assertEqual((result.header, result.readings_read), (None, 0))
        self.assertIsNone(FlowFile.objects.get().file_created_at)

    def test_only_the_beginning_of_a_file_that_is_no_flow_file_is_stored(self) -> None:
        for data in bytes(1 << 20), b"\n" * (1 << 20), b"mpan\n" + b"1\n" * (1 << 20):
            with self.subTest(data[:5]):
                file = import_text(data, repr(data[:5])).flow_file
                with file.content.open() as content:
                    self.assertEqual(content.read(), data[:BEGINNING_BYTES])
                digest = hashlib.sha256(data).hexdigest()
                self.assertEqual((file.size, file.sha256), (len(data), digest))
                self.assertIs(file.is_shortened, True)

    def test_rejected_file_that_begins_as_a_flow_file_is_stored_whole(self) -> None:
        for text in "ZHV|X|D0149001|\n", "026|2000000000015|V|\n":
            file = import_text(text * 9000).flow_file
            self.assertGreater(file.content.size, BEGINNING_BYTES)
            self.assertIs(file.is_shortened, False)

    def test_empty_file_is_rejected_and_stored(self) -> None:
        import_text("")
        file = FlowFile.objects.get()
        self.assertEqual((file.size, file.line_count), (0, 0))

    def test_trailer_with_a_nul_is_stored_escaped(self) -> None:
        import_text(EVERY_GROUP.replace("ZPT|", "ZPT|\0"))
        file = FlowFile.objects.get()
        self.assertEqual(file.status, FlowFile.Status.REJECTED)
        self.assertTrue(file.trailer_text.startswith(r"ZPT|\x00TEST"))

    def test_header_with_a_nul_is_stored_escaped(self) -> None:
        import_text(EVERY_GROUP.replace("UDMS", "UD\0S"))
        self.assertIn(r"|UD\x00S|", FlowFile.objects.get().header_text)

    def test_any_bytes_are_rejected_without_an_exception(self) -> None:
        for data in b"\0", b"\xff\xfeZ\0H\0", b"\x80" * 5000, b"\n" * 9, b"ZHV|" * 999:
            with self.subTest(data[:8]):
                self.assertEqual(import_text(data, repr(data[:8])).outcome, "rejected")


class PartialPolicyTests(TestCase):

    def partially_imported(self, groups: str) -> tuple[FlowFile, list[Decimal]]:
        """Return the file and the values that were loaded."""
        file = imported(flow_file(groups), policy=Policy.PARTIAL)
        values = file.readings.order_by("line_number").values_list("value", flat=True)
        return file, list(values)

    def test_partial_policy_loads_the_readings_next_to_an_invalid_one(self) -> None:
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

    def test_partial_policy_rejects_the_readings_of_an_invalid_meter(self) -> None:
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

    def test_partial_policy_rejects_the_meters_of_an_invalid_meter_point(self) -> None:
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

    def test_partial_policy_loads_the_readings_of_a_meter_with_an_invalid_visit(
        self,
    ) -> None:
        _, values = self.partially_imported("""
            026|2000000000015|V|
            028|TST0000001|R|
            029|0001||
            030|S|20240401000000|1.0|||T|N|
            """)
        self.assertEqual(values, [1])

    def test_line_that_may_be_a_corrupt_026_rejects_the_file(self) -> None:
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

    def test_line_that_ends_parsing_rejects_the_file(self) -> None:
        groups = EVERY_GROUP.replace("Synthetic note", "x" * 5000)
        result = import_text(groups, policy=Policy.PARTIAL)
        self.assertEqual(result.outcome, ImportJob.Outcome.REJECTED)

    def test_loaded_and_rejected_readings_add_up_whichever_line_is_invalid(
        self,
    ) -> None:
        lines = EVERY_GROUP.splitlines()
        for number in range(1, 12):
            invalid = [*lines[:number], lines[number] + "x|", *lines[number + 1 :]]
            result = import_text("\n".join(invalid), f"{number}", policy=Policy.PARTIAL)
            with self.subTest(lines[number]):
                assert result.flow_file is not None
                loaded = result.flow_file.readings.count()
                self.assertEqual(result.readings_loaded, loaded)
                self.assertEqual(result.readings_rejected, 3 - loaded)


class DryRunTests(TestCase):
    def test_dry_run_of_a_valid_file_has_the_outcome_checked(self) -> None:
        result = import_text(EVERY_GROUP, dry_run=True)
        self.assertEqual(result.outcome, ImportJob.Outcome.CHECKED)
        self.assertEqual((result.readings_read, result.readings_loaded), (3, 3))

    def test_dry_run_of_an_invalid_file_has_the_outcome_rejected(self) -> None:
        result = import_text(BAD, dry_run=True)
        self.assertEqual(result.outcome, ImportJob.Outcome.REJECTED)
        self.assertEqual((result.readings_read, result.readings_rejected), (3, 3))

    def test_dry_run_stores_no_row(self) -> None:
        import_text(EVERY_GROUP, dry_run=True)
        import_text(BAD, dry_run=True)
        self.assertEqual(rows_of(*ALL), {model.__name__: [] for model in ALL})

    def test_dry_run_stores_no_file(self) -> None:
        media = Path(settings.MEDIA_ROOT)
        before = sorted(media.rglob("*.*"))
        import_text(EVERY_GROUP.replace("UDMS", "DRYR"), dry_run=True)
        self.assertEqual(sorted(media.rglob("*.*")), before)
