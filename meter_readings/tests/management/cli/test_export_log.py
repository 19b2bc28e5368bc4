"""Log lines of exports by commands: who, which filters, how many, and no MPAN."""

from __future__ import annotations

import json
from typing import Any
from unittest.mock import patch

from config.logging_config import JsonFormatter
from meter_readings.tests.management.run_command import GOOD, FolderTestCase, run
from meter_readings.tests.support.import_helpers import imported

LOG = "meter_readings.management.cli.export_log"
MPAN = "2000000000015"


class ExportLogTests(FolderTestCase):
    def logged(self, *command: str) -> dict[str, Any]:
        """Return the one line that a command logs, without its times."""
        with self.assertLogs(LOG) as logs, patch("getpass.getuser", lambda: "alice"):
            run(*command)
        [record] = logs.records
        line = JsonFormatter().format(record)
        self.assertNotIn("\n", line)
        self.assertNotIn(MPAN, line)
        entry = json.loads(line)
        self.assertLess(entry.pop("seconds"), 60)
        del entry["time"]
        return dict(entry)

    def test_an_export_of_readings_is_logged_without_mpan_and_serial_number(
        self,
    ) -> None:
        imported(GOOD)
        options = ["--mpan", MPAN, "--serial-number", "TST0000001"]
        entry = self.logged(
            "export_readings", *options, "--date-from", "2024-01-31", "--current"
        )
        self.assertEqual(
            entry,
            {
                "level": "INFO",
                "logger": LOG,
                "message": "Export.",
                "channel": "command",
                "user": "alice",
                "format": "csv",
                "filter": "mpan serial_number date_from=2024-01-31 current_only=True",
                "readings": 1,
                "reason": "",
            },
        )

    def test_an_export_of_a_file_is_logged_with_its_name_without_an_mpan(self) -> None:
        imported(GOOD, f"of {MPAN}.uff")
        options = ["--format", "d0010", "--file", f"of {MPAN}.uff", "--all"]
        entry = self.logged("export_readings", *options)
        self.assertEqual(
            (entry["format"], entry["filter"], entry["readings"]),
            ("d0010", "file=of [MPAN].uff current_only=False", 1),
        )

    def test_an_export_that_matches_nothing_is_logged(self) -> None:
        entry = self.logged("export_readings", "--mpan", MPAN)
        self.assertEqual((entry["readings"], entry["reason"]), (0, "NothingMatched"))

    def test_an_interrupted_export_is_logged_with_the_readings_until_then(self) -> None:
        imported(GOOD)

        def interrupted(lines: Any, **_: Any) -> None:
            list(lines)
            raise KeyboardInterrupt

        name = "meter_readings.management.cli.output_files.write_lines"
        with patch(name, interrupted):
            entry = self.logged("export_readings")
        self.assertEqual((entry["readings"], entry["reason"]), (1, "KeyboardInterrupt"))

    def test_an_answer_to_a_subject_access_request_is_logged(self) -> None:
        imported(GOOD)
        output = str(self.folder / "export.zip")
        entry = self.logged("export_personal_data", MPAN, "--output", output)
        self.assertEqual(
            (entry["format"], entry["filter"], entry["readings"], entry["user"]),
            ("zip", "mpan", 1, "alice"),
        )

    def test_a_user_without_a_name_can_export(self) -> None:
        imported(GOOD)
        with (
            self.assertLogs(LOG) as logs,
            patch("getpass.getuser", side_effect=OSError("No username set")),
        ):
            self.assertEqual(run("export_readings").code, 0)
        self.assertEqual(vars(logs.records[0])["fields"]["user"], "")
