"""The command that makes flow files."""

import io
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management import CommandError, call_command
from django.test import SimpleTestCase

from meter_readings import synthetic
from meter_readings.d0010 import FaultCode
from meter_readings.tests.synthetic.reading import bytes_of


def output(*arguments: str) -> bytes:
    """Return what the command writes to standard output."""
    stream = io.BytesIO()
    stdout = io.TextIOWrapper(stream, encoding="utf-8", write_through=True)
    call_command("make_d0010", *arguments, stdout=stdout)
    return stream.getvalue()


class MakeD0010Tests(SimpleTestCase):
    def setUp(self) -> None:
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)

    def assert_writes(self, arguments: str, **asked: Any) -> None:
        """Assert that these arguments write the file that the function makes."""
        lines = synthetic.flow_file_lines(**asked)
        self.assertEqual(output(*arguments.split()), bytes_of(lines))

    def test_writes_a_hundred_meter_points_to_standard_output(self) -> None:
        self.assert_writes("", meter_points=100)

    def test_takes_numbers_and_a_seed(self) -> None:
        self.assert_writes(
            "--meter-points 3 --readings 7 --seed 9", meter_points=3, readings=7, seed=9
        )

    def test_takes_months(self) -> None:
        self.assert_writes(
            "--month 2 --months 3 --from 2024-05-17",
            meter_points=100,
            month=2,
            months=3,
            from_date=synthetic.FROM_DATE.replace(year=2024, month=5),
        )

    def test_takes_faults(self) -> None:
        self.assert_writes(
            "--faults negative,no-trailer",
            meter_points=100,
            faults=[FaultCode.NEGATIVE, FaultCode.NO_TRAILER],
        )

    def test_takes_what_the_header_says(self) -> None:
        text = output("--file-identifier", "MINE", "--created", "2026-05-01T07:30")
        self.assertTrue(
            text.startswith(b"ZHV|MINE|D0010002|D|SYND|X|SYNX|20260501073000|")
        )

    def test_writes_to_a_file(self) -> None:
        path = self.folder / "made.uff"
        call_command("make_d0010", output=str(path), stderr=io.StringIO())
        self.assertEqual(path.read_bytes(), output())

    def test_says_on_standard_error_what_it_wrote(self) -> None:
        path, stderr = self.folder / "made.uff", io.StringIO()
        call_command("make_d0010", output=str(path), stderr=stderr)
        self.assertEqual(stderr.getvalue(), f"Written: {path}\n")

    def test_lists_the_faults(self) -> None:
        line = b"negative                    The value is below zero.\n"
        self.assertIn(line, output("--faults", "list"))

    def test_lists_the_recipes(self) -> None:
        names = [line.split()[0] for line in output("--recipe", "list").splitlines()]
        self.assertEqual(names, [name.encode() for name in synthetic.RECIPES])

    def test_writes_a_sample_file_to_standard_output(self) -> None:
        lines = synthetic.RECIPES["economy_7"].lines()
        self.assertEqual(output("--recipe", "economy_7"), bytes_of(lines))

    def test_writes_a_sample_file_into_a_folder(self) -> None:
        arguments = {"recipe": "prepayment", "output": str(self.folder)}
        call_command("make_d0010", **arguments, stderr=io.StringIO())
        self.assertIs((self.folder / "prepayment.uff").is_file(), True)

    def test_writes_all_sample_files_into_a_folder(self) -> None:
        arguments = {"recipe": "all", "output": str(self.folder)}
        call_command("make_d0010", **arguments, stderr=io.StringIO())
        self.assertEqual(len(list(self.folder.iterdir())), len(synthetic.RECIPES))

    def test_needs_a_folder_for_all_sample_files(self) -> None:
        with self.assertRaisesMessage(CommandError, "--output FOLDER"):
            output("--recipe", "all")

    def test_refuses_a_fault_that_nobody_knows(self) -> None:
        with self.assertRaisesMessage(CommandError, "Not a fault: typo, nonsense."):
            output("--faults", "typo,negative,nonsense")

    def test_says_why_a_file_is_impossible(self) -> None:
        with self.assertRaisesMessage(CommandError, "at least one reading"):
            output("--readings", "3")

    def test_refuses_a_day_that_is_none(self) -> None:
        with self.assertRaisesMessage(CommandError, "write a day as 2025-01-31"):
            output("--from", "2025-02-30")

    def test_says_that_it_cannot_write_there(self) -> None:
        with self.assertRaisesMessage(CommandError, "No such file or directory"):
            call_command("make_d0010", output=str(self.folder / "no" / "made.uff"))


class PipeTests(SimpleTestCase):
    def test_stops_quietly_when_the_reader_has_seen_enough(self) -> None:
        command = [sys.executable, "manage.py", "make_d0010", "--readings", "90000"]
        pipe = subprocess.PIPE
        with subprocess.Popen(
            command, cwd=settings.BASE_DIR, stdout=pipe, stderr=pipe
        ) as process:
            assert process.stdout is not None and process.stderr is not None
            process.stdout.readline()
            process.stdout.close()
            self.assertEqual((process.stderr.read(), process.wait()), (b"", 0))
