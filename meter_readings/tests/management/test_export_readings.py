"""The command that exports readings."""

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
from meter_readings.tests.flow_file_builder import (
    EVERY_GROUP,
    SAMPLE_PATH,
    flow_file,
    flow_file_of_readings,
    header_line,
)
from meter_readings.tests.import_helpers import NOW, import_text, imported

from .run_command import GOOD, FolderTestCase, Ran, run, start

CREATED = "--created", "2026-11-24T12:00"
HEADER = "ZHV|1795521600|D0010002|X|SELF|X|SELF|20261124120000||||OPER|"


class ExportTestCase(FolderTestCase):
    def run_command(self, *arguments: str, **options: Any) -> Ran:
        return run("export_readings", *arguments, **options)

    def values(self, *arguments: str) -> list[str]:
        """Return the values of the readings that are exported."""
        lines = self.run_command(*arguments).stdout.splitlines()
        return [row["value"] for row in csv.DictReader(lines)]


class CsvTests(ExportTestCase):
    def test_csv_goes_to_standard_output(self) -> None:
        imported(GOOD)
        self.assertEqual(self.values(), ["99.0"])

    def test_csv_counts_the_readings_in_words(self) -> None:
        imported(GOOD)
        self.assertEqual(self.run_command().stderr, "1 reading.\n")

    def test_csv_says_nothing_where_little_is_wanted(self) -> None:
        imported(GOOD)
        self.assertEqual(self.run_command("-v0").stderr, "")

    def test_csv_ends_by_three_where_nothing_matches(self) -> None:
        ran = self.run_command()
        self.assertEqual((ran.code, ran.stderr), (3, "No readings match.\n"))

    def test_csv_has_names_of_columns_all_the_same(self) -> None:
        self.assertTrue(self.run_command().stdout.startswith("mpan,serial_number,"))


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

    def test_filter_takes_an_mpan(self) -> None:
        self.assertEqual(self.values("--mpan", "20 0000 0000 015"), ["1.0", "2.0"])

    def test_filter_takes_a_serial_number(self) -> None:
        self.assertEqual(self.values("--serial-number", "TST0000002"), ["4.0"])

    def test_filter_takes_days(self) -> None:
        found = self.values("--date-from", "2024-03-31", "--date-to", "2024-03-31")
        self.assertEqual(found, ["1.0"])

    def test_filter_takes_a_file_by_name(self) -> None:
        self.assertEqual(self.values("--file", "second.uff"), ["4.0"])

    def test_filter_takes_a_file_by_number(self) -> None:
        self.assertEqual(self.values("--file", f"#{self.first.pk}"), ["1.0", "2.0"])

    def test_filter_takes_a_file_by_where_it_lies(self) -> None:
        self.assertEqual(self.values("--file", "in/folder/second.uff"), ["4.0"])

    def test_filter_takes_the_versions_that_count(self) -> None:
        self.assertEqual(self.values("--current"), ["1.0", "2.0", "4.0"])

    def test_filter_takes_all_versions(self) -> None:
        self.assertEqual(self.values("--all"), ["1.0", "2.0", "3.0", "4.0"])


class UsageTests(ExportTestCase):
    def assert_refuses(self, words: str, *arguments: str) -> None:
        ran = self.run_command(*arguments)
        self.assertIn(words, ran.stderr)
        self.assertEqual(ran.stdout, "")

    def test_usage_refuses_an_mpan_that_is_none(self) -> None:
        self.assert_refuses("an MPAN has 13 digits", "--mpan", "1200")

    def test_usage_refuses_a_day_that_is_none(self) -> None:
        self.assert_refuses("write a date as 2025-01-31", "--date-from", "31/01/2025")

    def test_usage_refuses_a_time_that_is_none(self) -> None:
        self.assert_refuses("write a time as", "--created", "noon")

    def test_usage_refuses_years_that_no_flow_file_names(self) -> None:
        for given in (
            ("--date-to", "9999-12-31"),
            ("--date-from", "1949-12-31"),
            ("--created", "2200-01-01T00:00"),
        ):
            with self.subTest(given):
                self.assert_refuses("has years from 1950 to 2199 only", *given)

    def test_usage_refuses_a_time_that_is_not_londons(self) -> None:
        given = "--created", "2026-05-01T07:30+05:00"
        self.assert_refuses("write a time without an offset", *given)

    def test_usage_refuses_days_that_are_the_wrong_way_round(self) -> None:
        self.assert_refuses(
            "--date-from is later than --date-to.",
            *("--date-from", "2024-04-02", "--date-to", "2024-04-01"),
        )

    def test_usage_refuses_current_and_all_together(self) -> None:
        self.assert_refuses("not allowed with", "--current", "--all")

    def test_usage_refuses_a_sender_that_is_none(self) -> None:
        self.assert_refuses("as X:MRCY", "--sender", "MRCY")

    def test_usage_refuses_an_identifier_that_is_none(self) -> None:
        self.assert_refuses("ten letters and digits", "--file-identifier", "A|B")

    def test_usage_refuses_what_only_a_header_says_without_a_header(self) -> None:
        self.assert_refuses(
            "--file-identifier requires --format d0010.", "--file-identifier", "A"
        )

    def test_usage_refuses_a_file_that_is_not_known(self) -> None:
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

    def test_usage_refuses_a_name_that_means_several_files(self) -> None:
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
    """D0010 out of the database."""

    def lines(self, *arguments: str) -> list[str]:
        return self.run_command("--format", "d0010", *arguments).stdout.splitlines()

    def test_flow_file_is_a_whole_file_as_it_came(self) -> None:
        imported(EVERY_GROUP)
        self.assertEqual(
            "".join(
                f"{line}\n" for line in self.lines("--file", "sample.uff", "--all")
            ),
            EVERY_GROUP,
        )

    def test_flow_file_is_a_file_of_its_own_where_some_readings_do_not_count(
        self,
    ) -> None:
        imported(EVERY_GROUP)
        self.assertEqual(self.lines("--file", "sample.uff", *CREATED)[0], HEADER)

    def test_flow_file_is_a_file_of_its_own_where_some_readings_are_chosen(
        self,
    ) -> None:
        imported(EVERY_GROUP)
        chosen = self.lines(
            *("--file", "sample.uff", "--all", "--mpan", "1000000000003", *CREATED)
        )
        self.assertEqual([chosen[0], len(chosen)], [HEADER, 6])

    def test_flow_file_counts_readings_and_not_lines(self) -> None:
        imported(EVERY_GROUP)
        ran = self.run_command("--format", "d0010")
        self.assertEqual(ran.stderr, "3 readings.\n")

    def test_flow_file_says_what_it_is_told_to_say_of_itself(self) -> None:
        imported(GOOD)
        header = self.lines(
            *("--sender", "D:UDMS", "--recipient", "X:MRCY", *CREATED),
            *("--file-identifier", "MINE000001"),
        )[0]
        self.assertEqual(
            header, "ZHV|MINE000001|D0010002|D|UDMS|X|MRCY|20261124120000||||OPER|"
        )

    @override_settings(MARKET_PARTICIPANT="X:MRCY")
    def test_flow_file_is_from_whoever_the_settings_name(self) -> None:
        imported(GOOD)
        self.assertIn("|X|MRCY|X|MRCY|", self.lines()[0])

    @override_settings(MARKET_PARTICIPANT="MRCY")
    def test_flow_file_refuses_settings_that_name_nobody(self) -> None:
        ran = self.run_command("--format", "d0010")
        self.assertEqual(ran.code, 1)
        self.assertIn("MARKET_PARTICIPANT: write a role and an id", ran.stderr)

    def test_flow_file_is_created_now_where_nothing_is_said(self) -> None:
        imported(GOOD)
        with patch("django.utils.timezone.now", return_value=NOW):
            self.assertEqual(self.lines()[0], HEADER)

    def test_flow_file_ends_by_three_where_nothing_matches(self) -> None:
        ran = self.run_command("--format", "d0010")
        self.assertEqual(ran, (3, "", "No readings match.\n"))

    def test_flow_file_ends_by_three_where_nothing_is_held_of_a_file(self) -> None:
        import_text("This is no flow file.")
        ran = self.run_command("--format", "d0010", "--all", "--file", "sample.uff")
        message = "sample.uff is rejected: none of its readings are stored.\n"
        self.assertEqual(ran, (3, "", message))

    def test_flow_file_ends_well_where_a_whole_file_has_no_readings(self) -> None:
        imported(flow_file("026|2000000000015|V|\n027|02||"))
        ran = self.run_command("--format", "d0010", "--all", "--file", "sample.uff")
        self.assertEqual((ran.code, ran.stderr), (0, "0 readings.\n"))


class OutputTests(ExportTestCase):
    """A file is whole or not there."""

    def output(self, *arguments: str) -> Ran:
        return self.run_command("--output", str(self.folder / "out.csv"), *arguments)

    def names(self) -> list[str]:
        return sorted(path.name for path in self.folder.iterdir())

    def test_output_is_written(self) -> None:
        imported(GOOD)
        self.output()
        text = (self.folder / "out.csv").read_text()
        self.assertEqual(len(text.splitlines()), 2)

    def test_output_is_named_in_words(self) -> None:
        imported(GOOD)
        self.assertEqual(
            self.output().stderr, f"1 reading written to {self.folder}/out.csv.\n"
        )

    def test_leaves_standard_output_empty(self) -> None:
        imported(GOOD)
        self.assertEqual(self.output().stdout, "")

    def test_output_is_for_its_owner_alone(self) -> None:
        imported(GOOD)
        self.output()
        mode = (self.folder / "out.csv").stat().st_mode
        self.assertEqual(stat.S_IMODE(mode), 0o600)

    def test_output_is_not_made_where_nothing_matches(self) -> None:
        self.assertEqual(self.output().code, 3)
        self.assertEqual(self.names(), [])

    def test_output_takes_the_place_of_an_older_one(self) -> None:
        imported(GOOD)
        self.file("out.csv", "older")
        self.output()
        self.assertEqual(self.names(), ["out.csv"])

    def test_output_leaves_an_older_one_where_nothing_matches(self) -> None:
        path = Path(self.file("out.csv", "older"))
        self.output()
        self.assertEqual(path.read_text(), "older")

    def test_output_leaves_nothing_half_written(self) -> None:
        imported(GOOD)
        with patch("os.replace", side_effect=KeyboardInterrupt):
            self.assertEqual(self.output().code, 130)
        self.assertEqual(self.names(), [])

    def test_output_says_that_a_folder_is_not_there(self) -> None:
        imported(GOOD)
        path = str(self.folder / "in" / "out.csv")
        ran = self.run_command("--output", path)
        self.assertEqual(ran, (1, "", f"No such file or directory ({path}).\n"))

    def test_output_goes_into_a_pipe(self) -> None:
        imported(GOOD)
        path = self.folder / "pipe"
        os.mkfifo(path)
        read: list[str] = []
        reader = Thread(target=lambda: read.append(path.read_text()))
        reader.start()
        self.run_command("--output", str(path))
        reader.join()
        self.assertTrue(read[0].startswith("mpan,"))


class ProcessTests(TransactionTestCase):
    """The command in a process of its own, which gives bytes."""

    def exported(self, *arguments: str) -> bytes:
        process = start("export_readings", *arguments)
        out, err = process.communicate(timeout=60)
        self.assertEqual(process.returncode, 0, err)
        return out

    def test_process_gives_a_file_byte_for_byte(self) -> None:
        text = flow_file("026|2000000000015|V|\n027|02|caf\u00e9|", line_ending="\r\n")
        file = imported(text)
        arguments = "--format", "d0010", "--all", "--file", str(file.pk)
        self.assertEqual(self.exported(*arguments), text.encode("cp1252"))

    @skipUnless(SAMPLE_PATH.exists(), "the published sample is not here")
    def test_process_gives_the_published_sample_byte_for_byte(self) -> None:
        file = imported(SAMPLE_PATH.read_bytes())
        arguments = "--format", "d0010", "--all", "--file", str(file.pk)
        self.assertEqual(self.exported(*arguments), SAMPLE_PATH.read_bytes())

    def test_process_gives_csv_as_it_is(self) -> None:
        imported(GOOD)
        self.assertTrue(self.exported().endswith(b",sample.uff,4\r\n"))

    def many(self) -> str:
        """Return a file that is more than a pipe takes at once."""
        return flow_file_of_readings(
            *[f"030|{n % 100:02}|20240401000000|{n}.0|||T|N|" for n in range(6000)]
        )

    def test_process_gives_a_whole_file_though_it_is_undone_meanwhile(self) -> None:
        file = imported(self.many())
        arguments = "--format", "d0010", "--all", "--file", str(file.pk)
        with start("export_readings", *arguments) as process:
            assert process.stdout
            begun = process.stdout.readline()
            importer.undo_import(flow_file=file, now=NOW)
            sent = begun + process.stdout.read()
        self.assertEqual(sent.decode(), self.many())

    def test_process_ends_quietly_where_nobody_reads_on(self) -> None:
        imported(self.many())
        process = start("export_readings", "--all")
        assert process.stdout and process.stderr
        process.stdout.readline()
        process.stdout.close()
        self.assertEqual(process.stderr.read(), b"")
        self.assertEqual(process.wait(timeout=60), 0)
