"""Tests of the actions on one flow file: undo its import, import it again."""

from __future__ import annotations

from contextlib import ExitStack
from pathlib import Path
from unittest.mock import patch

from django.contrib.auth.models import User
from django.db import connection
from django.http import HttpResponse
from django.test import TransactionTestCase

from meter_readings import importer
from meter_readings.admin.flow_files import actions
from meter_readings.models import FlowFile, ImportJob, Meter, MeterPoint, Reading
from meter_readings.tests.admin.testcases import (
    AdminTestCase,
    file_with_much,
    header_of,
)
from meter_readings.tests.support.disk_full import full_database
from meter_readings.tests.support.flow_file_builder import (
    EVERY_GROUP,
    flow_file_of_readings,
)
from meter_readings.tests.support.import_helpers import NOW, import_text, imported
from meter_readings.tests.support.users import (
    user_with_permissions,
    user_with_view_permissions,
)

GOOD = "030|S|20240401000000|99.0|||T|N|"
BAD = "030|S|20240402000000|-1.0|||T|N|"


def action_url(file: FlowFile, action: str) -> str:
    return f"/admin/meter_readings/flowfile/{file.pk}/{action}/"


class ActionTestCase(AdminTestCase):
    action: str

    def confirmation(self, file: FlowFile, **asked: str) -> HttpResponse:
        return self.client.get(action_url(file, self.action), asked)

    def submit(self, file: FlowFile, step: str = "", **given: str) -> HttpResponse:
        """Press a button of the confirmation page and follow the redirect."""
        data = {"step": step or self.action} | given
        return self.client.post(action_url(file, self.action), data, follow=True)

    def message(self, response: HttpResponse) -> str:
        """Return the level and text of the one message on a page."""
        (message,) = response.context["messages"]
        return f"{message.level_tag}: {message}"


class UndoTests(ActionTestCase):
    action = "undo"

    def test_undo_confirmation_shows_the_changes(self) -> None:
        imported(flow_file_of_readings(GOOD, header=header_of(1)), "first.uff")
        other = flow_file_of_readings(GOOD.replace("9", "8"), header=header_of(2))
        page = self.confirmation(imported(other))
        self.assertEqual(page.context["undo_result"], (1, 0, 0, 0, 1))
        self.assertContains(
            page, "Readings of other files whose version status changes"
        )

    def test_undo_confirmation_changes_nothing(self) -> None:
        file = imported(EVERY_GROUP)
        self.confirmation(file)
        file.refresh_from_db()
        self.assertEqual(file.status, FlowFile.Status.IMPORTED)
        self.assertEqual(Reading.objects.count(), 3)
        self.assertEqual(ImportJob.objects.count(), 1)

    def test_undo_confirmation_takes_as_many_queries_for_many_readings_as_for_one(
        self,
    ) -> None:
        files = imported(file_with_much(1)), imported(file_with_much(9, 1), "much.uff")
        addresses = [action_url(file, self.action) for file in files]
        little, much = map(self.query_count, addresses)
        self.assertEqual(little, much)

    def test_undo_removes_readings_meters_and_meter_points(self) -> None:
        file = imported(EVERY_GROUP)
        self.submit(file)
        for model in (Reading, Meter, MeterPoint):
            self.assertIs(model.objects.exists(), False)

    def test_undo_redirects_to_the_file_with_a_message(self) -> None:
        file = imported(flow_file_of_readings(GOOD))
        page = self.submit(file)
        self.assertRedirects(page, file.get_absolute_url())
        expected = "1 reading, 1 meter and 1 meter point removed."
        self.assertEqual(self.message(page), f"success: Import undone: {expected}")

    def test_message_keeps_the_case_of_the_file_name(self) -> None:
        file = imported(EVERY_GROUP)
        self.submit(file)
        page = self.client.get(action_url(file, "undo"), follow=True)
        expected = '<li class="warning">sample.uff is not imported: there is'
        self.assertContains(page, expected)

    def test_undo_creates_a_job_with_its_user_and_channel(self) -> None:
        file = imported(EVERY_GROUP)
        self.submit(file)
        job = file.jobs.latest("pk")
        self.assertEqual((job.outcome, job.channel), ("undone", "admin"))
        self.assertEqual(job.requested_by, self.superuser)

    def test_second_undo_reports_that_there_is_nothing_to_undo(self) -> None:
        file = imported(EVERY_GROUP)
        self.submit(file)
        expected = "warning: sample.uff is not imported: there is nothing to undo."
        self.assertEqual(self.message(self.submit(file)), expected)
        page = self.client.get(action_url(file, "undo"), follow=True)
        self.assertEqual(self.message(page), expected)

    def test_undo_of_a_file_undone_meanwhile_reports_that_there_is_nothing_to_undo(
        self,
    ) -> None:
        file = imported(EVERY_GROUP)
        self.confirmation(file)
        importer.undo_import(flow_file=file, now=NOW)
        self.assertIn("there is nothing to undo", self.message(self.submit(file)))

    def test_undo_of_a_large_file_shows_the_changes_only_on_request(self) -> None:
        file = imported(file_with_much(2))
        with patch.object(actions, "MAX_EXACT_COUNT", 1):
            page = self.confirmation(file)
            self.assertIsNone(page.context["undo_result"])
            self.assertContains(page, "<strong>2 readings</strong>")
            page = self.submit(file, "preview")
            self.assertEqual(page.context["undo_result"].readings, 2)
        self.assertEqual(Reading.objects.count(), 2)

    def test_undo_of_a_large_file_that_is_not_imported_reports_it(self) -> None:
        file = imported(file_with_much(2))
        self.submit(file)
        with patch.object(actions, "MAX_EXACT_COUNT", 1):
            page = self.client.get(action_url(file, "undo"), follow=True)
        self.assertIn("there is nothing to undo", self.message(page))

    def test_undo_is_forbidden_without_permission(self) -> None:
        self.silence_request_log()
        file = imported(EVERY_GROUP)
        self.client.force_login(user_with_view_permissions("flowfile", "reading"))
        self.assertEqual(self.confirmation(file).status_code, 403)
        self.assertEqual(self.submit(file).status_code, 403)
        self.assertEqual(Reading.objects.count(), 3)

    def test_undo_is_allowed_with_permission(self) -> None:
        file = imported(EVERY_GROUP)
        self.client.force_login(user_with_permissions("view_flowfile", "undo_flowfile"))
        self.assertContains(
            self.confirmation(file), "All data imported from this file is removed"
        )
        self.assertRedirects(self.submit(file), file.get_absolute_url())

    def test_undo_requires_a_csrf_token(self) -> None:
        self.silence_request_log()
        file = imported(EVERY_GROUP)
        self.client.handler.enforce_csrf_checks = True
        self.assertEqual(self.submit(file).status_code, 403)


class ReprocessTests(ActionTestCase):
    action = "reprocess"

    def rejected(self) -> FlowFile:
        """Return a file that was rejected because of one of its two readings."""
        return import_text(flow_file_of_readings(GOOD, BAD), "bad.uff").flow_file

    def initial_policy(self, page: HttpResponse) -> str:
        return str(page.context["form"]["policy"].value())

    def test_reprocess_form_starts_with_the_previous_policy(self) -> None:
        self.assertEqual(
            self.initial_policy(self.confirmation(self.rejected())), "standard"
        )

    def test_reprocess_form_starts_with_the_suggested_policy(self) -> None:
        page = self.confirmation(self.rejected(), policy="partial")
        self.assertEqual(self.initial_policy(page), "partial")

    def test_reprocess_form_ignores_an_unknown_policy(self) -> None:
        page = self.confirmation(self.rejected(), policy="lenient")
        self.assertEqual(self.initial_policy(page), "standard")

    def test_reprocess_form_takes_three_queries(self) -> None:
        address = action_url(self.rejected(), self.action)
        self.assertEqual(self.query_count(address), 3)

    def test_reprocess_imports_under_the_chosen_policy(self) -> None:
        file = self.rejected()
        page = self.submit(file, "import", policy="partial")
        self.assertRedirects(page, file.get_absolute_url())
        self.assertIn("success: bad.uff: imported as #", self.message(page))
        self.assertEqual(Reading.objects.count(), 1)

    def test_reprocess_of_an_invalid_file_rejects_it_again_under_the_new_policy(
        self,
    ) -> None:
        file = self.rejected()
        page = self.submit(file, "import", policy="strict")
        self.assertEqual(
            self.message(page), "error: bad.uff: rejected: The value is negative."
        )
        file.refresh_from_db()
        self.assertEqual(file.policy, "strict")

    def test_reprocess_imports_an_undone_file(self) -> None:
        file = imported(EVERY_GROUP)
        importer.undo_import(flow_file=file, now=NOW)
        self.submit(file, "import", policy="standard")
        file.refresh_from_db()
        self.assertEqual(file.status, FlowFile.Status.IMPORTED)
        job = file.jobs.latest("pk")
        self.assertEqual((job.channel, job.requested_by), ("admin", self.superuser))

    def test_validate_only_saves_nothing(self) -> None:
        file = self.rejected()
        page = self.submit(file, "check", policy="partial")
        self.assertContains(page, "would be imported: 1 reading, 1 not loaded")
        self.assertContains(page, "Nothing was saved.")
        self.assertEqual(Reading.objects.count(), 0)
        self.assertEqual(file.jobs.count(), 1)

    def test_validate_only_shows_the_findings(self) -> None:
        page = self.submit(self.rejected(), "check", policy="strict")
        self.assertContains(page, "would be rejected: The value is negative")
        self.assertContains(page, "Ask the sender for a corrected file")
        self.assertContains(page, "/lines/?line=5")

    def test_findings_have_no_links_to_lines_without_permission(self) -> None:
        self.client.force_login(
            user_with_permissions("view_flowfile", "import_flowfile")
        )
        page = self.submit(self.rejected(), "check", policy="strict")
        self.assertContains(page, "Line 5")

    def test_reprocess_requires_a_valid_policy(self) -> None:
        page = self.submit(self.rejected(), "import", policy="lenient")
        self.assertContains(page, "Choose an import policy.")

    def test_reprocess_reports_that_the_file_name_has_been_used(self) -> None:
        file = self.rejected()
        imported(flow_file_of_readings(GOOD, header=header_of(2)), "bad.uff")
        page = self.submit(file, "import", policy="partial")
        self.assertContains(
            page, "A file with this name and different content has been"
        )
        file.refresh_from_db()
        self.assertEqual(file.status, FlowFile.Status.REJECTED)

    def test_reprocess_allows_a_repeated_file_name_on_request(
        self,
    ) -> None:
        file = self.rejected()
        imported(flow_file_of_readings(GOOD, header=header_of(2)), "bad.uff")
        page = self.submit(file, "import", policy="partial", allow_same_name="on")
        self.assertIn("success: bad.uff: imported", self.message(page))

    def test_reprocess_of_an_imported_file_asks_to_undo_it_first(self) -> None:
        file = imported(EVERY_GROUP)
        for page in (
            self.client.get(action_url(file, self.action), follow=True),
            self.submit(file, "import", policy="standard"),
        ):
            self.assertIn("To import it again, undo it first.", self.message(page))

    def test_reprocess_of_a_file_imported_meanwhile_reports_it(self) -> None:
        file = self.rejected()

        def import_meanwhile(**options: object) -> importer.ImportResult:
            importer.import_original(**options)
            return importer.import_original(**options)

        with patch.object(
            actions, "importer", _PatchedImporter(import_original=import_meanwhile)
        ):
            page = self.submit(file, "import", policy="partial")
        self.assertIn("warning: bad.uff: already imported as", self.message(page))

    def test_reprocess_of_a_file_whose_original_is_missing_reports_it(self) -> None:
        self.silence_request_log()
        text = flow_file_of_readings(BAD, header=header_of(7))
        file = import_text(text, "lost.uff").flow_file
        Path(file.content.path).unlink()
        page = self.submit(file, "import", policy="partial")
        self.assertContains(page, "is missing from the storage", status_code=404)

    def test_reprocess_is_forbidden_without_permission(self) -> None:
        self.silence_request_log()
        file = self.rejected()
        self.client.force_login(user_with_view_permissions("flowfile", "reading"))
        self.assertEqual(self.confirmation(file).status_code, 403)
        self.assertEqual(self.submit(file, "import", policy="partial").status_code, 403)


class _PatchedImporter:
    """The importer with some names replaced."""

    def __init__(self, **given: object) -> None:
        self.__dict__ |= given

    def __getattr__(self, name: str) -> object:
        return getattr(importer, name)


class StorageFullTests(AdminTestCase):
    """Actions while the database is full."""

    def message_after(self, file: FlowFile, action: str, **given: str) -> str:
        with full_database():
            page = self.client.post(action_url(file, action), given, follow=True)
        (message,) = map(str, page.context["messages"])
        return message

    def test_undo_reports_that_the_storage_is_full(self) -> None:
        message = self.message_after(imported(EVERY_GROUP), "undo", step="undo")
        self.assertIn("The storage is full. Nothing was changed", message)

    def test_reprocess_reports_that_the_storage_is_full(self) -> None:
        file = import_text(flow_file_of_readings(BAD)).flow_file
        given = {"step": "import", "policy": "partial"}
        message = self.message_after(file, "reprocess", **given)
        self.assertIn("The storage is full. Nothing was changed", message)


class BusyTests(TransactionTestCase):
    """Actions while another file is being imported."""

    def setUp(self) -> None:
        self.client.force_login(User.objects.create_superuser("alice"))
        stack = ExitStack()
        self.addCleanup(stack.close)
        stack.enter_context(patch.object(actions, "LOCK_TIMEOUT", 0.05))

    def hold_import_lock(self) -> None:
        other = connection.copy()
        self.addCleanup(other.close)
        cursor = other.cursor()
        if connection.vendor == "sqlite":
            cursor.execute("BEGIN IMMEDIATE")
        else:
            cursor.execute("BEGIN")
            number = int.from_bytes(b"D0010")
            cursor.execute("SELECT pg_advisory_xact_lock(%s)", [number])

    def messages_after(self, file: FlowFile, action: str, **given: str) -> list[str]:
        """Press a button while another import holds the lock; return the messages."""
        self.hold_import_lock()
        response = self.client.post(action_url(file, action), given)
        found = response.context["messages"] if response.context else None
        return [str(each) for each in found or self.next_messages(response)]

    def next_messages(self, response: HttpResponse) -> list[str]:
        """Return the messages on the page of the redirect."""
        page = self.client.get(response["Location"])
        return [str(each) for each in page.context["messages"]]

    def test_undo_reports_that_another_file_is_being_imported(self) -> None:
        file = imported(EVERY_GROUP)
        (message,) = self.messages_after(file, "undo", step="undo")
        self.assertIn("Another file is being imported", message)

    def test_reprocess_reports_that_another_file_is_being_imported(self) -> None:
        file = import_text(flow_file_of_readings(BAD)).flow_file
        given = {"step": "import", "policy": "partial"}
        (message,) = self.messages_after(file, "reprocess", **given)
        self.assertIn("Another file is being imported", message)
