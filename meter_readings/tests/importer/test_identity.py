"""Tests of the identity checks: same bytes, same name, same message."""

from __future__ import annotations

import gzip
import io
import zipfile

from django.test import TestCase

from meter_readings.importer import ImportResult, iter_flow_files
from meter_readings.models import FlowFile, ImportJob, Policy
from meter_readings.tests.support.flow_file_builder import flow_file, header_line
from meter_readings.tests.support.import_helpers import NOW, import_text, imported

from .row_helpers import rows_of, versions

GROUPS = """
    026|2000000000015|V|
    028|TST0000001|R|
    030|S|20240401000000|100.0|||T|N|
    """
TEXT = flow_file(GROUPS)
OTHER_IDENTITY = header_line(file_identifier="TEST000002")


def unpacked_and_imported(data: bytes, filename: str) -> ImportResult:
    """Import the one file of an archive."""
    for name, stream, _ in iter_flow_files(io.BytesIO(data), filename):
        return import_text(stream.read(), name)
    raise AssertionError("The archive is empty.")


class SameBytesTests(TestCase):
    def setUp(self) -> None:
        self.first = imported(TEXT, "first.uff")
        self.rows = rows_of(FlowFile), rows_of()

    def assert_already_imported(self, result: ImportResult) -> None:
        """Assert that the result names the first import and nothing was stored."""
        self.assertEqual(result.outcome, ImportJob.Outcome.ALREADY_IMPORTED)
        self.assertEqual(result.flow_file, self.first)
        self.assertEqual((rows_of(FlowFile), rows_of()), self.rows)

    def test_same_bytes_with_the_same_name_are_already_imported(self) -> None:
        self.assert_already_imported(import_text(TEXT, "first.uff"))

    def test_same_bytes_with_another_name_are_already_imported(self) -> None:
        self.assert_already_imported(import_text(TEXT, "second.uff"))

    def test_same_bytes_in_a_gzip_file_are_already_imported(self) -> None:
        data = gzip.compress(TEXT.encode())
        self.assert_already_imported(unpacked_and_imported(data, "second.uff.gz"))

    def test_same_bytes_in_a_zip_file_are_already_imported(self) -> None:
        data = io.BytesIO()
        with zipfile.ZipFile(data, "w") as archive:
            archive.writestr("april/second.uff", TEXT)
        self.assert_already_imported(unpacked_and_imported(data.getvalue(), "all.zip"))

    def test_same_bytes_are_already_imported_on_every_channel(self) -> None:
        for channel in ImportJob.Channel:
            with self.subTest(channel):
                self.assert_already_imported(import_text(TEXT, channel=channel))

    def test_same_bytes_are_already_imported_under_every_policy(self) -> None:
        for policy in Policy:
            with self.subTest(policy):
                self.assert_already_imported(import_text(TEXT, policy=policy))

    def test_same_bytes_are_already_imported_if_the_same_name_is_allowed(self) -> None:
        result = import_text(TEXT, "first.uff", allow_same_name=True)
        self.assert_already_imported(result)

    def test_same_bytes_are_already_imported_in_a_dry_run(self) -> None:
        self.assert_already_imported(import_text(TEXT, dry_run=True))

    def test_result_of_an_already_imported_file_counts_no_readings(self) -> None:
        result = import_text(TEXT, "second.uff")
        self.assertEqual((result.readings_read, result.readings_rejected), (0, 0))


class RejectedBytesTests(TestCase):
    # Valid except for one value, whose group the partial policy leaves out.
    TEXT = flow_file([*GROUPS.split(), "030|S|20240301000000|-1.0|||T|N|"])

    def test_rejected_bytes_are_validated_and_rejected_again(self) -> None:
        import_text(self.TEXT)
        result = import_text(self.TEXT)
        self.assertEqual(result.outcome, ImportJob.Outcome.REJECTED)

    def test_bytes_rejected_several_times_are_one_flow_file(self) -> None:
        import_text(self.TEXT)
        import_text(self.TEXT, "again.uff")
        self.assertEqual(FlowFile.objects.get().filename, "again.uff")

    def test_bytes_rejected_several_times_have_one_report(self) -> None:
        import_text(self.TEXT)
        import_text(self.TEXT)
        self.assertEqual(FlowFile.objects.get().findings.count(), 1)

    def test_rejected_bytes_can_be_imported_under_another_policy(self) -> None:
        import_text(self.TEXT)
        result = import_text(self.TEXT, policy=Policy.PARTIAL)
        self.assertEqual(result.outcome, ImportJob.Outcome.IMPORTED)
        self.assertEqual(FlowFile.objects.get().status, FlowFile.Status.IMPORTED)


class SameNameTests(TestCase):
    OTHER = flow_file(GROUPS, header=OTHER_IDENTITY)

    def test_other_content_with_the_same_name_is_refused(self) -> None:
        imported(TEXT, "april.uff")
        result = import_text(self.OTHER, "april.uff")
        self.assertEqual(result.outcome, ImportJob.Outcome.REFUSED)

    def test_finding_of_a_refused_name_names_the_first_file(self) -> None:
        first = imported(TEXT, "april.uff")
        [(issue, severity)] = import_text(self.OTHER, "april.uff").findings
        self.assertEqual((issue.code, severity), ("duplicate-filename", "error"))
        self.assertEqual(
            issue.found, f"april.uff, imported on 24 November 2026 as #{first.pk}"
        )

    def test_dry_run_of_other_content_with_the_same_name_is_refused(self) -> None:
        imported(TEXT, "april.uff")
        result = import_text(self.OTHER, "april.uff", dry_run=True)
        self.assertEqual(result.outcome, ImportJob.Outcome.REFUSED)

    def test_refused_file_leaves_only_an_import_job(self) -> None:
        imported(TEXT, "april.uff")
        before = rows_of(), rows_of(FlowFile)
        import_text(self.OTHER, "april.uff")
        self.assertEqual((rows_of(), rows_of(FlowFile)), before)
        self.assertEqual(ImportJob.objects.latest("pk").outcome, "refused")

    def test_other_content_with_the_same_name_is_imported_if_allowed(self) -> None:
        imported(TEXT, "april.uff")
        result = import_text(self.OTHER, "april.uff", allow_same_name=True)
        self.assertEqual(result.outcome, ImportJob.Outcome.IMPORTED)

    def test_name_of_a_rejected_file_can_be_used_again(self) -> None:
        import_text(TEXT.replace("100.0", "-1.0"), "april.uff")
        result = import_text(TEXT, "april.uff")
        self.assertEqual(result.outcome, ImportJob.Outcome.IMPORTED)


class SameMessageTests(TestCase):
    CORRECTED = TEXT.replace("100.0", "101.0")

    def setUp(self) -> None:
        self.first = imported(TEXT, "first.uff")

    def test_other_bytes_with_the_same_message_identity_are_loaded(self) -> None:
        result = import_text(self.CORRECTED, "second.uff")
        self.assertEqual(result.outcome, ImportJob.Outcome.IMPORTED)

    def test_same_message_identity_is_a_warning_that_names_the_first_file(self) -> None:
        [(issue, severity)] = import_text(self.CORRECTED, "second.uff").findings
        self.assertEqual((issue.code, severity), ("duplicate-message", "warning"))
        self.assertEqual(
            issue.found, f"TEST000001, imported as #{self.first.pk} (first.uff)"
        )

    def test_dry_run_warns_of_the_same_message_identity(self) -> None:
        result = import_text(self.CORRECTED, "second.uff", dry_run=True)
        self.assertEqual(result.finding_counts, {"duplicate-message": 1})

    def test_rejected_file_is_warned_of_the_same_message_identity(self) -> None:
        result = import_text(TEXT.replace("100.0", "-1.0"), "second.uff")
        self.assertIn("duplicate-message", result.finding_counts)

    def test_each_field_of_the_message_identity_distinguishes_files(self) -> None:
        for header in (
            header_line(file_identifier="TEST000002"),
            header_line(from_participant="OTHR"),
            header_line(from_role="M"),
            header_line(created_at="20240402091501"),
        ):
            with self.subTest(header):
                result = import_text(flow_file(GROUPS, header=header), header)
                self.assertEqual(result.finding_counts, {})

    def test_recipient_is_not_part_of_the_message_identity(self) -> None:
        text = flow_file(GROUPS, header=header_line(to_participant="OTHR"))
        result = import_text(text, "second.uff")
        self.assertEqual(result.finding_counts, {"duplicate-message": 1})


class CopyTests(TestCase):
    COPIES = (
        flow_file(GROUPS, line_ending="\r\n").encode(),
        b"\xef\xbb\xbf" + TEXT.encode(),
        TEXT.rstrip("\n").encode(),
    )

    def test_copy_with_other_line_endings_or_a_byte_order_mark_is_imported(
        self,
    ) -> None:
        imported(TEXT, "first.uff")
        for number, copy in enumerate(self.COPIES):
            with self.subTest(copy[:5]):
                result = import_text(copy, f"copy {number}.uff")
                self.assertEqual(result.outcome, ImportJob.Outcome.IMPORTED)

    def test_copy_has_a_warning_of_the_same_message_identity(self) -> None:
        imported(TEXT, "first.uff")
        for number, copy in enumerate(self.COPIES):
            with self.subTest(copy[:5]):
                result = import_text(copy, f"copy {number}.uff")
                self.assertIn("duplicate-message", result.finding_counts)

    def test_copy_adds_only_duplicate_readings(self) -> None:
        imported(TEXT, "first.uff")
        for number, copy in enumerate(self.COPIES):
            imported(copy, f"copy {number}.uff")
        self.assertEqual(sorted(versions()), ["current", *["duplicate"] * 3])


class RaceTests(TestCase):
    """Files that another process imports while this one validates."""

    OTHER = flow_file(GROUPS, header=OTHER_IDENTITY)

    def import_while_another(
        self, text: str, *, filename: str, sha256: str
    ) -> ImportResult:
        """Import a file while another process imports one of this name and hash."""

        def import_other(phase: ImportJob.Phase, *_: int) -> None:
            if phase == ImportJob.Phase.LOADING:
                FlowFile.objects.create(
                    filename=filename,
                    sha256=sha256,
                    size=1,
                    status=FlowFile.Status.IMPORTED,
                    policy=Policy.STANDARD,
                    received_at=NOW,
                    file_created_at=NOW,
                )

        return import_text(text, "april.uff", on_progress=import_other)

    def test_bytes_that_another_process_imports_meanwhile_are_already_imported(
        self,
    ) -> None:
        sha256 = import_text(TEXT, dry_run=True).sha256
        result = self.import_while_another(TEXT, filename="x.uff", sha256=sha256)
        self.assertEqual(result.outcome, ImportJob.Outcome.ALREADY_IMPORTED)
        self.assertEqual(result.flow_file, FlowFile.objects.get())
        self.assertEqual((result.readings_read, result.readings_rejected), (0, 0))
        self.assertEqual(versions(), [])

    def test_name_that_another_process_uses_meanwhile_is_refused(self) -> None:
        result = self.import_while_another(TEXT, filename="april.uff", sha256="x")
        self.assertEqual(result.outcome, ImportJob.Outcome.REFUSED)
        self.assertEqual(versions(), [])

    def test_unrelated_file_of_another_process_does_not_matter(self) -> None:
        result = self.import_while_another(TEXT, filename="may.uff", sha256="x")
        self.assertEqual(result.outcome, ImportJob.Outcome.IMPORTED)
