"""Tests of acknowledging flow files that need attention."""

from __future__ import annotations

from datetime import timedelta
from unittest.mock import patch

from django.contrib.auth.models import User
from django.http import HttpResponse

from meter_readings.admin.flow_files import acknowledgements
from meter_readings.models import AuditEvent, FlowFile
from meter_readings.tests.admin.testcases import header_of
from meter_readings.tests.support.flow_file_builder import flow_file_of_readings
from meter_readings.tests.support.import_helpers import NOW, imported
from meter_readings.tests.support.users import user_with_permissions

from .test_actions import ActionTestCase
from .test_bulk_actions import BulkActionTestCase, bad_file, good_file

NOTE = "Sender asked for a corrected file"


def acknowledgement(file: FlowFile) -> tuple[User | None, str]:
    """Return who acknowledged a file, and the note."""
    file.refresh_from_db()
    return file.acknowledged_by, file.acknowledgement_note


class AcknowledgeTests(ActionTestCase):
    action = "acknowledge"

    def setUp(self) -> None:
        super().setUp()
        self.file = bad_file(1)

    def remove(self) -> HttpResponse:
        return self.submit(self.file, "remove")

    def test_page_of_a_file_that_needs_attention_links_to_the_form(self) -> None:
        link = f'flowfile/{self.file.pk}/acknowledge/">Acknowledge</a>'
        self.assertContains(self.page(self.file), link)

    def test_page_of_a_file_that_needs_no_attention_has_no_link_to_the_form(
        self,
    ) -> None:
        self.assertNotContains(self.page(good_file(2)), "/acknowledge/")

    def test_page_has_no_link_to_the_form_without_permission(self) -> None:
        self.client.force_login(user_with_permissions("view_flowfile"))
        self.assertNotContains(self.page(self.file), "/acknowledge/")

    def test_form_asks_for_a_note(self) -> None:
        page = self.confirmation(self.file)
        self.assertContains(page, "<h1>Acknowledge bad_1.uff?</h1>", html=True)
        self.assertContains(page, 'name="note"')

    def test_acknowledgement_has_a_user_a_time_and_a_note(self) -> None:
        page = self.submit(self.file, note=NOTE)
        self.assertEqual(self.message(page), "success: bad_1.uff acknowledged.")
        self.assertEqual(acknowledgement(self.file), (self.superuser, NOTE))
        self.assertRegex(
            self.words(self.file), rf"Acknowledged by alice, .* 20\d\d .*: {NOTE}"
        )

    def test_acknowledgement_without_a_note_is_refused(self) -> None:
        page = self.submit(self.file, note=" ")
        self.assertContains(page, "Enter a note.")
        self.assertEqual(acknowledgement(self.file), (None, ""))

    def test_note_that_is_too_long_is_refused(self) -> None:
        page = self.submit(self.file, note="x" * 201)
        self.assertContains(page, "at most 200 characters")

    def test_acknowledging_a_second_time_changes_nothing(self) -> None:
        self.submit(self.file, note=NOTE)
        page = self.submit(self.file, note="Another note")
        self.assertEqual(
            self.message(page), "warning: bad_1.uff does not need attention."
        )
        self.assertEqual(acknowledgement(self.file), (self.superuser, NOTE))

    def test_acknowledgement_can_be_removed(self) -> None:
        self.submit(self.file, note=NOTE)
        self.assertContains(self.page(self.file), "Remove acknowledgement")
        self.assertEqual(
            self.message(self.remove()), "success: Acknowledgement removed."
        )
        self.assertEqual(acknowledgement(self.file), (None, ""))
        self.assertIs(self.page(self.file).context["needs_attention"], True)

    def test_removing_an_acknowledgement_that_is_not_there_changes_nothing(
        self,
    ) -> None:
        self.assertEqual([*self.remove().context["messages"]], [])
        events = AuditEvent.objects.filter(action="remove-acknowledgement")
        self.assertIs(events.exists(), False)

    def test_audit_trail_has_acknowledgements_and_their_removal(self) -> None:
        self.submit(self.file, note=NOTE)
        self.remove()
        events = AuditEvent.objects.filter(action__contains="acknowledge")
        self.assertEqual(
            [
                (event.username, event.action, event.object_id, event.details)
                for event in events.order_by("pk")
            ],
            [
                ("alice", "acknowledge", self.file.pk, {"note": NOTE}),
                ("alice", "remove-acknowledgement", self.file.pk, {}),
            ],
        )

    def test_page_links_to_the_corrected_version(self) -> None:
        good = "030|S|20240401000000|1.0|||T|N|"
        text = flow_file_of_readings(good, header=header_of(1))
        corrected = imported(text, "good_1.uff", now=NOW + timedelta(hours=1))
        words = self.words(self.file)
        self.assertIn("A corrected version was imported later: good_1.uff", words)
        self.assertContains(self.page(self.file), corrected.get_absolute_url())

    def test_form_needs_the_permission(self) -> None:
        self.silence_request_log()
        self.client.force_login(
            user_with_permissions("view_flowfile", "import_flowfile")
        )
        self.assertEqual(self.confirmation(self.file).status_code, 403)


class AcknowledgeSelectedTests(BulkActionTestCase):
    action = "acknowledge_selected"

    def test_confirmation_lists_the_files_that_need_attention(self) -> None:
        page = self.run_action(bad_file(1), bad_file(2), good_file(3))
        self.assertContains(page, "<h1>Acknowledge 2 files?</h1>", html=True)
        self.assertContains(page, "bad_2.uff")
        self.assertNotContains(page, "good_3.uff")

    def test_selected_files_are_acknowledged_with_one_note(self) -> None:
        files = [bad_file(1), bad_file(2)]
        page = self.run_action(*files, step="acknowledge", note=NOTE)
        self.assertEqual(self.messages(page), ["success: 2 files acknowledged."])
        for file in files:
            self.assertEqual(acknowledgement(file), (self.superuser, NOTE))
        events = AuditEvent.objects.filter(action="acknowledge")
        self.assertEqual(events.count(), 2)
        self.assertEqual(events.values("request_id").distinct().count(), 1)

    def test_note_is_required(self) -> None:
        file = bad_file(1)
        page = self.run_action(file, step="acknowledge")
        self.assertContains(page, "Enter a note.")
        self.assertEqual(acknowledgement(file), (None, ""))

    def test_files_that_need_no_attention_are_reported(self) -> None:
        page = self.run_action(good_file(1), step="acknowledge", note=NOTE)
        expected = "warning: None of these files needs attention: there is nothing to"
        self.assertIn(expected, self.messages(page)[0])

    def test_too_many_files_are_refused(self) -> None:
        with patch.object(acknowledgements, "MAX_FILES", 1):
            page = self.run_action(bad_file(1), bad_file(2))
        expected = "error: More than 1 files are selected. Select at most 1."
        self.assertEqual(self.messages(page), [expected])

    def test_confirmation_takes_as_many_queries_for_many_files_as_for_one(
        self,
    ) -> None:
        one, *others = [bad_file(number) for number in range(1, 6)]
        for files in ([one], others):
            with self.subTest(len(files)), self.assertNumQueries(12):
                self.run_action(*files)

    def test_action_needs_the_permission(self) -> None:
        file = bad_file(1)
        self.client.force_login(user_with_permissions("view_flowfile", "undo_flowfile"))
        self.run_action(file, step="acknowledge", note=NOTE)
        self.assertEqual(acknowledgement(file), (None, ""))
