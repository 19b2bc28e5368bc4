"""Log lines of import jobs: who, how long, with what result, and no MPAN."""

from __future__ import annotations

import io
import logging
from typing import Any
from unittest.mock import patch

from django.contrib.auth.models import User
from django.test import TestCase

from meter_readings.importer import undo_import
from meter_readings.models import ImportJob
from meter_readings.tests.management.run_command import FolderTestCase, run
from meter_readings.tests.support.flow_file_builder import EVERY_GROUP
from meter_readings.tests.support.import_helpers import NOW, import_text, imported

LOG = "meter_readings.importer.jobs"
MPAN = "2000000000015"


class JobLogTests(TestCase):
    def logged(self, **options: Any) -> list[dict[str, Any]]:
        """Return message and fields of the lines that an import writes."""
        with self.assertLogs(LOG) as logs:
            import_text(EVERY_GROUP, f"of {MPAN}.uff", **options)
        return [
            {"message": each.getMessage(), **vars(each)["fields"]}
            for each in logs.records
        ]

    def test_an_import_is_logged_when_it_starts_and_when_it_ends(self) -> None:
        alice = User.objects.create_user("alice")
        start, end = self.logged(requested_by=alice, channel=ImportJob.Channel.UPLOAD)
        same = {
            "job": ImportJob.objects.get().pk,
            "kind": "import",
            "filename": "of [MPAN].uff",
            "channel": "upload",
            "user": "alice",
        }
        self.assertEqual(start, {"message": "Import job started.", **same})
        self.assertLess(end.pop("seconds"), 60)
        self.assertEqual(
            end,
            {
                "message": "Import job ended.",
                **same,
                "result": "imported",
                "readings": 3,
                "reason": "",
            },
        )

    def test_an_interrupted_import_is_logged_with_the_reason(self) -> None:
        name = "meter_readings.importer.pipeline.merge_staged_rows"
        with (
            patch(name, side_effect=RuntimeError(MPAN)),
            self.assertLogs(LOG) as logs,
            self.assertRaises(RuntimeError),
        ):
            import_text(EVERY_GROUP)
        fields = vars(logs.records[-1])["fields"]
        self.assertEqual(fields["result"], "failed")
        self.assertEqual(fields["reason"], "Interrupted by RuntimeError.")

    def test_an_undo_is_logged(self) -> None:
        file = imported(EVERY_GROUP)
        with self.assertLogs(LOG) as logs:
            undo_import(flow_file=file, now=NOW)
        fields = vars(logs.records[-1])["fields"]
        self.assertEqual((fields["result"], fields["readings"]), ("undone", 3))

    def test_a_validation_without_an_import_is_not_logged(self) -> None:
        with self.assertNoLogs(LOG):
            import_text(EVERY_GROUP, dry_run=True)


class QuietCommandTests(FolderTestCase):
    def log_of(self, *options: str) -> str:
        """Return what an import writes to a log that is no terminal."""
        log = io.StringIO()
        with patch.object(
            logging.getLogger(), "handlers", [logging.StreamHandler(log)]
        ):
            run("import_d0010", self.file("a.uff", EVERY_GROUP), *options)
        return log.getvalue()

    def test_a_command_logs_its_imports(self) -> None:
        self.assertIn("Import job ended.", self.log_of())

    def test_a_command_with_verbosity_0_logs_no_events(self) -> None:
        self.assertEqual(self.log_of("-v", "0"), "")
