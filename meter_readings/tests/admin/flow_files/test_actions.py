"""Undoing the import of a file, and importing its original again."""

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
from meter_readings.tests.disk_full import full_database
from meter_readings.tests.flow_file_builder import EVERY_GROUP, flow_file_of_readings
from meter_readings.tests.import_helpers import NOW, import_text, imported
from meter_readings.tests.users import user_with_permissions, user_with_view_permissions

GOOD = "030|S|20240401000000|99.0|||T|N|"
BAD = "030|S|20240402000000|-1.0|||T|N|"


def client_ip(file: FlowFile, deed: str) -> str:
    """Return where a deed on a file is asked for."""
    return f"/admin/meter_readings/flowfile/{file.pk}/{deed}/"


class DeedTestCase(AdminTestCase):
    deed: str

    def ask(self, file: FlowFile, **asked: str) -> HttpResponse:
        """Return the page that asks whether to do it."""
        return self.client.get(client_ip(file, self.deed), asked)

    def do(self, file: FlowFile, step: str = "", **given: str) -> HttpResponse:
        """Press a button of that page, and return the page that comes of it."""
        data = {"step": step or self.deed} | given
        return self.client.post(client_ip(file, self.deed), data, follow=True)

    def told(self, response: HttpResponse) -> str:
        """Return the one message on a page, with its level."""
        (message,) = response.context["messages"]
        return f"{message.level_tag}: {message}"


class UndoTests(DeedTestCase):
    deed = "undo"

    def test_undo_is_asked_for_with_what_it_would_change(self) -> None:
        imported(flow_file_of_readings(GOOD, header=header_of(1)), "first.uff")
        other = flow_file_of_readings(GOOD.replace("9", "8"), header=header_of(2))
        page = self.ask(imported(other))
        self.assertEqual(page.context["what"], (1, 0, 0, 0, 1))
        self.assertContains(page, "Readings of other files that change their standing")

    def test_undo_changes_nothing_while_it_is_asked_for(self) -> None:
        file = imported(EVERY_GROUP)
        self.ask(file)
        file.refresh_from_db()
        self.assertEqual(file.status, FlowFile.Status.IMPORTED)
        self.assertEqual(Reading.objects.count(), 3)
        self.assertEqual(ImportJob.objects.count(), 1)

    def test_undo_of_much_is_asked_for_by_as_many_queries_as_of_little(self) -> None:
        files = imported(file_with_much(1)), imported(file_with_much(9, 1), "much.uff")
        addresses = [client_ip(file, self.deed) for file in files]
        little, much = map(self.query_count, addresses)
        self.assertEqual(little, much)

    def test_undo_takes_everything_away(self) -> None:
        file = imported(EVERY_GROUP)
        self.do(file)
        for model in (Reading, Meter, MeterPoint):
            self.assertIs(model.objects.exists(), False)

    def test_undo_leads_to_the_page_of_the_file_and_says_what_happened(self) -> None:
        file = imported(flow_file_of_readings(GOOD))
        page = self.do(file)
        self.assertRedirects(page, file.get_absolute_url())
        said = "1 reading, 1 meter and 1 meter point removed."
        self.assertEqual(self.told(page), f"success: The import was undone: {said}")

    def test_undo_says_the_name_of_the_file_as_it_is(self) -> None:
        file = imported(EVERY_GROUP)
        self.do(file)
        page = self.client.get(client_ip(file, "undo"), follow=True)
        said = '<li class="warning">sample.uff is not held as imported: there is'
        self.assertContains(page, said)

    def test_undo_is_written_down_with_who_did_it_and_where(self) -> None:
        file = imported(EVERY_GROUP)
        self.do(file)
        job = file.jobs.latest("pk")
        self.assertEqual((job.outcome, job.channel), ("undone", "admin"))
        self.assertEqual(job.requested_by, self.superuser)

    def test_undo_happens_once(self) -> None:
        file = imported(EVERY_GROUP)
        self.do(file)
        said = "warning: sample.uff is not held as imported: there is nothing to undo."
        self.assertEqual(self.told(self.do(file)), said)
        page = self.client.get(client_ip(file, "undo"), follow=True)
        self.assertEqual(self.told(page), said)

    def test_of_a_file_that_was_undone_meanwhile_says_so(self) -> None:
        file = imported(EVERY_GROUP)
        self.ask(file)
        importer.undo_import(flow_file=file, now=NOW)
        self.assertIn("there is nothing to undo", self.told(self.do(file)))

    def test_undo_of_a_large_file_is_counted_only_where_that_is_asked_for(self) -> None:
        file = imported(file_with_much(2))
        with patch.object(actions, "MAX_EXACT_COUNT", 1):
            page = self.ask(file)
            self.assertIsNone(page.context["what"])
            self.assertContains(page, "<strong>2 readings</strong>")
            page = self.do(file, "count")
            self.assertEqual(page.context["what"].readings, 2)
        self.assertEqual(Reading.objects.count(), 2)

    def test_undo_of_a_large_file_that_is_not_held_is_not_asked_for(self) -> None:
        file = imported(file_with_much(2))
        self.do(file)
        with patch.object(actions, "MAX_EXACT_COUNT", 1):
            page = self.client.get(client_ip(file, "undo"), follow=True)
        self.assertIn("there is nothing to undo", self.told(page))

    def test_undo_is_refused_to_those_who_may_only_look(self) -> None:
        self.silence_request_log()
        file = imported(EVERY_GROUP)
        self.client.force_login(user_with_view_permissions("flowfile", "reading"))
        self.assertEqual(self.ask(file).status_code, 403)
        self.assertEqual(self.do(file).status_code, 403)
        self.assertEqual(Reading.objects.count(), 3)

    def test_undo_is_allowed_to_those_who_may(self) -> None:
        file = imported(EVERY_GROUP)
        self.client.force_login(user_with_permissions("view_flowfile", "undo_flowfile"))
        self.assertContains(self.ask(file), "Everything becomes as if")
        self.assertRedirects(self.do(file), file.get_absolute_url())

    def test_undo_takes_a_form_of_our_own(self) -> None:
        self.silence_request_log()
        file = imported(EVERY_GROUP)
        self.client.handler.enforce_csrf_checks = True
        self.assertEqual(self.do(file).status_code, 403)


class ReprocessTests(DeedTestCase):
    deed = "reprocess"

    def rejected(self) -> FlowFile:
        """Return a file that was rejected for one reading of two."""
        return import_text(flow_file_of_readings(GOOD, BAD), "bad.uff").flow_file

    def policy_offered(self, page: HttpResponse) -> str:
        return str(page.context["form"]["policy"].value())

    def test_reprocess_is_asked_for_with_the_policy_of_last_time(self) -> None:
        self.assertEqual(self.policy_offered(self.ask(self.rejected())), "standard")

    def test_reprocess_is_asked_for_with_the_policy_that_was_proposed(self) -> None:
        page = self.ask(self.rejected(), policy="partial")
        self.assertEqual(self.policy_offered(page), "partial")

    def test_reprocess_is_asked_for_with_no_policy_that_there_is_not(self) -> None:
        page = self.ask(self.rejected(), policy="lenient")
        self.assertEqual(self.policy_offered(page), "standard")

    def test_reprocess_is_asked_for_by_three_queries(self) -> None:
        address = client_ip(self.rejected(), self.deed)
        self.assertEqual(self.query_count(address), 3)

    def test_reprocess_imports_the_file_under_the_policy_chosen(self) -> None:
        file = self.rejected()
        page = self.do(file, "import", policy="partial")
        self.assertRedirects(page, file.get_absolute_url())
        self.assertIn("success: bad.uff: imported as #", self.told(page))
        self.assertEqual(Reading.objects.count(), 1)

    def test_reprocess_rejects_the_file_again_with_a_new_report(self) -> None:
        file = self.rejected()
        page = self.do(file, "import", policy="strict")
        self.assertEqual(
            self.told(page), "error: bad.uff: rejected: The value is negative."
        )
        file.refresh_from_db()
        self.assertEqual(file.policy, "strict")

    def test_reprocess_imports_a_file_that_was_undone(self) -> None:
        file = imported(EVERY_GROUP)
        importer.undo_import(flow_file=file, now=NOW)
        self.do(file, "import", policy="standard")
        file.refresh_from_db()
        self.assertEqual(file.status, FlowFile.Status.IMPORTED)
        job = file.jobs.latest("pk")
        self.assertEqual((job.channel, job.requested_by), ("admin", self.superuser))

    def test_only_checks_where_that_is_asked_for(self) -> None:
        file = self.rejected()
        page = self.do(file, "check", policy="partial")
        self.assertContains(page, "would be imported: 1 reading, 1 not loaded")
        self.assertContains(page, "Nothing was changed.")
        self.assertEqual(Reading.objects.count(), 0)
        self.assertEqual(file.jobs.count(), 1)

    def test_reprocess_tells_what_a_check_found(self) -> None:
        page = self.do(self.rejected(), "check", policy="strict")
        self.assertContains(page, "would be rejected: The value is negative")
        self.assertContains(page, "Ask the sender for a corrected file")
        self.assertContains(page, "/lines/?line=5")

    def test_reprocess_leads_to_no_lines_for_those_who_may_not_look(self) -> None:
        self.client.force_login(
            user_with_permissions("view_flowfile", "import_flowfile")
        )
        page = self.do(self.rejected(), "check", policy="strict")
        self.assertContains(page, "Line 5")

    def test_reprocess_wants_a_policy(self) -> None:
        page = self.do(self.rejected(), "import", policy="lenient")
        self.assertContains(page, "Choose a validation level.")

    def test_reprocess_says_that_the_name_has_been_taken(self) -> None:
        file = self.rejected()
        imported(flow_file_of_readings(GOOD, header=header_of(2)), "bad.uff")
        page = self.do(file, "import", policy="partial")
        self.assertContains(
            page, "A file with this name and different content has been"
        )
        file.refresh_from_db()
        self.assertEqual(file.status, FlowFile.Status.REJECTED)

    def test_reprocess_imports_a_file_whose_name_was_taken_where_that_is_wanted(
        self,
    ) -> None:
        file = self.rejected()
        imported(flow_file_of_readings(GOOD, header=header_of(2)), "bad.uff")
        page = self.do(file, "import", policy="partial", allow_same_name="on")
        self.assertIn("success: bad.uff: imported", self.told(page))

    def test_reprocess_of_a_file_that_is_held_asks_to_undo_it_first(self) -> None:
        file = imported(EVERY_GROUP)
        for page in (
            self.client.get(client_ip(file, self.deed), follow=True),
            self.do(file, "import", policy="standard"),
        ):
            self.assertIn("To import it again, undo it first.", self.told(page))

    def test_reprocess_of_a_file_imported_meanwhile_leaves_it_as_it_is(self) -> None:
        file = self.rejected()

        def import_meanwhile(**options: object) -> importer.ImportResult:
            importer.import_original(**options)
            return importer.import_original(**options)

        with patch.object(
            actions, "importer", _Instead(import_original=import_meanwhile)
        ):
            page = self.do(file, "import", policy="partial")
        self.assertIn("warning: bad.uff: already imported as", self.told(page))

    def test_reprocess_of_a_file_whose_original_is_lost_says_so(self) -> None:
        self.silence_request_log()
        text = flow_file_of_readings(BAD, header=header_of(7))
        file = import_text(text, "lost.uff").flow_file
        Path(file.content.path).unlink()
        page = self.do(file, "import", policy="partial")
        self.assertContains(page, "is missing from the storage", status_code=404)

    def test_reprocess_is_refused_to_those_who_may_only_look(self) -> None:
        self.silence_request_log()
        file = self.rejected()
        self.client.force_login(user_with_view_permissions("flowfile", "reading"))
        self.assertEqual(self.ask(file).status_code, 403)
        self.assertEqual(self.do(file, "import", policy="partial").status_code, 403)


class _Instead:
    """Stands in for the importer, but for what is given."""

    def __init__(self, **given: object) -> None:
        self.__dict__ |= given

    def __getattr__(self, name: str) -> object:
        return getattr(importer, name)


class FullTests(AdminTestCase):
    """Where the storage is full, a page says so and changes nothing."""

    def told_after(self, file: FlowFile, deed: str, **given: str) -> str:
        with full_database():
            page = self.client.post(client_ip(file, deed), given, follow=True)
        (said,) = map(str, page.context["messages"])
        return said

    def test_an_undoing_waits_for_room(self) -> None:
        said = self.told_after(imported(EVERY_GROUP), "undo", step="undo")
        self.assertIn("The storage is full. Nothing was changed", said)

    def test_an_import_waits_for_room(self) -> None:
        file = import_text(flow_file_of_readings(BAD)).flow_file
        given = {"step": "import", "policy": "partial"}
        said = self.told_after(file, "reprocess", **given)
        self.assertIn("The storage is full. Nothing was changed", said)


class BusyTests(TransactionTestCase):
    """While another file is being loaded, a page says so and changes nothing."""

    def setUp(self) -> None:
        self.client.force_login(User.objects.create_superuser("alice"))
        stack = ExitStack()
        self.addCleanup(stack.close)
        stack.enter_context(patch.object(actions, "LOCK_TIMEOUT", 0.05))

    def hold_the_lock(self) -> None:
        other = connection.copy()
        self.addCleanup(other.close)
        cursor = other.cursor()
        if connection.vendor == "sqlite":
            cursor.execute("BEGIN IMMEDIATE")
        else:
            cursor.execute("BEGIN")
            number = int.from_bytes(b"D0010")
            cursor.execute("SELECT pg_advisory_xact_lock(%s)", [number])

    def messages_after(self, file: FlowFile, deed: str, **given: str) -> list[str]:
        """Press a button while another loads, and return what the answer says."""
        self.hold_the_lock()
        response = self.client.post(client_ip(file, deed), given)
        said = response.context["messages"] if response.context else None
        return [str(each) for each in said or self.kept(response)]

    def kept(self, response: HttpResponse) -> list[str]:
        """Return the messages for the next page."""
        page = self.client.get(response["Location"])
        return [str(each) for each in page.context["messages"]]

    def test_an_undoing_waits_for_another_time(self) -> None:
        file = imported(EVERY_GROUP)
        (said,) = self.messages_after(file, "undo", step="undo")
        self.assertIn("Another file is being loaded", said)

    def test_an_import_waits_for_another_time(self) -> None:
        file = import_text(flow_file_of_readings(BAD)).flow_file
        given = {"step": "import", "policy": "partial"}
        (said,) = self.messages_after(file, "reprocess", **given)
        self.assertIn("Another file is being loaded", said)
