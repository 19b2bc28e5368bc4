"""Tests of the actions on files selected in the list."""

from __future__ import annotations

from pathlib import Path
from unittest.mock import patch

from django.http import HttpResponse

from meter_readings import importer
from meter_readings.admin.flow_files import actions, bulk_actions
from meter_readings.models import AuditEvent, FlowFile, Meter, Reading
from meter_readings.tests.admin.testcases import AdminTestCase, header_of, list_address
from meter_readings.tests.jobs.job_helpers import run_tasks, with_queue
from meter_readings.tests.support.flow_file_builder import flow_file_of_readings
from meter_readings.tests.support.import_helpers import NOW, import_text, imported
from meter_readings.tests.support.users import (
    user_with_permissions,
    user_with_view_permissions,
)

GOOD = "030|S|20240401000000|{}.0|||T|N|"
BAD = "030|S|20240402000000|-1.0|||T|N|"


def good_file(number: int) -> FlowFile:
    """Return an imported file whose one reading has this value."""
    text = flow_file_of_readings(GOOD.format(number), header=header_of(number))
    return imported(text, f"good_{number}.uff")


def bad_file(number: int) -> FlowFile:
    """Return a rejected file with a valid and an invalid reading."""
    good = GOOD.format(number)
    text = flow_file_of_readings(good, BAD, header=header_of(number))
    return import_text(text, f"bad_{number}.uff").flow_file


class BulkActionTestCase(AdminTestCase):
    action: str

    def run_action(self, *files: FlowFile, **given: str) -> HttpResponse:
        """Select files in the list, run the action and follow the redirect."""
        data = {
            "action": self.action,
            "_selected_action": [str(file.pk) for file in files],
        }
        return self.client.post(list_address("flowfile"), data | given, follow=True)

    def messages(self, page: HttpResponse) -> list[str]:
        """Return the levels and texts of the messages on a page."""
        return [f"{each.level_tag}: {each}" for each in page.context["messages"]]


class AvailableActionsTests(AdminTestCase):
    def available(self, *codenames: str) -> list[str]:
        """Return the actions available with these permissions."""
        self.client.force_login(user_with_permissions("view_flowfile", *codenames))
        form = self.get_list("flowfile").context["action_form"]
        return [name for name, _ in form.fields["action"].choices if name]

    def setUp(self) -> None:
        super().setUp()
        good_file(1)

    def test_undo_is_available_with_its_permission(self) -> None:
        self.assertEqual(self.available("undo_flowfile"), ["undo_selected"])

    def test_reprocess_is_available_with_its_permission(self) -> None:
        self.assertEqual(self.available("import_flowfile"), ["reprocess_selected"])

    def test_no_action_is_available_without_permission(self) -> None:
        self.client.force_login(user_with_view_permissions("flowfile"))
        self.assertNotContains(self.get_list("flowfile"), 'name="action"')

    def test_undone_file_is_listed_with_zero_readings_loaded(self) -> None:
        importer.undo_import(flow_file=FlowFile.objects.get(), now=NOW)
        self.client.force_login(self.superuser)
        page = self.get_list("flowfile")
        self.assertContains(page, '<td class="field-readings_loaded">0</td>', html=True)


class UndoTests(BulkActionTestCase):
    action = "undo_selected"

    def test_undo_confirmation_shows_the_files_and_their_number(self) -> None:
        page = self.run_action(good_file(1), good_file(2))
        self.assertContains(page, "<h1>Undo the import of 2 files?</h1>", html=True)
        self.assertContains(page, "<strong>2 readings</strong>")
        self.assertContains(page, "good_1.uff")
        self.assertContains(page, "good_2.uff")

    def test_undo_confirmation_takes_as_many_queries_for_many_files_as_for_one(
        self,
    ) -> None:
        one, *others = [good_file(number) for number in range(1, 6)]
        for files in ([one], others):
            with self.subTest(len(files)), self.assertNumQueries(13):
                self.run_action(*files)

    def test_undo_confirmation_changes_nothing(self) -> None:
        self.run_action(good_file(1))
        self.assertEqual(Reading.objects.count(), 1)

    def test_undo_of_several_files_reports_their_sum(self) -> None:
        page = self.run_action(good_file(1), good_file(2), step="undo")
        expected = "2 readings, 1 meter and 1 meter point removed."
        self.assertEqual(
            self.messages(page), [f"success: 2 imports undone: {expected}"]
        )
        self.assertIs(Meter.objects.exists(), False)

    def test_all_events_of_one_request_have_its_request_id(self) -> None:
        self.run_action(good_file(1), good_file(2), step="undo")
        events = AuditEvent.objects.filter(action="undo", username="alice")
        self.assertEqual(events.count(), 2)
        [request_id] = events.values_list("request_id", flat=True).distinct()
        self.assertIsNotNone(request_id)

    @with_queue
    def test_all_events_of_its_jobs_have_its_request_id(self) -> None:
        self.run_action(good_file(1), good_file(2), step="undo")
        run_tasks()
        events = AuditEvent.objects.filter(action="undo", username="alice")
        self.assertEqual(events.count(), 2)
        [request_id] = events.values_list("request_id", flat=True).distinct()
        self.assertIsNotNone(request_id)

    def test_undo_changes_no_other_file(self) -> None:
        good_file(1)
        self.run_action(good_file(2), step="undo")
        self.assertEqual([int(each.value) for each in Reading.objects.all()], [1])

    def test_undo_confirmation_lists_skipped_files(self) -> None:
        page = self.run_action(good_file(1), bad_file(2))
        self.assertContains(page, "Skipped: bad_2.uff (rejected).")

    def test_undo_of_files_that_are_not_imported_reports_it(self) -> None:
        page = self.run_action(bad_file(1))
        expected = "warning: None of these files is imported: there is nothing to"
        self.assertIn(expected, self.messages(page)[0])

    def test_undo_of_too_many_files_reports_the_limit(self) -> None:
        with patch.object(bulk_actions, "MAX_FILES", 1):
            page = self.run_action(good_file(1), good_file(2), step="undo")
        expected = "error: 2 files are selected. Select at most 1."
        self.assertEqual(self.messages(page), [expected])
        self.assertEqual(Reading.objects.count(), 2)

    def test_undo_of_too_many_bytes_reports_the_limit(self) -> None:
        with patch.object(bulk_actions, "MAX_BYTES", 100):
            page = self.run_action(good_file(1), step="undo")
        self.assertIn("are selected. Select at most 100", self.messages(page)[0])
        self.assertEqual(Reading.objects.count(), 1)

    def test_undo_continues_after_a_file_that_fails(self) -> None:
        files = [good_file(1), good_file(2), good_file(3), good_file(4)]
        failures = iter(
            [
                importer.NotImported,
                importer.ImportLockTimeout,
                importer.StorageFull,
                None,
            ]
        )

        def undo(*given: object, **options: object) -> importer.UndoResult:
            failure = next(failures)
            if failure:
                raise failure
            return importer.UndoResult(1, 0, 0, 0, 0)

        with patch.object(actions, "perform_undo", undo):
            page = self.run_action(*files, step="undo")
        self.assertEqual(
            self.messages(page),
            [
                "error: good_4.uff: no longer imported, there was nothing to undo.",
                "error: good_3.uff: not changed, another file is being imported or "
                "undone.",
                "error: good_2.uff: not changed, the storage is full.",
                "success: 1 import undone: 1 reading removed.",
            ],
        )

    def test_undo_of_files_that_all_fail_reports_no_success(self) -> None:
        refused = patch.object(
            actions, "perform_undo", side_effect=importer.NotImported
        )
        with refused:
            page = self.run_action(good_file(1), step="undo")
        self.assertIn("error: good_1.uff: no longer imported", self.messages(page)[0])
        self.assertEqual(len(self.messages(page)), 1)

    def test_undo_without_permission_changes_nothing(self) -> None:
        file = good_file(1)
        self.client.force_login(user_with_view_permissions("flowfile"))
        self.run_action(file, step="undo")
        self.assertEqual(Reading.objects.count(), 1)

    def test_selection_that_is_not_a_number_is_a_bad_request(self) -> None:
        self.silence_request_log()
        good_file(1)
        for nonsense in ("abc", "9" * 40, "\0"):
            with self.subTest(nonsense):
                data = {"action": self.action, "_selected_action": nonsense}
                page = self.client.post(list_address("flowfile"), data)
                self.assertEqual(page.status_code, 400)

    def test_undo_of_all_matching_files_obeys_the_filter(self) -> None:
        good_file(1)
        bad = bad_file(2)
        data = {
            "action": self.action,
            "index": "0",
            "select_across": "1",
            "_selected_action": [str(bad.pk)],
        }
        address = list_address("flowfile") + "?status__exact=imported"
        page = self.client.post(address, data)
        self.assertContains(page, "Undo the import of 1 file?")
        self.assertContains(page, "good_1.uff")


class ReprocessTests(BulkActionTestCase):
    action = "reprocess_selected"

    def test_reprocess_confirmation_shows_the_number_of_files_and_a_policy(
        self,
    ) -> None:
        page = self.run_action(bad_file(1), bad_file(2))
        self.assertContains(page, "<h1>Import 2 files again?</h1>", html=True)
        self.assertEqual(page.context["form"]["policy"].value(), "standard")

    def test_reprocess_of_several_files_reports_each_result(self) -> None:
        page = self.run_action(
            bad_file(1), bad_file(2), step="import", policy="partial"
        )
        self.assertEqual(Reading.objects.count(), 2)
        second, first = self.messages(page)
        self.assertIn("success: bad_1.uff: imported as", first)
        self.assertIn("success: bad_2.uff: imported as", second)

    def test_reprocess_reports_a_file_that_is_rejected_again(self) -> None:
        page = self.run_action(bad_file(1), step="import", policy="standard")
        expected = "error: bad_1.uff: rejected: The value is negative."
        self.assertEqual(self.messages(page), [expected])

    def test_reprocess_requires_a_valid_policy(self) -> None:
        page = self.run_action(bad_file(1), step="import", policy="lenient")
        self.assertContains(page, "Choose an import policy.")

    def test_reprocess_of_imported_files_asks_to_undo_them_first(self) -> None:
        page = self.run_action(good_file(1))
        self.assertIn("undo them first", self.messages(page)[0])

    def test_reprocess_of_a_file_whose_original_is_missing_reports_it(self) -> None:
        file = bad_file(41)
        Path(file.content.path).unlink()
        page = self.run_action(file, step="import", policy="partial")
        self.assertIn(
            "its original file is missing or has changed", self.messages(page)[0]
        )
