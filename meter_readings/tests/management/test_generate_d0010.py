"""Tests of the generate_d0010 command."""

import io
import tempfile
from pathlib import Path
from typing import Any

from django.core.management import CommandError, call_command
from django.test import SimpleTestCase, tag

from meter_readings import synthetic
from meter_readings.d0010 import IssueCode
from meter_readings.tests.management.run_command import start
from meter_readings.tests.synthetic.helpers import bytes_of


def output(*arguments: str) -> bytes:
    """Return the bytes that the command writes to standard output."""
    stream = io.BytesIO()
    stdout = io.TextIOWrapper(stream, encoding="utf-8", write_through=True)
    call_command("generate_d0010", *arguments, stdout=stdout)
    return stream.getvalue()


class GenerateD0010Tests(SimpleTestCase):
    def setUp(self) -> None:
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)

    def assert_writes(self, arguments: str, **options: Any) -> None:
        """Assert that the arguments give the file of `flow_file_lines(**options)`."""
        lines = synthetic.flow_file_lines(**options)
        self.assertEqual(output(*arguments.split()), bytes_of(lines))

    def test_generate_d0010_generates_100_meter_points_by_default(self) -> None:
        self.assert_writes("", meter_points=100)

    def test_generate_d0010_generates_the_chosen_numbers_and_seed(self) -> None:
        self.assert_writes(
            "--meter-points 3 --readings 7 --seed 9", meter_points=3, readings=7, seed=9
        )

    def test_generate_d0010_generates_the_chosen_months(self) -> None:
        self.assert_writes(
            "--month 2 --months 3 --from 2024-05-17",
            meter_points=100,
            month=2,
            months=3,
            from_date=synthetic.FROM_DATE.replace(year=2024, month=5),
        )

    def test_generate_d0010_generates_the_chosen_issues(self) -> None:
        self.assert_writes(
            "--issues negative,no-trailer",
            meter_points=100,
            issues=[IssueCode.NEGATIVE, IssueCode.NO_TRAILER],
        )

    def test_generate_d0010_generates_the_chosen_shape(self) -> None:
        self.assert_writes(
            "--shape mixed", meter_points=100, shape=synthetic.Shape.MIXED
        )

    def test_generate_d0010_writes_the_chosen_file_identifier_and_creation_time(
        self,
    ) -> None:
        text = output("--file-identifier", "MINE", "--created", "2026-05-01T07:30")
        self.assertTrue(
            text.startswith(b"ZHV|MINE|D0010002|D|SYND|X|SYNX|20260501073000|")
        )

    def test_generate_d0010_writes_to_a_file(self) -> None:
        path = self.folder / "made.uff"
        call_command("generate_d0010", output=str(path), stderr=io.StringIO())
        self.assertEqual(path.read_bytes(), output())

    def test_generate_d0010_reports_the_written_file_on_standard_error(self) -> None:
        path, stderr = self.folder / "made.uff", io.StringIO()
        call_command("generate_d0010", output=str(path), stderr=stderr)
        self.assertEqual(stderr.getvalue(), f"Written: {path}\n")

    def test_generate_d0010_lists_the_issue_codes(self) -> None:
        line = b"negative                    The value is negative.\n"
        self.assertIn(line, output("--issues", "list"))

    def test_generate_d0010_rejects_unknown_issue_codes(self) -> None:
        with self.assertRaisesMessage(
            CommandError, "Unknown issue code: typo, nonsense."
        ):
            output("--issues", "typo,negative,nonsense")

    def test_generate_d0010_reports_why_options_are_invalid(self) -> None:
        with self.assertRaisesMessage(CommandError, "at least one reading"):
            output("--readings", "3")

    def test_generate_d0010_rejects_a_date_that_does_not_exist(self) -> None:
        with self.assertRaisesMessage(CommandError, "write a date as 2025-01-31"):
            output("--from", "2025-02-30")

    def test_generate_d0010_reports_that_a_file_cannot_be_written(self) -> None:
        with self.assertRaisesMessage(CommandError, "No such file or directory"):
            call_command("generate_d0010", output=str(self.folder / "no" / "made.uff"))


@tag("database_independent")
class PipeTests(SimpleTestCase):
    def test_closed_pipe_ends_without_a_message_and_with_exit_code_141(self) -> None:
        for arguments in ["--readings", "20000"], ["--issues", "list"]:
            process = start("generate_d0010", *arguments)
            with self.subTest(arguments), process:
                assert process.stdout is not None and process.stderr is not None
                process.stdout.close()
                self.assertEqual((process.stderr.read(), process.wait()), (b"", 141))
