"""The command export_personal_data."""

from __future__ import annotations

import zipfile
from unittest.mock import patch

from meter_readings.models import SubjectRequest
from meter_readings.tests.support.import_helpers import imported

from .run_command import GOOD, FolderTestCase, run

MPAN = "2000000000015"


class ExportPersonalDataTests(FolderTestCase):
    def setUp(self) -> None:
        super().setUp()
        imported(GOOD)
        self.output = self.folder / "export.zip"

    def test_archive_is_readable_by_its_owner_only(self) -> None:
        ran = run("export_personal_data", MPAN, "--output", str(self.output))
        self.assertEqual((ran.code, ran.stdout), (0, ""))
        self.assertIn(
            f"1 reading, 1 meter, 1 flow file and 3 original lines written to"
            f" {self.output}.\n",
            ran.stderr,
        )
        with zipfile.ZipFile(self.output) as archive:
            self.assertIn("readings.csv", archive.namelist())
        self.assertEqual(self.output.stat().st_mode & 0o777, 0o600)

    def test_mpan_is_read_from_standard_input(self) -> None:
        ran = run("export_personal_data", "-", "--output", str(self.output), stdin=MPAN)
        self.assertEqual(ran.code, 0)

    def test_user_and_reason_are_recorded(self) -> None:
        with patch("getpass.getuser", return_value="alice"):
            arguments = ["--output", str(self.output), "--reason", "Request 18"]
            run("export_personal_data", MPAN, *arguments)
        request = SubjectRequest.objects.get()
        self.assertEqual((request.answered_by, request.reason), ("alice", "Request 18"))

    def test_no_archive_is_written_for_an_unknown_mpan(self) -> None:
        ran = run("export_personal_data", "1000000000003", "--output", str(self.output))
        self.assertEqual(ran, (3, "", "Nothing is stored about this MPAN.\n"))
        self.assertEqual(list(self.folder.iterdir()), [])

    def test_archive_is_deleted_if_the_request_cannot_be_recorded(self) -> None:
        name = "meter_readings.privacy.subject_requests.record_request"
        with patch(name, side_effect=OSError(28, "No space left on device")):
            ran = run("export_personal_data", MPAN, "--output", str(self.output))
        self.assertEqual(ran.code, 1)
        self.assertEqual(list(self.folder.iterdir()), [])
