"""COMMAND_LINE.md: the commands print the output that the page shows."""

from __future__ import annotations

import contextlib
import io
import shlex
import shutil
import subprocess
import tempfile
from pathlib import Path
from unittest.mock import patch

from django.core.management import CommandError, call_command
from django.test import TransactionTestCase

from config.environment import PROJECT_ROOT
from meter_readings.tests.docs import markdown
from meter_readings.tests.support.import_helpers import NOW

GUIDE = "documentation/COMMAND_LINE.md"


class CommandLineOutputTests(TransactionTestCase):
    # Imported files then have the numbers that the page shows.
    reset_sequences = True

    def test_commands_print_what_the_page_shows(self) -> None:
        folder = self.enterContext(tempfile.TemporaryDirectory())
        shutil.copytree(PROJECT_ROOT / "sample_data", Path(folder, "sample_data"))
        self.enterContext(contextlib.chdir(folder))
        self.enterContext(patch("django.utils.timezone.now", return_value=NOW))
        self.code = 0
        for shown in markdown.shown(GUIDE, "console"):
            with self.subTest(shown.command):
                self.assertEqual(self.printed(shown.command), shown.output)

    def printed(self, command: str) -> str:
        """Return the output of a command on both streams."""
        arguments = shlex.split(command)
        if command == "echo $?":
            return f"{self.code}\n"
        if arguments[:2] != ["python", "manage.py"]:
            return subprocess.run(
                command, shell=True, check=True, capture_output=True, text=True
            ).stdout
        binary = io.BytesIO()
        stream = io.TextIOWrapper(binary, "utf-8", newline="", write_through=True)
        self.code = 0
        try:
            call_command(*arguments[2:], stdout=stream, stderr=stream)
        except SystemExit as end:
            self.code = int(end.code or 0)
        except CommandError as error:
            self.code = error.returncode
            stream.write(f"CommandError: {error}\n")
        return binary.getvalue().decode("utf-8").replace("\r\n", "\n")
