"""The command that imports flow files."""

from __future__ import annotations

import gzip
import io
import json
import os
import re
import signal
import tempfile
import zipfile
from pathlib import Path
from threading import Thread
from time import sleep
from typing import Any
from unittest.mock import patch

from django.conf import settings
from django.db import OperationalError
from django.test import TransactionTestCase

from meter_readings import importer
from meter_readings.management.cli.progress import Progress
from meter_readings.models import FlowFile, ImportJob, Reading
from meter_readings.tests.flow_file_builder import (
    EVERY_GROUP,
    flow_file,
    flow_file_of_readings,
    header_line,
)
from meter_readings.tests.import_helpers import imported

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
        """Run the command; say what it said without the name of the folder."""
        ran = run("import_d0010", *arguments, **options)
        place = f"{self.folder}/"
        return Ran(
            ran.code, ran.stdout.replace(place, ""), ran.stderr.replace(place, "")
        )

    def line(self, *arguments: str) -> str:
        """Return the one line that the command says of one file."""
        (line,) = self.run_command(*arguments).stdout.splitlines()
        return re.sub("#[0-9]+", "#N", line)


class OutcomeTests(ImportTestCase):
    """What is said of one file, and how the command ends."""

    def test_outcome_says_what_was_loaded(self) -> None:
        self.assertEqual(
            self.line(self.file("a.uff")),
            "a.uff: imported as #N: 1 reading, 1 new meter point, 1 new meter",
        )

    def test_outcome_ends_well_where_all_was_loaded(self) -> None:
        self.assertEqual(self.run_command(self.file("a.uff")).code, 0)

    def test_outcome_says_nothing_else_of_a_good_file(self) -> None:
        self.assertEqual(self.run_command(self.file("a.uff")).stderr, "")

    def test_outcome_names_the_import_by_its_number(self) -> None:
        line = self.run_command(self.file("a.uff")).stdout
        self.assertIn(f"#{FlowFile.objects.get().pk}:", line)

    def test_outcome_says_what_else_was_loaded(self) -> None:
        self.assertIn("3 site visits", self.line(self.file("a.uff", EVERY_GROUP)))

    def test_outcome_counts_what_is_to_be_known(self) -> None:
        self.assertTrue(
            self.line(self.file("a.uff", EVERY_GROUP)).endswith("1 warning")
        )

    def test_outcome_says_what_stands_in_the_place_of_another(self) -> None:
        imported(GOOD)
        correction = OTHER.replace("20240402000000|98.0", "20240401000000|98.0")
        line = self.line(self.file("b.uff", correction))
        self.assertEqual(
            line, "b.uff: imported as #N: 1 reading, 1 in the place of another"
        )

    def test_outcome_says_what_is_a_duplicate(self) -> None:
        imported(GOOD)
        again = OTHER.replace("20240402000000|98.0", "20240401000000|99.0")
        line = self.line(self.file("b.uff", again))
        self.assertEqual(line, "b.uff: imported as #N: 1 reading, 1 duplicate")

    def test_outcome_names_the_first_import_of_the_same_bytes(self) -> None:
        imported(GOOD, "first.uff")
        self.assertEqual(
            self.line(self.file("a.uff")),
            "a.uff: already imported as #N (first.uff) on 24 November 2026; "
            "nothing to do",
        )

    def test_outcome_ends_well_where_all_was_loaded_already(self) -> None:
        imported(GOOD)
        self.assertEqual(self.run_command(self.file("a.uff")).code, 0)

    def test_outcome_says_why_a_file_is_rejected(self) -> None:
        self.assertEqual(
            self.line(self.file("a.uff", BAD)),
            "a.uff: rejected: The value is below zero",
        )

    def test_outcome_says_how_often_one_fault_is_found(self) -> None:
        bad = flow_file_of_readings(NEGATIVE, NEGATIVE)
        self.assertEqual(
            self.line(self.file("a.uff", bad)),
            "a.uff: rejected: The value is below zero (2 times)",
        )

    def test_outcome_counts_faults_of_several_kinds(self) -> None:
        bad = flow_file_of_readings(NEGATIVE, "030|S|20240401|5.0|||T|N|")
        self.assertEqual(
            self.line(self.file("a.uff", bad)), "a.uff: rejected: 2 errors in 6 lines"
        )

    def test_outcome_fails_where_a_file_is_rejected(self) -> None:
        self.assertEqual(self.run_command(self.file("a.uff", BAD)).code, 1)

    def test_outcome_refuses_other_content_under_a_name_that_was_imported(self) -> None:
        imported(GOOD, "a.uff")
        self.assertEqual(
            self.line(self.file("a.uff", OTHER)),
            "a.uff: refused: A file of this name, with other content, has been "
            "imported before",
        )

    def test_outcome_fails_where_a_file_is_refused(self) -> None:
        imported(GOOD, "a.uff")
        self.assertEqual(self.run_command(self.file("a.uff", OTHER)).code, 1)

    def test_outcome_tells_the_way_around_a_refusal(self) -> None:
        imported(GOOD, "a.uff")
        said = self.run_command(self.file("a.uff", OTHER)).stderr
        self.assertIn("import it with --allow-same-name", said)

    def test_outcome_takes_a_name_twice_where_that_is_allowed(self) -> None:
        imported(GOOD, "a.uff")
        ran = self.run_command(self.file("a.uff", OTHER), "--allow-same-name")
        self.assertEqual(ran.code, 0)

    def test_partial_policy_leaves_out_bad_groups_and_counts_them(self) -> None:
        text = flow_file_of_readings(READING, NEGATIVE)
        line = self.line(self.file("a.uff", text), "--policy", "partial")
        self.assertIn(": 1 reading, 1 left out, 1 new meter point", line)

    def test_outcome_rejects_by_a_strict_policy(self) -> None:
        path = self.file("a.uff", flow_file(["026|2000000000015|V|"]))
        self.assertEqual(self.run_command(path, "--policy", "strict").code, 1)


class DryRunTests(ImportTestCase):
    def test_dry_run_says_what_would_be_loaded(self) -> None:
        self.assertEqual(
            self.line(self.file("a.uff"), "--dry-run"),
            "a.uff: would be imported: 1 reading",
        )

    def test_dry_run_says_what_would_be_rejected(self) -> None:
        line = self.line(self.file("a.uff", BAD), "--dry-run")
        self.assertTrue(line.startswith("a.uff: would be rejected: "), line)

    def test_dry_run_says_what_would_be_refused(self) -> None:
        imported(GOOD, "a.uff")
        line = self.line(self.file("a.uff", OTHER), "--dry-run")
        self.assertTrue(line.startswith("a.uff: would be refused: "), line)

    def test_dry_run_tells_every_kind_of_finding(self) -> None:
        said = self.run_command(self.file("a.uff", BAD), "--dry-run").stderr
        self.assertIn("Error: The value is below zero. (negative)", said)

    def test_dry_run_keeps_nothing(self) -> None:
        self.run_command(self.file("a.uff"), self.file("b.uff", BAD), "--dry-run")
        counts = FlowFile.objects.count(), ImportJob.objects.count()
        self.assertEqual(counts, (0, 0))

    def test_dry_run_says_in_the_sum_that_nothing_was_loaded(self) -> None:
        said = self.run_command(
            self.file("a.uff"), self.file("b.uff", OTHER), "--dry-run"
        ).stderr
        self.assertEqual(
            said, "2 files: 2 would be imported; 2 readings would be loaded.\n"
        )


class FindingTests(ImportTestCase):
    """What is said of what was found."""

    def said(self, *readings: str) -> list[str]:
        path = self.file("a.uff", flow_file_of_readings(*readings))
        return self.run_command(path).stderr.splitlines()

    def test_finding_gives_the_rule_its_place_and_what_to_do(self) -> None:
        self.assertEqual(
            self.said(NEGATIVE),
            [
                "  Error: The value is below zero. (negative)",
                '    line 4, 030 Register Reading (J0040): found "-5.0", expected '
                "zero or more",
                "    What to do: Ask the sender for a corrected file, or import the "
                "rest by the partial policy.",
            ],
        )

    def test_finding_gives_the_first_lines_of_many(self) -> None:
        lines = self.said(*[NEGATIVE] * 5)
        numbers = [line.split(",")[0].strip() for line in lines if "line " in line[:9]]
        self.assertEqual(numbers, ["line 4", "line 5", "line 6"])

    def test_finding_says_how_many_more_there_are(self) -> None:
        self.assertIn("    and 2 more", self.said(*[NEGATIVE] * 5))

    def test_finding_says_how_to_get_all(self) -> None:
        self.assertEqual(
            self.said(*[NEGATIVE] * 5)[-1],
            "All findings, line by line, are written by --report FILE.csv.",
        )

    def test_finding_gives_errors_before_warnings_and_notes(self) -> None:
        imported(flow_file(["026|1000000000003|V|", "028|TST0000001|R|", READING]))
        lines = self.said(NEGATIVE, "030|S|20240401000000|1.25|||T|N|")
        kinds = [line.split(":")[0] for line in lines if line[:3].strip()]
        self.assertEqual(kinds, ["  Error", "  Warning", "  Warning"])

    def test_finding_gives_a_note(self) -> None:
        imported(flow_file(["026|1000000000003|V|", "028|TST0000001|R|", READING]))
        line = self.line(self.file("b.uff", OTHER))
        self.assertTrue(line.endswith(", 1 note"), line)

    def test_finding_says_nothing_of_them_where_little_is_wanted(self) -> None:
        ran = self.run_command(self.file("a.uff", BAD), "--verbosity", "0")
        self.assertEqual(ran.stderr, "")

    def test_finding_speaks_of_the_whole_file_where_no_line_is_at_fault(self) -> None:
        path = self.file("a.uff", flow_file([], trailer=False))
        said = self.run_command(path).stderr
        self.assertIn("    the whole file: expected at least one 026 group", said)


class WrongFileTests(ImportTestCase):
    """Somebody brings what is no D0010: it is said what it looks like."""

    def assert_says(self, content: str | bytes, *expected: str) -> None:
        ran = self.run_command(self.file("a.uff", content))
        self.assertEqual(ran.code, 1)
        for words in expected:
            self.assertIn(words, ran.stdout + ran.stderr)

    def test_a_pdf(self) -> None:
        self.assert_says(
            "%PDF-1.7\n",
            "a.uff: rejected: This is not a D0010 user file",
            "this looks like a PDF document",
            "What to do: Check that this is the file you meant.",
        )

    def test_a_csv(self) -> None:
        self.assert_says("mpan,reading\n", 'found "mpan,reading", expected ZHV|')

    def test_a_spreadsheet(self) -> None:
        data = io.BytesIO()
        with zipfile.ZipFile(data, "w") as archive:
            archive.writestr("[Content_Types].xml", "<Types/>")
        self.assert_says(
            data.getvalue(),
            "a.uff: unreadable: a.uff is a spreadsheet or another document\n",
        )

    def test_another_flow(self) -> None:
        text = flow_file([], header=header_line(flow_and_version="D0149001"))
        self.assert_says(
            text,
            "a.uff: rejected: The header names another data flow",
            'found "D0149001", expected D0010002',
            "Only D0010 is imported",
        )

    def test_the_pool_transfer_format(self) -> None:
        self.assert_says("ZHD|D0010002|X|\n", "the pool transfer format (ZHD)")

    def test_an_empty_file(self) -> None:
        self.assert_says("", "a.uff: rejected: The file is empty")

    def test_a_broken_archive(self) -> None:
        self.assert_says(b"PK\3\4 no more", "a.uff: unreadable: a.uff is not a whole")

    def test_an_archive_that_breaks_off(self) -> None:
        data = gzip.compress(GOOD.encode())[:-9]
        self.assert_says(data, "a.uff: unreadable: a.uff is not a whole archive")


class PathTests(ImportTestCase):
    """What a path can be."""

    def outcomes(self, *arguments: str, **options: Any) -> list[str]:
        """Return what is said of each file, without details."""
        lines = self.run_command(*arguments, **options).stdout.splitlines()
        return [re.split(" as #|: [A-Z]", line)[0] for line in lines]

    def test_several_files(self) -> None:
        found = self.outcomes(self.file("b.uff"), self.file("a.uff", OTHER))
        self.assertEqual(found, ["b.uff: imported", "a.uff: imported"])

    def test_a_folder(self) -> None:
        self.file("b.uff"), self.file("a.uff", OTHER)
        found = self.outcomes(str(self.folder))
        self.assertEqual(found, ["a.uff: imported", "b.uff: imported"])

    def test_a_pattern(self) -> None:
        self.file("b.uff"), self.file("a.usr", OTHER)
        self.assertEqual(self.outcomes(str(self.folder / "*.uff")), ["b.uff: imported"])

    def test_folders_inside_folders(self) -> None:
        self.file("in/a.uff")
        found = self.outcomes("-r", str(self.folder))
        self.assertEqual(found, ["in/a.uff: imported"])

    def test_a_packed_file(self) -> None:
        path = self.file("a.uff.gz", gzip.compress(GOOD.encode()))
        self.assertEqual(self.outcomes(path), ["a.uff.gz: imported"])

    def test_a_pipe(self) -> None:
        path = self.folder / "pipe"
        os.mkfifo(path)
        writer = Thread(target=path.write_text, args=(GOOD,))
        writer.start()
        self.assertEqual(self.outcomes(str(path)), ["pipe: imported"])
        writer.join()

    def test_a_packed_file_is_known_by_the_name_it_had(self) -> None:
        self.run_command(self.file("a.uff.gz", gzip.compress(GOOD.encode())))
        self.assertEqual(FlowFile.objects.get().filename, "a.uff")

    def test_an_archive_of_several_files(self) -> None:
        path = self.file("two.zip", zipped(a_uff=GOOD, b_uff=BAD))
        self.assertEqual(
            self.outcomes(path),
            ["two.zip: a.uff: imported", "two.zip: b.uff: rejected"],
        )

    def test_an_archive_that_breaks_off_gives_what_it_can(self) -> None:
        data = bytearray(zipped(a_uff=OTHER, b_uff=GOOD))
        place = data.index(b"TST0000001")
        data[place] = ord("X")
        found = self.run_command(self.file("two.zip", bytes(data))).stdout
        self.assertRegex(
            found, "two.zip: a.uff: unreadable: .* Bad CRC-32.*\n.*b.uff: imported"
        )

    def test_standard_input(self) -> None:
        found = self.outcomes("-", stdin=GOOD)
        self.assertEqual(found, ["standard input: imported"])

    def test_standard_input_is_called_by_its_time(self) -> None:
        self.run_command("-", stdin=GOOD)
        self.assertRegex(
            FlowFile.objects.get().filename, r"\Astdin-[0-9]{8}-[0-9]{6}\.uff\Z"
        )

    def test_standard_input_with_a_name(self) -> None:
        self.run_command("-", "--name", "a.uff", stdin=GOOD)
        self.assertEqual(FlowFile.objects.get().filename, "a.uff")

    def test_a_file_that_is_not_there(self) -> None:
        ran = self.run_command(str(self.folder / "a.uff"))
        self.assertEqual(ran, (3, "", "a.uff: there is no such file.\n"))

    def test_a_file_that_is_not_there_among_others(self) -> None:
        ran = self.run_command(str(self.folder / "a.uff"), self.file("b.uff"))
        self.assertEqual(ran.code, 1)
        self.assertIn("a.uff: unreadable: there is no such file\n", ran.stdout)

    def test_a_folder_with_nothing_in_it(self) -> None:
        (self.folder / "in").mkdir()
        ran = self.run_command(str(self.folder / "in"))
        self.assertEqual(ran, (3, "", "in: the folder holds no files.\n"))

    def test_a_folder_with_nothing_in_it_among_others(self) -> None:
        (self.folder / "in").mkdir()
        ran = self.run_command(str(self.folder / "in"), self.file("b.uff"))
        self.assertEqual(ran.code, 0)

    def test_a_file_that_cannot_be_opened(self) -> None:
        path = self.file("a.uff")
        error = PermissionError(13, "Permission denied", path)
        with patch.object(Path, "open", side_effect=error):
            ran = self.run_command(path)
        self.assertEqual(ran.code, 1)
        self.assertEqual(ran.stdout, "a.uff: unreadable: permission denied\n")

    def test_a_file_that_cannot_be_kept(self) -> None:
        path = self.file("a.uff")
        with self.settings(MEDIA_ROOT="/dev/null"):
            ran = self.run_command(path)
        self.assertEqual(ran.code, 1)
        self.assertRegex(
            ran.stdout, r"\Aa.uff: broken off: it cannot be stored: .* \(/dev/null/"
        )


class SumTests(ImportTestCase):
    def test_sum_adds_up_what_came_of_the_files(self) -> None:
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

    def test_sum_is_not_said_where_little_is_wanted(self) -> None:
        ran = self.run_command(self.file("a.uff"), self.file("b.uff"), "-v0")
        self.assertEqual(ran.stderr, "")

    def test_sum_is_not_said_of_one_file(self) -> None:
        self.assertEqual(self.run_command(self.file("a.uff")).stderr, "")


class UsageTests(ImportTestCase):
    def test_usage_wants_a_path(self) -> None:
        self.assertIn("PATH", self.run_command().stderr)

    def test_usage_wants_standard_input_where_that_is_given_a_name(self) -> None:
        ran = self.run_command(self.file("a.uff"), "--name", "b.uff")
        self.assertEqual(ran, (2, "", "--name goes with -.\n"))

    def test_usage_wants_a_report_that_can_be_written(self) -> None:
        ran = self.run_command(self.file("a.uff"), "--report", str(self.folder))
        self.assertEqual(ran.code, 2)
        self.assertIn("The report cannot be written: Is a directory", ran.stderr)

    def test_usage_imports_nothing_where_the_report_cannot_be_written(self) -> None:
        self.run_command(self.file("a.uff"), "--report", str(self.folder))
        self.assertIs(FlowFile.objects.exists(), False)

    def test_usage_writes_no_report_over_a_file_to_import(self) -> None:
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

    def test_usage_writes_no_report_over_one_of_a_folder_by_another_name(self) -> None:
        link = self.folder / "report.csv"
        link.symlink_to(self.file("inside/b.uff"))
        ran = self.run_command(str(self.folder / "inside"), "--report", str(link))
        self.assertEqual(ran.code, 2)
        self.assertIs(FlowFile.objects.exists(), False)


class ReportTests(ImportTestCase):
    def test_report_holds_every_finding_of_every_file(self) -> None:
        many = flow_file_of_readings(*[NEGATIVE] * (importer.MAX_STORED_PER_RULE + 1))
        report = self.folder / "report.csv"
        self.run_command(
            self.file("a.uff", BAD), self.file("b.uff", many), "--report", str(report)
        )
        self.assertEqual(
            len(report.read_text().splitlines()),
            1 + 1 + importer.MAX_STORED_PER_RULE + 1,
        )

    def test_report_is_written_over_an_older_one(self) -> None:
        report = self.file("report.csv", "an older one")
        self.run_command(self.file("a.uff", BAD), "--report", report)
        self.assertNotIn("an older one", Path(report).read_text())

    def test_report_is_named_at_the_end(self) -> None:
        report = str(self.folder / "report.csv")
        said = self.run_command(self.file("a.uff", BAD), "--report", report).stderr
        self.assertTrue(said.endswith("All findings are in report.csv.\n"), said)

    def test_report_is_written_in_a_dry_run(self) -> None:
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

    def test_json_is_a_document_of_all_files(self) -> None:
        document = self.document(
            self.file("a.uff"), self.file("b.uff", BAD), self.file("c.gz", b"\x1f\x8b")
        )
        self.assertEqual(
            [(file["path"], file["outcome"]) for file in document["files"]],
            [("a.uff", "imported"), ("b.uff", "rejected"), ("c.gz", "unreadable")],
        )

    def test_json_says_what_was_loaded(self) -> None:
        (file,) = self.document(self.file("a.uff"))["files"]
        self.assertEqual(file["flow_file"], FlowFile.objects.get().pk)
        self.assertEqual(file["loaded"]["readings"], 1)

    def test_json_says_it_in_words_too(self) -> None:
        (file,) = self.document(self.file("a.uff", BAD))["files"]
        self.assertEqual(file["message"], "rejected: The value is below zero")

    def test_json_says_what_was_found(self) -> None:
        (file,) = self.document(self.file("a.uff", BAD))["files"]
        self.assertEqual(
            file["findings"],
            [
                {
                    "rule": "negative",
                    "severity": "error",
                    "count": 1,
                    "sentence": "The value is below zero.",
                    "remedy": "Ask the sender for a corrected file, or import the rest "
                    "by the partial policy.",
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

    def test_json_has_no_words_on_standard_error(self) -> None:
        ran = self.run_command(self.file("a.uff", BAD), "--format", "json")
        self.assertEqual(ran.stderr, "")

    def test_json_adds_up(self) -> None:
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

    def test_json_says_where_nothing_was_found(self) -> None:
        ran = self.run_command(str(self.folder), "--format", "json")
        document = json.loads(ran.stdout)
        reason = {"path": str(self.folder), "message": "the folder holds no files"}
        self.assertEqual(document["nothing_found"], [reason])

    def test_json_is_whole_where_the_database_is_lost(self) -> None:
        with broken_import(OperationalError("database is locked")):
            ran = self.run_command(self.file("a.uff"), "--format", "json")
        self.assertIs(json.loads(ran.stdout)["is_complete"], False)


def broken_import(error: BaseException) -> Any:
    """Let the import of a file end by an error."""
    return patch.object(importer.runner, "import_flow_file", side_effect=error)


class InterruptedTests(ImportTestCase):
    """Ctrl-C takes the file at hand back and tells what came of the others."""

    def interrupt_second_file(self, *options: str) -> Ran:
        """Import two files and press Ctrl-C when the second is about to be loaded."""
        progress = Progress.progress

        def press(self: Progress, phase: ImportJob.Phase, *figures: int) -> None:
            progress(self, phase, *figures)
            if phase == ImportJob.Phase.LOADING and FlowFile.objects.exists():
                raise KeyboardInterrupt

        with patch.object(Progress, "progress", press):
            return self.run_command(
                self.file("a.uff"), self.file("b.uff", OTHER), *options
            )

    def test_ends_as_interrupted(self) -> None:
        self.assertEqual(self.interrupt_second_file().code, 130)

    def test_interrupted_tells_what_it_comes_to(self) -> None:
        self.assertEqual(
            self.interrupt_second_file().stderr,
            "Interrupted at b.uff: nothing of that file was stored.\n"
            "1 file: 1 imported; 1 reading loaded.\n",
        )

    def test_interrupted_keeps_what_was_loaded_before_and_nothing_else(self) -> None:
        self.interrupt_second_file()
        self.assertEqual(Reading.objects.get().flow_file.filename, "a.uff")

    def test_interrupted_says_so_in_a_document(self) -> None:
        document = json.loads(self.interrupt_second_file("--format", "json").stdout)
        self.assertIs(document["is_complete"], False)

    def test_interrupted_tells_that_nothing_was_imported(self) -> None:
        with broken_import(KeyboardInterrupt()):
            ran = self.run_command(self.file("a.uff"))
        self.assertEqual(
            ran.stderr,
            "Interrupted at a.uff: nothing of that file was stored.\n"
            "Nothing was imported.\n",
        )

    def test_interrupted_speaks_of_no_file_between_two(self) -> None:
        with patch.object(Progress, "file_finished", side_effect=KeyboardInterrupt):
            ran = self.run_command(self.file("a.uff"))
        self.assertTrue(ran.stderr.startswith("Interrupted.\n"), ran.stderr)

    def test_interrupted_is_said_of_the_whole_where_no_file_is_at_hand(self) -> None:
        name = "meter_readings.management.commands.import_d0010.find_input_files"
        with patch(name, side_effect=KeyboardInterrupt):
            ran = self.run_command(self.file("a.uff"))
        self.assertEqual(ran, (130, "", "Interrupted.\n"))


class TerminalTests(ImportTestCase):
    """What a person sees who sits before it."""

    def test_colours_what_came_of_a_file(self) -> None:
        with patch.dict(os.environ, NO_COLOR=""):
            ran = self.run_command(self.file("a.uff", BAD), "--force-color")
        self.assertIn("\x1b[31;1mrejected: The value is below zero\x1b[0m", ran.stdout)

    def test_colours_nothing_where_no_colour_is_wanted(self) -> None:
        with patch.dict(os.environ, NO_COLOR="1"):
            ran = self.run_command(self.file("a.uff", BAD), is_terminal=True)
        self.assertNotIn("\x1b[3", ran.stdout + ran.stderr)

    def test_colours_nothing_in_a_pipe(self) -> None:
        ran = self.run_command(self.file("a.uff", BAD))
        self.assertNotIn("\x1b", ran.stdout + ran.stderr)

    def test_terminal_shows_a_bar_and_takes_it_away(self) -> None:
        with patch.dict(os.environ, TERM="xterm"):
            said = self.run_command(self.file("a.uff"), is_terminal=True).stderr
        self.assertIn("Checking [", said)
        self.assertTrue(said.endswith("\r\x1b[2K"), said)

    def test_terminal_shows_no_bar_where_little_is_wanted(self) -> None:
        ran = self.run_command(self.file("a.uff"), "-v0", is_terminal=True)
        self.assertEqual(ran.stderr, "")


class ProcessTests(TransactionTestCase):
    """The command in a process of its own."""

    def setUp(self) -> None:
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)
        self.path = self.folder / "a.uff"
        self.path.write_text(GOOD)

    def received(self) -> set[Path]:
        """Return the files that are being received."""
        return set(Path(settings.MEDIA_ROOT).glob("incoming/*"))

    def test_process_gives_data_and_words_apart(self) -> None:
        self.path.write_text(BAD)
        process = start("import_d0010", str(self.path))
        out, err = process.communicate(timeout=60)
        self.assertEqual(process.returncode, 1, err)
        self.assertEqual(
            out.decode(), f"{self.path}: rejected: The value is below zero\n"
        )
        self.assertTrue(err.startswith(b"  Error: The value is below zero."), err)

    def test_process_reads_standard_input(self) -> None:
        process = start("import_d0010", "-", "--name", "a.uff")
        out, err = process.communicate(GOOD.encode(), timeout=60)
        self.assertEqual(process.returncode, 0, err)
        self.assertEqual(FlowFile.objects.get().filename, "a.uff")

    def test_process_ends_by_two_where_an_option_is_unknown(self) -> None:
        process = start("import_d0010", str(self.path), "--polcy", "strict")
        _, err = process.communicate(timeout=60)
        self.assertEqual(process.returncode, 2)
        self.assertIn(b"unrecognized arguments: --polcy", err)

    def test_process_ends_quietly_where_nobody_reads_what_it_says(self) -> None:
        process = start("import_d0010", str(self.path))
        assert process.stdout and process.stderr
        process.stdout.close()
        self.assertEqual(process.stderr.read(), b"")
        self.assertEqual(process.wait(timeout=60), 0)

    def test_process_is_interrupted_while_it_waits_for_more(self) -> None:
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

    def test_process_says_in_a_line_that_the_database_is_not_there(self) -> None:
        environment = os.environ | {"SQLITE_PATH": str(self.folder / "x" / "y")}
        environment |= {"DB_PORT": "1", "DB_HOST": "127.0.0.1"}
        process = start("import_d0010", str(self.path), env=environment)
        _, err = process.communicate(timeout=60)
        self.assertEqual(process.returncode, 1)
        self.assertRegex(err.decode(), r"\ACommandError: The database .*\n\Z")

    def test_process_shows_where_an_error_came_from_where_that_is_asked_for(
        self,
    ) -> None:
        environment = os.environ | {"SQLITE_PATH": str(self.folder / "x" / "y")}
        environment |= {"DB_PORT": "1", "DB_HOST": "127.0.0.1"}
        process = start("import_d0010", "--traceback", "-", env=environment)
        _, err = process.communicate(timeout=60)
        self.assertIn(b"Traceback", err)
