"""The command that describes the format, and what it describes."""

import io
import tempfile
from pathlib import Path

from django.core.management import CommandError, call_command
from django.test import SimpleTestCase

from meter_readings.format_guide import d0010_guide

COMMITTED = Path(__file__).resolve().parents[2] / "documentation/D0010_FORMAT.md"


class DescribeD0010Tests(SimpleTestCase):
    def described(self, text: str) -> Path:
        """Return a file that says this."""
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        path = Path(folder.name) / "D0010_FORMAT.md"
        path.write_text(text, encoding="utf-8")
        return path

    def test_prints_the_guide(self) -> None:
        stdout = io.StringIO()
        call_command("describe_d0010", stdout=stdout)
        self.assertEqual(stdout.getvalue(), d0010_guide())

    def test_what_is_committed_is_what_it_prints(self) -> None:
        self.assertEqual(COMMITTED.read_text(encoding="utf-8"), d0010_guide())

    def test_says_nothing_of_a_file_that_is_up_to_date(self) -> None:
        stdout = io.StringIO()
        path = self.described(d0010_guide())
        call_command("describe_d0010", check=path, stdout=stdout)
        self.assertEqual(stdout.getvalue(), "")

    def test_fails_for_a_file_that_is_out_of_date(self) -> None:
        path = self.described("# The D0010 file\n")
        with self.assertRaisesMessage(CommandError, f"{path} is out of date."):
            call_command("describe_d0010", check=path)

    def test_fails_for_a_file_that_is_not_there(self) -> None:
        with self.assertRaisesMessage(CommandError, "nowhere.md is out of date."):
            call_command("describe_d0010", check=Path("nowhere.md"))
