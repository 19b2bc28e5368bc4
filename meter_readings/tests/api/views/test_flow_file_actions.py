"""Undo and re-processing of flow files by POST."""

from __future__ import annotations

from typing import Any
from unittest.mock import patch

from django.http import HttpResponse

from meter_readings import importer
from meter_readings.models import FlowFile, ImportJob, Reading
from meter_readings.tests.api.base import PROBLEM, user_with
from meter_readings.tests.api.upload_helpers import (
    BAD,
    FILES,
    GOOD,
    OTHER,
    UploadTestCase,
)
from meter_readings.tests.support.import_helpers import import_text, imported

_NOTHING = {
    "readings": 0,
    "site_visits": 0,
    "meters": 0,
    "meter_points": 0,
    "versions_changed": 0,
}


class ActionTestCase(UploadTestCase):
    def act(
        self, action: str, file: FlowFile, query: str = "", **options: Any
    ) -> HttpResponse:
        """Return the response to a POST without a body."""
        url = f"{FILES}{file.pk}/{action}/?{query}"
        return self.client.generic("POST", url, **options)

    def expect_busy(self, function: str, action: str, file: FlowFile) -> None:
        busy = importer.ImportLockTimeout("Another file is being loaded.")
        with patch(f"meter_readings.importer.{function}", side_effect=busy):
            response = self.act(action, file)
        self.report(response, 503)
        self.assertEqual(response["Retry-After"], "30")


class UndoTests(ActionTestCase):
    def test_an_undo_deletes_the_readings_and_says_what_was_deleted(self) -> None:
        file = imported(GOOD)
        report = self.report(self.act("undo", file), 200)
        self.assertEqual(
            report["deleted"],
            _NOTHING | {"readings": 1, "meters": 1, "meter_points": 1},
        )
        self.assertEqual(report["flow_file"], self.json(f"flow-files/{file.pk}/"))
        self.assertEqual(report["flow_file"]["status"], "undone")
        self.assertIs(Reading.objects.exists(), False)
        job = ImportJob.objects.latest("pk")
        self.assertEqual((job.channel, job.requested_by), ("api", self.superuser))

    def test_a_second_undo_changes_nothing(self) -> None:
        file = imported(GOOD)
        first = self.report(self.act("undo", file), 200)
        jobs = ImportJob.objects.count()
        second = self.report(self.act("undo", file), 200)
        self.assertEqual(second, first | {"deleted": _NOTHING})
        self.assertEqual(ImportJob.objects.count(), jobs)

    def test_an_undo_that_another_request_overtook_is_200(self) -> None:
        file = imported(GOOD)

        def overtaken(**options: Any) -> None:
            FlowFile.objects.update(status=FlowFile.Status.UNDONE)
            raise importer.NotImported

        with patch("meter_readings.importer.undo_import", overtaken):
            report = self.report(self.act("undo", file), 200)
        self.assertEqual(report["deleted"], _NOTHING)

    def test_a_rejected_file_has_nothing_to_undo(self) -> None:
        rejected = import_text(BAD, "bad.uff").flow_file
        response = self.act("undo", rejected)
        self.assertEqual(response["Content-Type"], PROBLEM)
        self.assertIn("no import to undo", self.report(response, 409)["detail"])

    def test_an_undo_during_another_import_is_503(self) -> None:
        self.expect_busy("undo_import", "undo", imported(GOOD))

    def test_a_body_is_415(self) -> None:
        file = imported(GOOD)
        for action in ["undo", "reprocess"]:
            response = self.act(
                action, file, data="policy=strict", content_type="text/plain"
            )
            detail = self.report(response, 415)["detail"]
            self.assertIn("query string", detail)

    def test_an_undo_requires_the_permissions_to_view_and_to_undo(self) -> None:
        file = imported(GOOD)
        for names, status in [
            (["undo_flowfile"], 403),
            (["view_flowfile", "import_flowfile"], 403),
            (["view_flowfile", "undo_flowfile"], 200),
        ]:
            with self.subTest(names):
                self.client.force_login(user_with(*names, name=str(names)))
                self.report(self.act("undo", file), status)


class ReprocessTests(ActionTestCase):
    def undone(self) -> FlowFile:
        """Return a file whose import is undone."""
        file = imported(GOOD)
        self.report(self.act("undo", file), 200)
        return file

    def test_an_undone_file_is_imported_again_once(self) -> None:
        file = self.undone()
        for outcome in ["imported", "already-imported"]:
            report = self.report(self.act("reprocess", file), 200)
            self.assertEqual(report["outcome"], outcome)
            self.assertEqual(report["flow_file"]["id"], file.pk)
            self.assertEqual(Reading.objects.count(), 1)

    def test_a_rejected_file_is_imported_under_another_policy(self) -> None:
        rejected = import_text(BAD, "bad.uff").flow_file
        problem = self.report(self.act("reprocess", rejected), 422)
        self.assertEqual(len(problem["errors"]), 2)
        response = self.act("reprocess", rejected, "policy=partial")
        report = self.report(response, 200)
        self.assertEqual((report["policy"], report["outcome"]), ("partial", "imported"))

    def test_a_dry_run_changes_nothing(self) -> None:
        report = self.report(self.act("reprocess", self.undone(), "dry_run=true"), 200)
        self.assertEqual(report["outcome"], "checked")
        self.assertIs(Reading.objects.exists(), False)

    def test_a_filename_that_is_used_by_now_is_409(self) -> None:
        file = self.undone()
        imported(OTHER)
        self.report(self.act("reprocess", file), 409)
        response = self.act("reprocess", file, "allow_same_name=true")
        self.assertEqual(self.report(response, 200)["outcome"], "imported")

    def test_an_unknown_or_invalid_option_is_400(self) -> None:
        file = self.undone()
        for query in ["filename=a.uff", "policy=lenient"]:
            with self.subTest(query):
                self.report(self.act("reprocess", file, query), 400)

    def test_a_file_without_its_original_is_409(self) -> None:
        file = self.undone()
        FlowFile.objects.update(content="")
        problem = self.report(self.act("reprocess", file), 409)
        self.assertIn("upload the file again", problem["detail"])

    def test_an_import_during_another_one_is_503(self) -> None:
        self.expect_busy("import_original", "reprocess", self.undone())
