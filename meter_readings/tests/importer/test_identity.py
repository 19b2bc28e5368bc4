"""Exactly once: the same bytes, the same name, the same message."""

from __future__ import annotations

import gzip
import io
import zipfile

from django.test import TestCase

from meter_readings.importer import ImportResult, iter_flow_files
from meter_readings.models import FlowFile, ImportJob, Policy
from meter_readings.tests.flow_file_builder import flow_file, header_line
from meter_readings.tests.import_helpers import NOW, import_text, imported

from .row_helpers import rows_of, versions

GROUPS = """
    026|2000000000015|V|
    028|TST0000001|R|
    030|S|20240401000000|100.0|||T|N|
    """
TEXT = flow_file(GROUPS)
OTHER_IDENTITY = header_line(file_identifier="TEST000002")


def unpacked_and_imported(data: bytes, filename: str) -> ImportResult:
    """Return what comes of the one file in an archive, as a door hands it over."""
    for name, stream in iter_flow_files(io.BytesIO(data), filename):
        return import_text(stream.read(), name)
    raise AssertionError("The archive is empty.")


class SameBytesTests(TestCase):
    def setUp(self) -> None:
        self.first = imported(TEXT, "first.uff")
        self.rows = rows_of(FlowFile), rows_of()

    def assert_is_nothing_new(self, result: ImportResult) -> None:
        """Assert that nothing was done but to name the first import."""
        self.assertEqual(result.outcome, ImportJob.Outcome.ALREADY_IMPORTED)
        self.assertEqual(result.flow_file, self.first)
        self.assertEqual((rows_of(FlowFile), rows_of()), self.rows)

    def test_same_bytes_are_nothing_new_by_the_same_name(self) -> None:
        self.assert_is_nothing_new(import_text(TEXT, "first.uff"))

    def test_same_bytes_are_nothing_new_by_another_name(self) -> None:
        self.assert_is_nothing_new(import_text(TEXT, "second.uff"))

    def test_same_bytes_are_nothing_new_as_gzip(self) -> None:
        data = gzip.compress(TEXT.encode())
        self.assert_is_nothing_new(unpacked_and_imported(data, "second.uff.gz"))

    def test_same_bytes_are_nothing_new_in_a_zip(self) -> None:
        data = io.BytesIO()
        with zipfile.ZipFile(data, "w") as archive:
            archive.writestr("april/second.uff", TEXT)
        self.assert_is_nothing_new(unpacked_and_imported(data.getvalue(), "all.zip"))

    def test_same_bytes_are_nothing_new_by_any_other_door(self) -> None:
        for channel in ImportJob.Channel:
            with self.subTest(channel):
                self.assert_is_nothing_new(import_text(TEXT, channel=channel))

    def test_same_bytes_are_nothing_new_under_any_policy(self) -> None:
        for policy in Policy:
            with self.subTest(policy):
                self.assert_is_nothing_new(import_text(TEXT, policy=policy))

    def test_same_bytes_are_nothing_new_where_the_same_name_is_allowed(self) -> None:
        result = import_text(TEXT, "first.uff", allow_same_name=True)
        self.assert_is_nothing_new(result)

    def test_same_bytes_are_nothing_new_for_a_dry_run(self) -> None:
        self.assert_is_nothing_new(import_text(TEXT, dry_run=True))

    def test_same_bytes_count_no_reading(self) -> None:
        result = import_text(TEXT, "second.uff")
        self.assertEqual((result.readings_read, result.readings_rejected), (0, 0))


class RejectedBytesTests(TestCase):
    # Valid except for one value, whose group the partial policy leaves out.
    TEXT = flow_file([*GROUPS.split(), "030|S|20240301000000|-1.0|||T|N|"])

    def test_rejected_bytes_may_come_again_and_are_rejected_again(self) -> None:
        import_text(self.TEXT)
        result = import_text(self.TEXT)
        self.assertEqual(result.outcome, ImportJob.Outcome.REJECTED)

    def test_rejected_bytes_are_one_file_however_often_they_come(self) -> None:
        import_text(self.TEXT)
        import_text(self.TEXT, "again.uff")
        self.assertEqual(FlowFile.objects.get().filename, "again.uff")

    def test_rejected_bytes_have_one_report_however_often_they_come(self) -> None:
        import_text(self.TEXT)
        import_text(self.TEXT)
        self.assertEqual(FlowFile.objects.get().findings.count(), 1)

    def test_rejected_bytes_may_be_accepted_by_a_softer_policy(self) -> None:
        import_text(self.TEXT)
        result = import_text(self.TEXT, policy=Policy.PARTIAL)
        self.assertEqual(result.outcome, ImportJob.Outcome.IMPORTED)
        self.assertEqual(FlowFile.objects.get().status, FlowFile.Status.IMPORTED)


class SameNameTests(TestCase):
    OTHER = flow_file(GROUPS, header=OTHER_IDENTITY)

    def test_same_name_is_refused_for_other_content(self) -> None:
        imported(TEXT, "april.uff")
        result = import_text(self.OTHER, "april.uff")
        self.assertEqual(result.outcome, ImportJob.Outcome.REFUSED)

    def test_same_name_is_refused_with_a_finding_that_names_the_first(self) -> None:
        first = imported(TEXT, "april.uff")
        [(issue, severity)] = import_text(self.OTHER, "april.uff").findings
        self.assertEqual((issue.code, severity), ("duplicate-filename", "error"))
        self.assertEqual(
            issue.found, f"april.uff, imported on 24 November 2026 as #{first.pk}"
        )

    def test_same_name_is_refused_for_a_dry_run_too(self) -> None:
        imported(TEXT, "april.uff")
        result = import_text(self.OTHER, "april.uff", dry_run=True)
        self.assertEqual(result.outcome, ImportJob.Outcome.REFUSED)

    def test_same_name_leaves_nothing_but_a_job_where_it_is_refused(self) -> None:
        imported(TEXT, "april.uff")
        before = rows_of(), rows_of(FlowFile)
        import_text(self.OTHER, "april.uff")
        self.assertEqual((rows_of(), rows_of(FlowFile)), before)
        self.assertEqual(ImportJob.objects.latest("pk").outcome, "refused")

    def test_same_name_can_be_allowed(self) -> None:
        imported(TEXT, "april.uff")
        result = import_text(self.OTHER, "april.uff", allow_same_name=True)
        self.assertEqual(result.outcome, ImportJob.Outcome.IMPORTED)

    def test_same_name_is_free_where_the_other_was_rejected(self) -> None:
        import_text(TEXT.replace("100.0", "-1.0"), "april.uff")
        result = import_text(TEXT, "april.uff")
        self.assertEqual(result.outcome, ImportJob.Outcome.IMPORTED)


class SameIdentityTests(TestCase):
    CORRECTED = TEXT.replace("100.0", "101.0")

    def setUp(self) -> None:
        self.first = imported(TEXT, "first.uff")

    def test_same_identity_loads_other_bytes(self) -> None:
        result = import_text(self.CORRECTED, "second.uff")
        self.assertEqual(result.outcome, ImportJob.Outcome.IMPORTED)

    def test_same_identity_is_a_warning_that_names_the_first(self) -> None:
        [(issue, severity)] = import_text(self.CORRECTED, "second.uff").findings
        self.assertEqual((issue.code, severity), ("duplicate-message", "warning"))
        self.assertEqual(
            issue.found, f"TEST000001, imported as #{self.first.pk} (first.uff)"
        )

    def test_same_identity_is_a_warning_of_a_dry_run_too(self) -> None:
        result = import_text(self.CORRECTED, "second.uff", dry_run=True)
        self.assertEqual(result.finding_counts, {"duplicate-message": 1})

    def test_same_identity_is_a_warning_for_the_rejected_too(self) -> None:
        result = import_text(TEXT.replace("100.0", "-1.0"), "second.uff")
        self.assertIn("duplicate-message", result.finding_counts)

    def test_another_header_is_another_identity(self) -> None:
        for header in (
            header_line(file_identifier="TEST000002"),
            header_line(from_participant="OTHR"),
            header_line(from_role="M"),
            header_line(created_at="20240402091501"),
        ):
            with self.subTest(header):
                result = import_text(flow_file(GROUPS, header=header), header)
                self.assertEqual(result.finding_counts, {})

    def test_whom_it_was_sent_to_makes_no_other_identity(self) -> None:
        text = flow_file(GROUPS, header=header_line(to_participant="OTHR"))
        result = import_text(text, "second.uff")
        self.assertEqual(result.finding_counts, {"duplicate-message": 1})


class CopyTests(TestCase):
    COPIES = (
        flow_file(GROUPS, line_ending="\r\n").encode(),
        b"\xef\xbb\xbf" + TEXT.encode(),
        TEXT.rstrip("\n").encode(),
    )

    def test_with_other_line_ends_or_a_mark_is_other_bytes(self) -> None:
        imported(TEXT, "first.uff")
        for number, copy in enumerate(self.COPIES):
            with self.subTest(copy[:5]):
                result = import_text(copy, f"copy {number}.uff")
                self.assertEqual(result.outcome, ImportJob.Outcome.IMPORTED)

    def test_copy_meets_the_warning_of_its_identity(self) -> None:
        imported(TEXT, "first.uff")
        for number, copy in enumerate(self.COPIES):
            with self.subTest(copy[:5]):
                result = import_text(copy, f"copy {number}.uff")
                self.assertIn("duplicate-message", result.finding_counts)

    def test_copy_adds_duplicates_and_nothing_that_counts(self) -> None:
        imported(TEXT, "first.uff")
        for number, copy in enumerate(self.COPIES):
            imported(copy, f"copy {number}.uff")
        self.assertEqual(sorted(versions()), ["current", *["duplicate"] * 3])


class RaceTests(TestCase):
    """What another process brings while this one checks, seen before loading."""

    OTHER = flow_file(GROUPS, header=OTHER_IDENTITY)

    def import_while_another(
        self, text: str, *, filename: str, sha256: str
    ) -> ImportResult:
        """Import a file while another process brings one of this name and hash."""

        def bring(phase: ImportJob.Phase, *_: int) -> None:
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

        return import_text(text, "april.uff", on_progress=bring)

    def test_the_same_bytes_are_nothing_new(self) -> None:
        sha256 = import_text(TEXT, dry_run=True).sha256
        result = self.import_while_another(TEXT, filename="x.uff", sha256=sha256)
        self.assertEqual(result.outcome, ImportJob.Outcome.ALREADY_IMPORTED)
        self.assertEqual(result.flow_file, FlowFile.objects.get())
        self.assertEqual((result.readings_read, result.readings_rejected), (0, 0))
        self.assertEqual(versions(), [])

    def test_the_same_name_is_refused(self) -> None:
        result = self.import_while_another(TEXT, filename="april.uff", sha256="x")
        self.assertEqual(result.outcome, ImportJob.Outcome.REFUSED)
        self.assertEqual(versions(), [])

    def test_anything_else_does_not_matter(self) -> None:
        result = self.import_while_another(TEXT, filename="may.uff", sha256="x")
        self.assertEqual(result.outcome, ImportJob.Outcome.IMPORTED)
