"""The command `import_d0010`."""

from __future__ import annotations

import gzip
import io
import json
import os
import re
import signal
import tempfile
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Thread
from time import sleep
from typing import Any, BinaryIO
from unittest.mock import patch

from django.conf import settings
from django.db import OperationalError
from django.test import TransactionTestCase, tag

from meter_readings import importer
from meter_readings.importer.files.spooling import SpooledFile, spool
from meter_readings.management.cli.progress import Progress
from meter_readings.models import FlowFile, ImportJob, Reading
from meter_readings.tests.support.flow_file_builder import (
    EVERY_GROUP,
    flow_file,
    flow_file_of_readings,
    header_line,
)
from meter_readings.tests.support.import_helpers import imported

from .run_command import (
    BAD,
    GOOD,
    NEGATIVE,
    READING,
    FolderTestCase,
    Ran,
    run,
    start,
)

OTHER = flow_file_of_readings(
    "030|S|20240402000000|98.0|||T|N|",
    header=header_line(file_identifier="TEST000002", created_at="20240402091501"),
)


def zipped(**members: str) -> bytes:
    """Return an archive of these files."""
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w") as archive:
        for name, text in members.items():
            archive.writestr(name.replace("_", "."), text)
    return data.getvalue()


class ImportTestCase(FolderTestCase):
    def run_command(self, *arguments: str, **options: Any) -> Ran:
        """Run the command; remove the path of the folder from its output."""
        ran = run("import_d0010", *arguments, **options)
        place = f"{self.folder}/"
        return Ran(
            ran.code, ran.stdout.replace(place, ""), ran.stderr.replace(place, "")
        )

    def line(self, *arguments: str) -> str:
        """Return the line of output about one file."""
        (line,) = self.run_command(*arguments).stdout.splitlines()
        return re.sub("#[0-9]+", "#N", line)


class OutcomeTests(ImportTestCase):
    """The line about a file, and the exit code."""

    def test_imported_file_is_reported_with_its_readings(self) -> None:
        self.assertEqual(
            self.line(self.file("a.uff")),
            "a.uff: imported as #N: 1 reading, 1 new meter point, 1 new meter",
        )

    def test_exit_code_is_0_if_all_files_were_imported(self) -> None:
        self.assertEqual(self.run_command(self.file("a.uff")).code, 0)

    def test_file_without_findings_writes_nothing_to_stderr(self) -> None:
        self.assertEqual(self.run_command(self.file("a.uff")).stderr, "")

    def test_message_has_the_id_of_the_flow_file(self) -> None:
        line = self.run_command(self.file("a.uff")).stdout
        self.assertIn(f"#{FlowFile.objects.get().pk}:", line)

    def test_message_counts_new_meters_and_site_visits(self) -> None:
        self.assertIn("3 site visits", self.line(self.file("a.uff", EVERY_GROUP)))

    def test_message_counts_warnings_and_notes(self) -> None:
        self.assertTrue(
            self.line(self.file("a.uff", EVERY_GROUP)).endswith("1 warning")
        )

    def test_message_counts_superseding_readings(self) -> None:
        imported(GOOD)
        correction = OTHER.replace("20240402000000|98.0", "20240401000000|98.0")
        line = self.line(self.file("b.uff", correction))
        self.assertEqual(
            line, "b.uff: imported as #N: 1 reading, 1 replaces an earlier version"
        )

    def test_message_counts_duplicate_readings(self) -> None:
        imported(GOOD)
        again = OTHER.replace("20240402000000|98.0", "20240401000000|99.0")
        line = self.line(self.file("b.uff", again))
        self.assertEqual(line, "b.uff: imported as #N: 1 reading, 1 duplicate")

    def test_repeated_file_is_reported_with_its_first_import(self) -> None:
        imported(GOOD, "first.uff")
        self.assertEqual(
            self.line(self.file("a.uff")),
            "a.uff: already imported as #N (first.uff) on 24 November 2026; "
            "no action needed",
        )

    def test_exit_code_is_0_if_all_files_were_imported_before(self) -> None:
        imported(GOOD)
        self.assertEqual(self.run_command(self.file("a.uff")).code, 0)

    def test_rejected_file_is_reported_with_the_reason(self) -> None:
        self.assertEqual(
            self.line(self.file("a.uff", BAD)),
            "a.uff: rejected: The value is negative",
        )

    def test_rejection_counts_repeated_errors(self) -> None:
        bad = flow_file_of_readings(NEGATIVE, NEGATIVE)
        self.assertEqual(
            self.line(self.file("a.uff", bad)),
            "a.uff: rejected: The value is negative (2 times)",
        )

    def test_rejection_counts_errors_of_several_rules(self) -> None:
        bad = flow_file_of_readings(NEGATIVE, "030|S|20240401|5.0|||T|N|")
        self.assertEqual(
            self.line(self.file("a.uff", bad)), "a.uff: rejected: 2 errors in 6 lines"
        )

    def test_exit_code_is_1_if_a_file_was_rejected(self) -> None:
        self.assertEqual(self.run_command(self.file("a.uff", BAD)).code, 1)

    def test_other_content_under_an_imported_name_is_refused(self) -> None:
        imported(GOOD, "a.uff")
        self.assertEqual(
            self.line(self.file("a.uff", OTHER)),
            "a.uff: refused: A file with this name and different content has been "
            "imported before",
        )

    def test_exit_code_is_1_if_a_file_was_refused(self) -> None:
        imported(GOOD, "a.uff")
        self.assertEqual(self.run_command(self.file("a.uff", OTHER)).code, 1)

    def test_refusal_names_the_option_that_allows_it(self) -> None:
        imported(GOOD, "a.uff")
        stderr = self.run_command(self.file("a.uff", OTHER)).stderr
        self.assertIn("import it with --allow-same-name", stderr)

    def test_allow_same_name_imports_other_content(self) -> None:
        imported(GOOD, "a.uff")
        ran = self.run_command(self.file("a.uff", OTHER), "--allow-same-name")
        self.assertEqual(ran.code, 0)

    def test_partial_policy_leaves_out_bad_groups_and_counts_them(self) -> None:
        text = flow_file_of_readings(READING, NEGATIVE)
        line = self.line(self.file("a.uff", text), "--policy", "partial")
        self.assertIn(": 1 reading, 1 not loaded, 1 new meter point", line)

    def test_strict_policy_rejects_what_standard_accepts(self) -> None:
        path = self.file("a.uff", flow_file(["026|2000000000015|V|"]))
        self.assertEqual(self.run_command(path, "--policy", "strict").code, 1)


class DryRunTests(ImportTestCase):
    def test_dry_run_reports_what_would_be_imported(self) -> None:
        self.assertEqual(
            self.line(self.file("a.uff"), "--dry-run"),
            "a.uff: would be imported: 1 reading",
        )

    def test_dry_run_reports_what_would_be_rejected(self) -> None:
        line = self.line(self.file("a.uff", BAD), "--dry-run")
        self.assertTrue(line.startswith("a.uff: would be rejected: "), line)

    def test_dry_run_reports_what_would_be_refused(self) -> None:
        imported(GOOD, "a.uff")
        line = self.line(self.file("a.uff", OTHER), "--dry-run")
        self.assertTrue(line.startswith("a.uff: would be refused: "), line)

    def test_dry_run_reports_findings(self) -> None:
        stderr = self.run_command(self.file("a.uff", BAD), "--dry-run").stderr
        self.assertIn("Error: The value is negative. (negative)", stderr)

    def test_dry_run_saves_nothing(self) -> None:
        self.run_command(self.file("a.uff"), self.file("b.uff", BAD), "--dry-run")
        counts = FlowFile.objects.count(), ImportJob.objects.count()
        self.assertEqual(counts, (0, 0))

    def test_dry_run_summary_says_would_be_loaded(self) -> None:
        stderr = self.run_command(
            self.file("a.uff"), self.file("b.uff", OTHER), "--dry-run"
        ).stderr
        self.assertEqual(
            stderr,
            "A dry run does not compare readings with those stored: only the import "
            "tells which are new, duplicates or replace an earlier version.\n"
            "2 files: 2 would be imported; 2 readings would be loaded.\n",
        )


class FindingTests(ImportTestCase):
    """Findings on standard error."""

    def finding_lines(self, *readings: str) -> list[str]:
        path = self.file("a.uff", flow_file_of_readings(*readings))
        return self.run_command(path).stderr.splitlines()

    def test_finding_is_reported_with_rule_line_and_remedy(self) -> None:
        self.assertEqual(
            self.finding_lines(NEGATIVE),
            [
                "a.uff: Error: The value is negative. (negative)",
                '    line 4, 030 Register Reading (J0040): found "-5.0", expected '
                "zero or more",
                "    What to do: Ask the sender for a corrected file, or import the "
                "rest with the partial policy.",
            ],
        )

    def test_only_the_first_lines_of_a_rule_are_reported(self) -> None:
        lines = self.finding_lines(*[NEGATIVE] * 5)
        numbers = [line.split(",")[0].strip() for line in lines if "line " in line[:9]]
        self.assertEqual(numbers, ["line 4", "line 5", "line 6"])

    def test_number_of_unreported_lines_is_reported(self) -> None:
        self.assertIn("    and 2 more", self.finding_lines(*[NEGATIVE] * 5))

    def test_report_option_is_suggested_if_lines_are_left_out(self) -> None:
        self.assertEqual(
            self.finding_lines(*[NEGATIVE] * 5)[-1],
            "All findings, line by line, are written by --report FILE.csv.",
        )

    def test_errors_are_reported_before_warnings_and_notes(self) -> None:
        imported(flow_file(["026|1000000000003|V|", "028|TST0000001|R|", READING]))
        lines = self.finding_lines(NEGATIVE, "030|S|20240401000000|1.25|||T|N|")
        kinds = [line.split(":")[1] for line in lines if line.startswith("a.uff: ")]
        self.assertEqual(kinds, [" Error", " Warning", " Warning"])

    def test_note_is_reported(self) -> None:
        imported(flow_file(["026|1000000000003|V|", "028|TST0000001|R|", READING]))
        line = self.line(self.file("b.uff", OTHER))
        self.assertTrue(line.endswith(", 1 note"), line)

    def test_verbosity_0_reports_no_findings(self) -> None:
        ran = self.run_command(self.file("a.uff", BAD), "--verbosity", "0")
        self.assertEqual(ran.stderr, "")

    def test_finding_without_a_line_is_reported_for_the_whole_file(self) -> None:
        path = self.file("a.uff", flow_file([], trailer=False))
        stderr = self.run_command(path).stderr
        self.assertIn("    the whole file: expected at least one 026 group", stderr)


class WrongFileTests(ImportTestCase):
    """Files that are not D0010 files."""

    def assert_reports(self, content: str | bytes, *expected: str) -> None:
        ran = self.run_command(self.file("a.uff", content))
        self.assertEqual(ran.code, 1)
        for text in expected:
            self.assertIn(text, ran.stdout + ran.stderr)

    def test_pdf_file_is_rejected(self) -> None:
        self.assert_reports(
            "%PDF-1.7\n",
            "a.uff: rejected: This is not a D0010 user file",
            "this looks like a PDF document",
            "What to do: Check that this is the intended file.",
        )

    def test_csv_file_is_rejected(self) -> None:
        self.assert_reports("mpan,reading\n", 'found "mpan,reading", expected ZHV|')

    def test_spreadsheet_is_unreadable(self) -> None:
        data = io.BytesIO()
        with zipfile.ZipFile(data, "w") as archive:
            archive.writestr("[Content_Types].xml", "<Types/>")
        self.assert_reports(
            data.getvalue(),
            "a.uff: unreadable: a.uff is a spreadsheet or another document\n",
        )

    def test_file_of_another_flow_is_rejected(self) -> None:
        text = flow_file([], header=header_line(flow_and_version="D0149001"))
        self.assert_reports(
            text,
            "a.uff: rejected: The header names a different data flow",
            'found "D0149001", expected D0010002',
            "Only D0010 can be imported",
        )

    def test_file_in_pool_transfer_format_is_rejected(self) -> None:
        self.assert_reports("ZHD|D0010002|X|\n", "the pool transfer format (ZHD)")

    def test_empty_file_is_rejected(self) -> None:
        self.assert_reports("", "a.uff: rejected: The file is empty")

    def test_broken_archive_is_unreadable(self) -> None:
        self.assert_reports(
            b"PK\3\4 no more", "a.uff: unreadable: a.uff is not a complete"
        )

    def test_truncated_archive_is_unreadable(self) -> None:
        data = gzip.compress(GOOD.encode())[:-9]
        self.assert_reports(data, "a.uff: unreadable: a.uff is not a complete archive")


class PathTests(ImportTestCase):
    """The kinds of paths."""

    def outcomes(self, *arguments: str, **options: Any) -> list[str]:
        """Return the line about each file, without details."""
        lines = self.run_command(*arguments, **options).stdout.splitlines()
        return [re.split(" as #|: [A-Z]", line)[0] for line in lines]

    def test_several_files_are_imported(self) -> None:
        outcomes = self.outcomes(self.file("b.uff"), self.file("a.uff", OTHER))
        self.assertEqual(outcomes, ["b.uff: imported", "a.uff: imported"])

    def test_files_of_a_folder_are_imported(self) -> None:
        self.file("b.uff"), self.file("a.uff", OTHER)
        outcomes = self.outcomes(str(self.folder))
        self.assertEqual(outcomes, ["a.uff: imported", "b.uff: imported"])

    def test_files_of_a_pattern_are_imported(self) -> None:
        self.file("b.uff"), self.file("a.usr", OTHER)
        self.assertEqual(self.outcomes(str(self.folder / "*.uff")), ["b.uff: imported"])

    def test_recursive_option_imports_files_of_subfolders(self) -> None:
        self.file("in/a.uff")
        outcomes = self.outcomes("-r", str(self.folder))
        self.assertEqual(outcomes, ["in/a.uff: imported"])

    def test_gzip_file_is_imported(self) -> None:
        path = self.file("a.uff.gz", gzip.compress(GOOD.encode()))
        self.assertEqual(self.outcomes(path), ["a.uff.gz: imported"])

    def test_named_pipe_is_imported(self) -> None:
        path = self.folder / "pipe"
        os.mkfifo(path)
        writer = Thread(target=path.write_text, args=(GOOD,))
        writer.start()
        self.assertEqual(self.outcomes(str(path)), ["pipe: imported"])
        writer.join()

    def test_gzip_file_is_stored_without_its_suffix(self) -> None:
        self.run_command(self.file("a.uff.gz", gzip.compress(GOOD.encode())))
        self.assertEqual(FlowFile.objects.get().filename, "a.uff")

    def test_all_files_of_a_zip_archive_are_imported(self) -> None:
        path = self.file("two.zip", zipped(a_uff=GOOD, b_uff=BAD))
        self.assertEqual(
            self.outcomes(path),
            ["two.zip: a.uff: imported", "two.zip: b.uff: rejected"],
        )

    def test_broken_archive_member_does_not_stop_the_others(self) -> None:
        data = bytearray(zipped(a_uff=OTHER, b_uff=GOOD))
        place = data.index(b"TST0000001")
        data[place] = ord("X")
        stdout = self.run_command(self.file("two.zip", bytes(data))).stdout
        self.assertRegex(
            stdout, "two.zip: a.uff: unreadable: .* Bad CRC-32.*\n.*b.uff: imported"
        )

    def test_standard_input_is_imported(self) -> None:
        outcomes = self.outcomes("-", stdin=GOOD)
        self.assertEqual(outcomes, ["standard input: imported"])

    def test_standard_input_is_stored_under_the_time(self) -> None:
        self.run_command("-", stdin=GOOD)
        self.assertRegex(
            FlowFile.objects.get().filename,
            r"\Astdin-[0-9]{8}-[0-9]{6}-[0-9a-f]{16}\.uff\Z",
        )

    def test_name_option_names_standard_input(self) -> None:
        self.run_command("-", "--name", "a.uff", stdin=GOOD)
        self.assertEqual(FlowFile.objects.get().filename, "a.uff")

    def test_missing_file_ends_with_exit_code_3(self) -> None:
        ran = self.run_command(str(self.folder / "a.uff"))
        self.assertEqual(ran, (3, "", "a.uff: there is no such file.\n"))

    def test_missing_file_among_others_is_unreadable(self) -> None:
        ran = self.run_command(str(self.folder / "a.uff"), self.file("b.uff"))
        self.assertEqual(ran.code, 1)
        self.assertIn("a.uff: unreadable: there is no such file\n", ran.stdout)

    def test_empty_folder_ends_with_exit_code_3(self) -> None:
        (self.folder / "in").mkdir()
        ran = self.run_command(str(self.folder / "in"))
        self.assertEqual(ran, (3, "", "in: the folder contains no files.\n"))

    def test_empty_folder_among_others_does_not_fail(self) -> None:
        (self.folder / "in").mkdir()
        ran = self.run_command(str(self.folder / "in"), self.file("b.uff"))
        self.assertEqual(ran.code, 0)

    def test_file_without_read_permission_is_unreadable(self) -> None:
        path = self.file("a.uff")
        error = PermissionError(13, "Permission denied", path)
        with patch.object(Path, "open", side_effect=error):
            ran = self.run_command(path)
        self.assertEqual(ran.code, 1)
        self.assertEqual(ran.stdout, "a.uff: unreadable: permission denied\n")

    def test_read_error_is_reported_with_its_reason(self) -> None:
        with broken_import(OSError(5, "Input/output error")):
            ran = self.run_command(self.file("a.uff"))
        self.assertEqual(ran.code, 1)
        self.assertEqual(ran.stdout, "a.uff: interrupted: input/output error\n")

    def test_file_that_cannot_be_stored_is_reported_with_the_folder(self) -> None:
        path = self.file("a.uff")
        with self.settings(MEDIA_ROOT="/dev/null"):
            ran = self.run_command(path)
        self.assertEqual(ran.code, 1)
        self.assertRegex(
            ran.stdout, r"\Aa.uff: interrupted: it cannot be stored: .* \(/dev/null/"
        )


class SumTests(ImportTestCase):
    def test_summary_counts_files_by_outcome(self) -> None:
        imported(flow_file(EVERY_GROUP.splitlines()[1:-1]), "first.uff")
        ran = self.run_command(
            self.file("a.uff"),
            self.file("b.uff"),
            self.file("c.uff", BAD),
            self.file("first.uff", OTHER),
            self.file("e.gz", b"\x1f\x8b"),
        )
        self.assertEqual(
            ran.stderr.splitlines()[-1],
            "5 files: 1 imported, 1 already imported, 1 rejected, 1 refused, "
            "1 unreadable; 1 reading loaded.",
        )

    def test_verbosity_0_writes_no_summary(self) -> None:
        ran = self.run_command(self.file("a.uff"), self.file("b.uff"), "-v0")
        self.assertEqual(ran.stderr, "")

    def test_single_file_has_no_summary(self) -> None:
        self.assertEqual(self.run_command(self.file("a.uff")).stderr, "")


class UsageTests(ImportTestCase):
    def test_path_is_required(self) -> None:
        self.assertIn("PATH", self.run_command().stderr)

    def test_name_option_requires_standard_input(self) -> None:
        ran = self.run_command(self.file("a.uff"), "--name", "b.uff")
        self.assertEqual(ran, (2, "", '--name requires the path "-".\n'))

    def test_unwritable_report_is_a_usage_error(self) -> None:
        ran = self.run_command(self.file("a.uff"), "--report", str(self.folder))
        self.assertEqual(ran.code, 2)
        self.assertIn("The report cannot be written: Is a directory", ran.stderr)

    def test_unwritable_report_prevents_the_import(self) -> None:
        self.run_command(self.file("a.uff"), "--report", str(self.folder))
        self.assertIs(FlowFile.objects.exists(), False)

    def test_report_over_an_input_file_is_a_usage_error(self) -> None:
        path = self.file("a.uff")
        ran = self.run_command(path, "--report", path)
        self.assertEqual(
            ran,
            (
                2,
                "",
                "The report would overwrite a.uff, which is to be imported: name "
                "another file after --report.\n",
            ),
        )
        self.assertEqual(Path(path).read_text(), GOOD)

    def test_report_over_an_input_file_is_recognised_by_another_path(self) -> None:
        link = self.folder / "report.csv"
        link.symlink_to(self.file("inside/b.uff"))
        ran = self.run_command(str(self.folder / "inside"), "--report", str(link))
        self.assertEqual(ran.code, 2)
        self.assertIs(FlowFile.objects.exists(), False)


class ReportTests(ImportTestCase):
    def test_report_on_a_full_disk_ends_the_import_with_one_message(self) -> None:
        # A file is written when its buffer is full, or at the end.
        many = flow_file_of_readings(*[NEGATIVE] * 200)
        other = self.file("b.uff")
        for text, imported_count in (many, 0), (GOOD, 1):
            ran = self.run_command(
                self.file("a.uff", text), other, "--report=/dev/full"
            )
            self.assertEqual(ran.code, 1)
            self.assertEqual(
                ran.stderr.splitlines()[-1],
                "The report cannot be written: No space left on device (/dev/full).",
            )
            self.assertNotIn("All findings are in", ran.stderr)
            self.assertEqual(FlowFile.objects.count(), imported_count)

    def test_report_has_every_finding_of_every_file(self) -> None:
        many = flow_file_of_readings(*[NEGATIVE] * (importer.MAX_STORED_PER_RULE + 1))
        report = self.folder / "report.csv"
        self.run_command(
            self.file("a.uff", BAD), self.file("b.uff", many), "--report", str(report)
        )
        self.assertEqual(
            len(report.read_text().splitlines()),
            1 + 1 + importer.MAX_STORED_PER_RULE + 1,
        )

    def test_unreadable_file_has_no_row_in_the_report(self) -> None:
        report = self.folder / "report.csv"
        self.run_command(self.file("a.gz", b"\x1f\x8b"), "--report", str(report))
        self.assertEqual(len(report.read_text().splitlines()), 1)

    def test_report_replaces_an_older_file(self) -> None:
        report = self.file("report.csv", "an older one")
        self.run_command(self.file("a.uff", BAD), "--report", report)
        self.assertNotIn("an older one", Path(report).read_text())

    def test_report_is_named_at_the_end(self) -> None:
        report = str(self.folder / "report.csv")
        stderr = self.run_command(self.file("a.uff", BAD), "--report", report).stderr
        self.assertTrue(stderr.endswith("All findings are in report.csv.\n"), stderr)

    def test_dry_run_writes_the_report(self) -> None:
        report = self.folder / "report.csv"
        path = self.file("a.uff", BAD)
        self.run_command(path, "--dry-run", "--report", str(report))
        self.assertIn("negative", report.read_text())


class JsonTests(ImportTestCase):
    def document(self, *arguments: str) -> dict[str, Any]:
        """Return the document on standard output."""
        document: dict[str, Any] = json.loads(
            self.run_command(*arguments, "--format", "json").stdout
        )
        return document

    def test_json_document_has_all_files(self) -> None:
        document = self.document(
            self.file("a.uff"), self.file("b.uff", BAD), self.file("c.gz", b"\x1f\x8b")
        )
        self.assertEqual(
            [(file["path"], file["outcome"]) for file in document["files"]],
            [("a.uff", "imported"), ("b.uff", "rejected"), ("c.gz", "unreadable")],
        )

    def test_json_document_has_the_loaded_rows(self) -> None:
        (file,) = self.document(self.file("a.uff"))["files"]
        self.assertEqual(file["flow_file"], FlowFile.objects.get().pk)
        self.assertEqual(file["loaded"]["readings"], 1)

    def test_json_document_has_the_message(self) -> None:
        (file,) = self.document(self.file("a.uff", BAD))["files"]
        self.assertEqual(file["message"], "rejected: The value is negative")

    def test_json_document_has_the_findings(self) -> None:
        (file,) = self.document(self.file("a.uff", BAD))["files"]
        self.assertEqual(
            file["findings"],
            [
                {
                    "rule": "negative",
                    "severity": "error",
                    "count": 1,
                    "message": "The value is negative.",
                    "remedy": "Ask the sender for a corrected file, or import the rest "
                    "with the partial policy.",
                    "first": [
                        {
                            "line_number": 4,
                            "group": "030",
                            "field": "Register Reading (J0040)",
                            "found": "-5.0",
                            "expected": "zero or more",
                        }
                    ],
                }
            ],
        )

    def test_json_format_writes_nothing_to_stderr(self) -> None:
        ran = self.run_command(self.file("a.uff", BAD), "--format", "json")
        self.assertEqual(ran.stderr, "")

    def test_json_document_has_totals(self) -> None:
        document = self.document(self.file("a.uff"), self.file("b.uff"))
        del document["files"]
        self.assertEqual(
            document,
            {
                "dry_run": False,
                "nothing_found": [],
                "is_complete": True,
                "file_count": 2,
                "outcomes": {"imported": 1, "already-imported": 1},
                "readings_loaded": 1,
            },
        )

    def test_json_document_has_paths_without_files(self) -> None:
        ran = self.run_command(str(self.folder), "--format", "json")
        document = json.loads(ran.stdout)
        reason = {"path": str(self.folder), "message": "the folder contains no files"}
        self.assertEqual(document["nothing_found"], [reason])

    def test_json_document_is_complete_after_a_database_error(self) -> None:
        with broken_import(OperationalError("database is locked")):
            ran = self.run_command(self.file("a.uff"), "--format", "json")
        self.assertIs(json.loads(ran.stdout)["is_complete"], False)


def broken_import(error: BaseException) -> Any:
    """Make the import of a file raise an error."""
    return patch.object(importer.runner, "import_flow_file", side_effect=error)


class InterruptedTests(ImportTestCase):
    """Ctrl-C undoes the current file and reports the others."""

    def interrupt_second_file(self, *options: str) -> Ran:
        """Import two files; press Ctrl-C before the second is loaded."""
        progress = Progress.progress

        def press(self: Progress, phase: ImportJob.Phase, *figures: int) -> None:
            progress(self, phase, *figures)
            if phase == ImportJob.Phase.LOADING and FlowFile.objects.exists():
                raise KeyboardInterrupt

        with patch.object(Progress, "progress", press):
            return self.run_command(
                self.file("a.uff"), self.file("b.uff", OTHER), *options
            )

    def test_ctrl_c_ends_with_exit_code_130(self) -> None:
        self.assertEqual(self.interrupt_second_file().code, 130)

    def test_ctrl_c_writes_the_summary(self) -> None:
        self.assertEqual(
            self.interrupt_second_file().stderr,
            "Interrupted at b.uff: nothing of that file was stored.\n"
            "1 file: 1 imported; 1 reading loaded.\n",
        )

    def test_ctrl_c_keeps_only_files_imported_before(self) -> None:
        self.interrupt_second_file()
        self.assertEqual(Reading.objects.get().flow_file.filename, "a.uff")

    def test_json_document_says_that_it_is_not_complete(self) -> None:
        document = json.loads(self.interrupt_second_file("--format", "json").stdout)
        self.assertIs(document["is_complete"], False)

    def test_ctrl_c_in_the_first_file_reports_that_nothing_was_imported(self) -> None:
        with broken_import(KeyboardInterrupt()):
            ran = self.run_command(self.file("a.uff"))
        self.assertEqual(
            ran.stderr,
            "Interrupted at a.uff: nothing of that file was stored.\n"
            "No files were imported.\n",
        )

    def interrupt_after_commit(self, *paths: str) -> Ran:
        """Import files; press Ctrl-C after the commit of the first."""

        @contextmanager
        def spool_and_press(stream: BinaryIO) -> Iterator[SpooledFile]:
            with spool(stream) as spooled:
                yield spooled
            raise KeyboardInterrupt

        with patch("meter_readings.importer.pipeline.spool", spool_and_press):
            return self.run_command(*paths)

    def test_ctrl_c_after_the_commit_reports_the_stored_file(self) -> None:
        ran = self.interrupt_after_commit(self.file("a.uff"), self.file("b.uff", OTHER))
        file = FlowFile.objects.get()
        self.assertEqual(ran.code, 130)
        self.assertTrue(
            ran.stdout.startswith(f"a.uff: imported as #{file.pk}: 1 reading"),
            ran.stdout,
        )
        self.assertTrue(
            ran.stderr.endswith(
                "Interrupted.\n1 file: 1 imported; 1 reading loaded.\n"
            ),
            ran.stderr,
        )

    def test_ctrl_c_after_the_last_commit_ends_with_exit_code_0(self) -> None:
        ran = self.interrupt_after_commit(self.file("a.uff"))
        self.assertEqual(ran.code, 0)
        self.assertTrue(ran.stdout.startswith("a.uff: imported as #"), ran.stdout)
        self.assertTrue(
            ran.stderr.endswith("Interrupted after the last file was finished.\n"),
            ran.stderr,
        )

    def press_in_archive(self, member: int) -> Ran:
        """Import an archive of two files; press Ctrl-C after the commit of one."""
        count = 0

        @contextmanager
        def spool_and_press(stream: BinaryIO) -> Iterator[SpooledFile]:
            nonlocal count
            count += 1
            with spool(stream) as spooled:
                yield spooled
            if count == member:
                raise KeyboardInterrupt

        path = self.folder / "both.zip"
        with zipfile.ZipFile(path, "w") as archive:
            archive.writestr("a.uff", GOOD)
            archive.writestr("b.uff", OTHER)
        with patch("meter_readings.importer.pipeline.spool", spool_and_press):
            return self.run_command(str(path))

    def test_ctrl_c_after_the_first_file_of_an_archive_ends_with_code_130(self) -> None:
        ran = self.press_in_archive(1)
        self.assertEqual((ran.code, FlowFile.objects.count()), (130, 1))

    def test_ctrl_c_after_the_last_file_of_an_archive_ends_with_code_0(self) -> None:
        ran = self.press_in_archive(2)
        self.assertEqual((ran.code, FlowFile.objects.count()), (0, 2))
        self.assertIn("Interrupted after the last file was finished.\n", ran.stderr)
        self.assertIn("2 files: 2 imported; 2 readings loaded.", ran.stderr)

    def test_ctrl_c_when_all_files_are_reported_ends_with_exit_code_0(self) -> None:
        run = importer.ImportRunner.run

        def run_and_press(*arguments: Any) -> Iterator[importer.FileResult]:
            yield from run(*arguments)
            raise KeyboardInterrupt

        with patch.object(importer.ImportRunner, "run", run_and_press):
            ran = self.run_command(self.file("a.uff"))
        self.assertEqual(ran.code, 0)
        self.assertEqual(ran.stderr, "Interrupted after the last file was finished.\n")

    def test_ctrl_c_between_two_files_reports_the_first(self) -> None:
        with patch.object(Progress, "file_finished", side_effect=KeyboardInterrupt):
            ran = self.run_command(self.file("a.uff"), self.file("b.uff", OTHER))
        self.assertEqual(ran.code, 130)
        self.assertTrue(
            ran.stderr.endswith(
                "Interrupted.\n1 file: 1 imported; 1 reading loaded.\n"
            ),
            ran.stderr,
        )

    def test_ctrl_c_before_the_first_file_names_no_file(self) -> None:
        name = "meter_readings.management.commands.import_d0010.find_input_files"
        with patch(name, side_effect=KeyboardInterrupt):
            ran = self.run_command(self.file("a.uff"))
        self.assertEqual(ran, (130, "", "Interrupted.\n"))


class TerminalTests(ImportTestCase):
    """Output on a terminal."""

    def test_outcome_is_coloured(self) -> None:
        with patch.dict(os.environ, NO_COLOR=""):
            ran = self.run_command(self.file("a.uff", BAD), "--force-color")
        self.assertIn("\x1b[31;1mrejected: The value is negative\x1b[0m", ran.stdout)

    def test_no_color_variable_switches_colours_off(self) -> None:
        with patch.dict(os.environ, NO_COLOR="1"):
            ran = self.run_command(self.file("a.uff", BAD), is_terminal=True)
        self.assertNotIn("\x1b[3", ran.stdout + ran.stderr)

    def test_pipe_gets_no_colours(self) -> None:
        ran = self.run_command(self.file("a.uff", BAD))
        self.assertNotIn("\x1b", ran.stdout + ran.stderr)

    def test_bar_is_shown_and_removed(self) -> None:
        with patch.dict(os.environ, TERM="xterm"):
            stderr = self.run_command(self.file("a.uff"), is_terminal=True).stderr
        self.assertIn("Validating [", stderr)
        self.assertTrue(stderr.endswith("\r\x1b[2K"), stderr)

    def test_verbosity_0_shows_no_bar(self) -> None:
        ran = self.run_command(self.file("a.uff"), "-v0", is_terminal=True)
        self.assertEqual(ran.stderr, "")


@tag("database_independent")
class ProcessTests(TransactionTestCase):
    """The command in a separate process."""

    def setUp(self) -> None:
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)
        self.path = self.folder / "a.uff"
        self.path.write_text(GOOD)

    def received(self) -> set[Path]:
        """Return the files that are being received."""
        return set(Path(settings.MEDIA_ROOT).glob("incoming/*"))

    def test_stdout_has_results_and_stderr_has_findings(self) -> None:
        self.path.write_text(BAD)
        process = start("import_d0010", str(self.path))
        out, err = process.communicate(timeout=60)
        self.assertEqual(process.returncode, 1, err)
        self.assertEqual(
            out.decode(), f"{self.path}: rejected: The value is negative\n"
        )
        text = f"{self.path}: Error: The value is negative."
        self.assertTrue(err.decode().startswith(text), err)

    def test_process_imports_standard_input(self) -> None:
        process = start("import_d0010", "-", "--name", "a.uff")
        out, err = process.communicate(GOOD.encode(), timeout=60)
        self.assertEqual(process.returncode, 0, err)
        self.assertEqual(FlowFile.objects.get().filename, "a.uff")

    def test_unknown_option_ends_with_exit_code_2(self) -> None:
        process = start("import_d0010", str(self.path), "--polcy", "strict")
        _, err = process.communicate(timeout=60)
        self.assertEqual(process.returncode, 2)
        self.assertIn(b"unrecognized arguments: --polcy", err)

    def test_closed_stdout_ends_the_import_with_exit_code_141(self) -> None:
        other = self.folder / "b.uff"
        other.write_text(OTHER)
        process = start("import_d0010", str(self.path), str(other))
        assert process.stdout and process.stderr
        process.stdout.close()
        self.assertEqual(
            process.stderr.read(), b"1 file: 1 imported; 1 reading loaded.\n"
        )
        self.assertEqual(process.wait(timeout=60), 141)
        self.assertEqual(FlowFile.objects.get().filename, "a.uff")

    def test_stdout_on_a_full_disk_counts_a_file_once(self) -> None:
        for number, options in enumerate([[], ["--format", "json"]]):
            self.path.write_text(GOOD.replace("99.0", f"{number}.0"))
            with self.subTest(options), open("/dev/full", "wb") as full:
                process = start("import_d0010", str(self.path), *options, stdout=full)
                _, err = process.communicate(timeout=60)
                self.assertEqual(process.returncode, 1)
                lines = [b"1 file: 1 imported; 1 reading loaded."]
                lines = [] if options else lines
                error = b"CommandError: No space left on device."
                self.assertEqual(err.splitlines(), [*lines, error])

    def test_sigint_while_reading_stdin_ends_with_exit_code_130(self) -> None:
        before = self.received()
        process = start("import_d0010", str(self.path), "-")
        assert process.stdin and process.stdout
        process.stdin.write(b"ZHV|")
        process.stdin.flush()
        self.assertIn(b"imported as", process.stdout.readline())
        while self.received() == before and process.poll() is None:
            sleep(0.01)
        process.send_signal(signal.SIGINT)
        _, err = process.communicate(timeout=60)
        self.assertEqual(process.returncode, 130, err)
        self.assertEqual(
            err.decode().splitlines(),
            [
                "Interrupted at standard input: nothing of that file was stored.",
                "1 file: 1 imported; 1 reading loaded.",
            ],
        )
        self.assertEqual(self.received(), before)

    def test_unreachable_database_is_reported_in_one_line(self) -> None:
        environment = os.environ | {"SQLITE_PATH": str(self.folder / "x" / "y")}
        environment |= {"DB_PORT": "1", "DB_HOST": "127.0.0.1"}
        process = start("import_d0010", str(self.path), env=environment)
        _, err = process.communicate(timeout=60)
        self.assertEqual(process.returncode, 1)
        self.assertRegex(err.decode(), r"\ACommandError: The database .*\n\Z")

    def test_traceback_option_shows_the_traceback(
        self,
    ) -> None:
        environment = os.environ | {"SQLITE_PATH": str(self.folder / "x" / "y")}
        environment |= {"DB_PORT": "1", "DB_HOST": "127.0.0.1"}
        process = start("import_d0010", "--traceback", "-", env=environment)
        _, err = process.communicate(timeout=60)
        self.assertIn(b"Traceback", err)
