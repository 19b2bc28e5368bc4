"""The command export_readings."""

from __future__ import annotations

import csv
import os
import stat
from pathlib import Path
from threading import Thread
from typing import Any
from unittest import skipUnless
from unittest.mock import patch

from django.test import TransactionTestCase, override_settings

from meter_readings import importer
from meter_readings.tests.support.flow_file_builder import (
    EVERY_GROUP,
    SAMPLE_PATH,
    flow_file,
    flow_file_of_readings,
    header_line,
)
from meter_readings.tests.support.import_helpers import NOW, import_text, imported

from .run_command import GOOD, FolderTestCase, Ran, run, start

CREATED = "--created", "2026-11-24T12:00"
HEADER = "ZHV|1795521600|D0010002|X|SELF|X|SELF|20261124120000||||OPER|"


class ExportTestCase(FolderTestCase):
    def run_command(self, *arguments: str, **options: Any) -> Ran:
        return run("export_readings", *arguments, **options)

    def values(self, *arguments: str) -> list[str]:
        """Return the values of the exported readings."""
        lines = self.run_command(*arguments).stdout.splitlines()
        return [row["value"] for row in csv.DictReader(lines)]


class CsvTests(ExportTestCase):
    def test_csv_is_written_to_standard_output(self) -> None:
        imported(GOOD)
        self.assertEqual(self.values(), ["99.0"])

    def test_number_of_readings_is_reported(self) -> None:
        imported(GOOD)
        self.assertEqual(self.run_command().stderr, "1 reading.\n")

    def test_verbosity_0_reports_nothing(self) -> None:
        imported(GOOD)
        self.assertEqual(self.run_command("-v0").stderr, "")

    def test_csv_export_without_readings_ends_with_exit_code_3(self) -> None:
        ran = self.run_command()
        self.assertEqual((ran.code, ran.stderr), (3, "No readings match.\n"))

    def test_csv_export_without_readings_has_the_header_row(self) -> None:
        self.assertTrue(self.run_command().stdout.startswith("mpan,meter_serial,"))


class FilterTests(ExportTestCase):
    def setUp(self) -> None:
        super().setUp()
        self.first = imported(
            flow_file("""
                026|2000000000015|V|
                028|TST0000001|R|
                030|S|20240331000000|1.0|||T|N|
                030|S|20240401000000|2.0|||T|N|
                026|1000000000003|V|
                028|TST0000002|R|
                030|S|20240401000000|3.0|||T|N|
                """),
            "first.uff",
        )
        header = header_line(file_identifier="TEST000002", created_at="20240402091501")
        correction = ["026|1000000000003|V|", "028|TST0000002|R|"]
        correction.append("030|S|20240401000000|4.0|||T|N|")
        imported(flow_file(correction, header=header), "second.uff")

    def test_filters_readings_by_mpan(self) -> None:
        self.assertEqual(self.values("--mpan", "20 0000 0000 015"), ["1.0", "2.0"])

    def test_filters_readings_by_serial_number(self) -> None:
        self.assertEqual(self.values("--serial-number", "TST0000002"), ["4.0"])

    def test_filters_readings_by_date(self) -> None:
        values = self.values("--date-from", "2024-03-31", "--date-to", "2024-03-31")
        self.assertEqual(values, ["1.0"])

    def test_filters_readings_by_file_name(self) -> None:
        self.assertEqual(self.values("--file", "second.uff"), ["4.0"])

    def test_filters_readings_by_file_id(self) -> None:
        self.assertEqual(self.values("--file", f"#{self.first.pk}"), ["1.0", "2.0"])

    def test_filters_readings_by_the_file_name_in_a_path(self) -> None:
        self.assertEqual(self.values("--file", "in/folder/second.uff"), ["4.0"])

    def test_current_option_exports_current_versions(self) -> None:
        self.assertEqual(self.values("--current"), ["1.0", "2.0", "4.0"])

    def test_all_option_exports_all_versions(self) -> None:
        self.assertEqual(self.values("--all"), ["1.0", "2.0", "3.0", "4.0"])


class UsageTests(ExportTestCase):
    def assert_rejects(self, message: str, *arguments: str) -> None:
        ran = self.run_command(*arguments)
        self.assertIn(message, ran.stderr)
        self.assertEqual(ran.stdout, "")

    def test_invalid_mpan_is_a_usage_error(self) -> None:
        self.assert_rejects("an MPAN has 13 digits", "--mpan", "1200")

    def test_invalid_date_is_a_usage_error(self) -> None:
        self.assert_rejects("write a date as 2025-01-31", "--date-from", "31/01/2025")

    def test_invalid_time_is_a_usage_error(self) -> None:
        self.assert_rejects("write a time as", "--created", "noon")

    def test_year_outside_the_d0010_range_is_a_usage_error(self) -> None:
        for arguments in (
            ("--date-to", "9999-12-31"),
            ("--date-from", "1949-12-31"),
            ("--created", "2200-01-01T00:00"),
        ):
            with self.subTest(arguments):
                self.assert_rejects("has years from 1950 to 2199 only", *arguments)

    def test_time_with_an_offset_is_a_usage_error(self) -> None:
        arguments = "--created", "2026-05-01T07:30+05:00"
        self.assert_rejects("write a time without an offset", *arguments)

    def test_start_date_after_the_end_date_is_a_usage_error(self) -> None:
        self.assert_rejects(
            "--date-from is later than --date-to.",
            *("--date-from", "2024-04-02", "--date-to", "2024-04-01"),
        )

    def test_current_and_all_together_are_a_usage_error(self) -> None:
        self.assert_rejects("not allowed with", "--current", "--all")

    def test_invalid_sender_is_a_usage_error(self) -> None:
        self.assert_rejects("as X:MRCY", "--sender", "MRCY")

    def test_invalid_file_identifier_is_a_usage_error(self) -> None:
        self.assert_rejects("ten letters and digits", "--file-identifier", "A|B")

    def test_header_option_with_csv_is_a_usage_error(self) -> None:
        self.assert_rejects(
            "--file-identifier requires --format d0010.", "--file-identifier", "A"
        )

    def test_unknown_file_ends_with_exit_code_3(self) -> None:
        ran = self.run_command("--file", "other.uff")
        self.assertEqual(
            ran,
            (
                3,
                "",
                'There is no file "other.uff": give an id, a name, or the first '
                "eight digits of a SHA-256.\n",
            ),
        )

    def test_ambiguous_file_name_lists_the_ids(self) -> None:
        other = flow_file_of_readings("030|S|20240401000000|98.0|||T|N|")
        files = [imported(text, allow_same_name=True) for text in (GOOD, other)]
        ran = self.run_command("--file", "sample.uff")
        self.assertEqual(ran.code, 2)
        self.assertEqual(
            ran.stderr,
            'There are 2 files "sample.uff". Give the id of one of them:\n'
            f"  #{files[1].pk} sample.uff: imported on 24 November 2026, 1 reading\n"
            f"  #{files[0].pk} sample.uff: imported on 24 November 2026, 1 reading\n",
        )


class FlowFileTests(ExportTestCase):
    def lines(self, *arguments: str) -> list[str]:
        return self.run_command("--format", "d0010", *arguments).stdout.splitlines()

    def test_whole_file_is_exported_as_received(self) -> None:
        imported(EVERY_GROUP)
        self.assertEqual(
            "".join(
                f"{line}\n" for line in self.lines("--file", "sample.uff", "--all")
            ),
            EVERY_GROUP,
        )

    def test_current_versions_get_a_new_header(self) -> None:
        imported(EVERY_GROUP)
        self.assertEqual(self.lines("--file", "sample.uff", *CREATED)[0], HEADER)

    def test_filtered_readings_get_a_new_header(self) -> None:
        imported(EVERY_GROUP)
        lines = self.lines(
            *("--file", "sample.uff", "--all", "--mpan", "1000000000003", *CREATED)
        )
        self.assertEqual([lines[0], len(lines)], [HEADER, 6])

    def test_d0010_export_counts_readings_and_not_lines(self) -> None:
        imported(EVERY_GROUP)
        ran = self.run_command("--format", "d0010")
        self.assertEqual(ran.stderr, "3 readings.\n")

    def test_header_options_set_the_header(self) -> None:
        imported(GOOD)
        header = self.lines(
            *("--sender", "D:UDMS", "--recipient", "X:MRCY", *CREATED),
            *("--file-identifier", "MINE000001"),
        )[0]
        self.assertEqual(
            header, "ZHV|MINE000001|D0010002|D|UDMS|X|MRCY|20261124120000||||OPER|"
        )

    @override_settings(MARKET_PARTICIPANT="X:MRCY")
    def test_sender_is_the_market_participant_of_the_settings(self) -> None:
        imported(GOOD)
        self.assertIn("|X|MRCY|X|MRCY|", self.lines()[0])

    @override_settings(MARKET_PARTICIPANT="MRCY")
    def test_invalid_market_participant_setting_is_an_error(self) -> None:
        ran = self.run_command("--format", "d0010")
        self.assertEqual(ran.code, 1)
        self.assertIn("MARKET_PARTICIPANT: write a role and an id", ran.stderr)

    def test_creation_time_is_now_by_default(self) -> None:
        imported(GOOD)
        with patch("django.utils.timezone.now", return_value=NOW):
            self.assertEqual(self.lines()[0], HEADER)

    def test_d0010_export_without_readings_ends_with_exit_code_3(self) -> None:
        ran = self.run_command("--format", "d0010")
        self.assertEqual(ran, (3, "", "No readings match.\n"))

    def test_export_of_a_rejected_file_ends_with_exit_code_3(self) -> None:
        import_text("This is no flow file.")
        ran = self.run_command("--format", "d0010", "--all", "--file", "sample.uff")
        message = "sample.uff is rejected: none of its readings are stored.\n"
        self.assertEqual(ran, (3, "", message))

    def test_whole_file_without_readings_is_exported(self) -> None:
        imported(flow_file("026|2000000000015|V|\n027|02||"))
        ran = self.run_command("--format", "d0010", "--all", "--file", "sample.uff")
        self.assertEqual((ran.code, ran.stderr), (0, "0 readings.\n"))


class OutputTests(ExportTestCase):
    def output(self, *arguments: str) -> Ran:
        return self.run_command("--output", str(self.folder / "out.csv"), *arguments)

    def names(self) -> list[str]:
        return sorted(path.name for path in self.folder.iterdir())

    def test_output_file_is_written(self) -> None:
        imported(GOOD)
        self.output()
        text = (self.folder / "out.csv").read_text()
        self.assertEqual(len(text.splitlines()), 2)

    def test_output_file_is_named_in_the_message(self) -> None:
        imported(GOOD)
        self.assertEqual(
            self.output().stderr, f"1 reading written to {self.folder}/out.csv.\n"
        )

    def test_output_option_leaves_standard_output_empty(self) -> None:
        imported(GOOD)
        self.assertEqual(self.output().stdout, "")

    def test_output_file_is_readable_by_its_owner_only(self) -> None:
        imported(GOOD)
        self.output()
        mode = (self.folder / "out.csv").stat().st_mode
        self.assertEqual(stat.S_IMODE(mode), 0o600)

    def test_no_output_file_is_written_without_readings(self) -> None:
        self.assertEqual(self.output().code, 3)
        self.assertEqual(self.names(), [])

    def test_output_file_replaces_an_older_one(self) -> None:
        imported(GOOD)
        self.file("out.csv", "older")
        self.output()
        self.assertEqual(self.names(), ["out.csv"])

    def test_older_output_file_stays_if_no_reading_matches(self) -> None:
        path = Path(self.file("out.csv", "older"))
        self.output()
        self.assertEqual(path.read_text(), "older")

    def test_interrupted_export_leaves_no_file(self) -> None:
        imported(GOOD)
        with patch("os.replace", side_effect=KeyboardInterrupt):
            self.assertEqual(self.output().code, 130)
        self.assertEqual(self.names(), [])

    def test_missing_output_folder_is_reported(self) -> None:
        imported(GOOD)
        path = str(self.folder / "in" / "out.csv")
        ran = self.run_command("--output", path)
        self.assertEqual(ran, (1, "", f"No such file or directory ({path}).\n"))

    def test_output_can_be_a_named_pipe(self) -> None:
        imported(GOOD)
        path = self.folder / "pipe"
        os.mkfifo(path)
        texts: list[str] = []
        reader = Thread(target=lambda: texts.append(path.read_text()))
        reader.start()
        self.run_command("--output", str(path))
        reader.join()
        self.assertTrue(texts[0].startswith("mpan,"))


class ProcessTests(TransactionTestCase):
    """The command in a separate process, which writes bytes."""

    def exported(self, *arguments: str) -> bytes:
        process = start("export_readings", *arguments)
        out, err = process.communicate(timeout=60)
        self.assertEqual(process.returncode, 0, err)
        return out

    def test_whole_file_is_exported_byte_for_byte(self) -> None:
        text = flow_file("026|2000000000015|V|\n027|02|caf\u00e9|", line_ending="\r\n")
        file = imported(text)
        arguments = "--format", "d0010", "--all", "--file", str(file.pk)
        self.assertEqual(self.exported(*arguments), text.encode("cp1252"))

    @skipUnless(SAMPLE_PATH.exists(), "the published sample is not here")
    def test_published_sample_is_exported_byte_for_byte(self) -> None:
        file = imported(SAMPLE_PATH.read_bytes())
        arguments = "--format", "d0010", "--all", "--file", str(file.pk)
        self.assertEqual(self.exported(*arguments), SAMPLE_PATH.read_bytes())

    def test_csv_has_windows_line_endings(self) -> None:
        imported(GOOD)
        self.assertTrue(self.exported().endswith(b",sample.uff,4,file\r\n"))

    def large_file(self) -> str:
        """Return a file that is larger than the buffer of a pipe."""
        return flow_file_of_readings(
            *[f"030|{n % 100:02}|20240401000000|{n}.0|||T|N|" for n in range(6000)]
        )

    def test_file_undone_during_the_export_is_exported_whole(self) -> None:
        file = imported(self.large_file())
        arguments = "--format", "d0010", "--all", "--file", str(file.pk)
        with start("export_readings", *arguments) as process:
            assert process.stdout
            first_line = process.stdout.readline()
            importer.undo_import(flow_file=file, now=NOW)
            output = first_line + process.stdout.read()
        self.assertEqual(output.decode(), self.large_file())

    def test_closed_stdout_ends_without_a_message_and_with_exit_code_141(self) -> None:
        imported(self.large_file())
        # Only a process of its own reaches the code for a closed pipe.
        process = start("export_readings", "--all", env={**os.environ})
        assert process.stdout and process.stderr
        process.stdout.readline()
        process.stdout.close()
        self.assertEqual(process.stderr.read(), b"")
        self.assertEqual(process.wait(timeout=60), 141)
