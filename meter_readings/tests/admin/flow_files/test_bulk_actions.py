"""Undoing and importing again, of several files chosen in the list."""

from __future__ import annotations

from pathlib import Path
from unittest.mock import patch

from django.http import HttpResponse

from meter_readings import importer
from meter_readings.admin.flow_files import actions, bulk_actions
from meter_readings.models import FlowFile, Meter, Reading
from meter_readings.tests.admin.testcases import AdminTestCase, header_of, list_address
from meter_readings.tests.flow_file_builder import flow_file_of_readings
from meter_readings.tests.import_helpers import NOW, import_text, imported
from meter_readings.tests.users import user_with_permissions, user_with_view_permissions

GOOD = "030|S|20240401000000|{}.0|||T|N|"
BAD = "030|S|20240402000000|-1.0|||T|N|"


def good_file(number: int) -> FlowFile:
    """Return an imported file with another value of one reading for each number."""
    text = flow_file_of_readings(GOOD.format(number), header=header_of(number))
    return imported(text, f"good_{number}.uff")


def bad_file(number: int) -> FlowFile:
    """Return a rejected file with a good reading and a bad one."""
    good = GOOD.format(number)
    text = flow_file_of_readings(good, BAD, header=header_of(number))
    return import_text(text, f"bad_{number}.uff").flow_file


class BatchTestCase(AdminTestCase):
    action: str

    def choose(self, *files: FlowFile, **given: str) -> HttpResponse:
        """Choose files in the list and run the action on them."""
        data = {
            "action": self.action,
            "_selected_action": [str(file.pk) for file in files],
        }
        return self.client.post(list_address("flowfile"), data | given, follow=True)

    def told(self, page: HttpResponse) -> list[str]:
        """Return the messages on a page, with their levels."""
        return [f"{each.level_tag}: {each}" for each in page.context["messages"]]


class ListTests(AdminTestCase):
    def offered(self, *codenames: str) -> list[str]:
        """Return the actions offered to who has these permissions too."""
        self.client.force_login(user_with_permissions("view_flowfile", *codenames))
        form = self.get_list("flowfile").context["action_form"]
        return [name for name, _ in form.fields["action"].choices if name]

    def setUp(self) -> None:
        super().setUp()
        good_file(1)

    def test_list_offers_undoing_to_those_who_may_undo(self) -> None:
        self.assertEqual(self.offered("undo_flowfile"), ["undo_selected"])

    def test_list_offers_importing_to_those_who_may_import(self) -> None:
        self.assertEqual(self.offered("import_flowfile"), ["reprocess_selected"])

    def test_list_offers_nothing_to_those_who_may_only_look(self) -> None:
        self.client.force_login(user_with_view_permissions("flowfile"))
        self.assertNotContains(self.get_list("flowfile"), 'name="action"')

    def test_list_says_that_no_reading_of_an_undone_file_is_held(self) -> None:
        importer.undo_import(flow_file=FlowFile.objects.get(), now=NOW)
        self.client.force_login(self.superuser)
        page = self.get_list("flowfile")
        self.assertContains(page, '<td class="field-readings_loaded">0</td>', html=True)


class UndoTests(BatchTestCase):
    action = "undo_selected"

    def test_undo_is_asked_for_with_the_exact_number_and_the_files(self) -> None:
        page = self.choose(good_file(1), good_file(2))
        self.assertContains(page, "<h1>Undo the import of 2 files?</h1>", html=True)
        self.assertContains(page, "<strong>2 readings</strong> are taken away")
        self.assertContains(page, "good_1.uff")
        self.assertContains(page, "good_2.uff")

    def test_undo_of_many_is_asked_for_by_as_many_queries_as_of_one(self) -> None:
        one, *others = [good_file(number) for number in range(1, 6)]
        for files in ([one], others):
            with self.subTest(len(files)), self.assertNumQueries(13):
                self.choose(*files)

    def test_undo_changes_nothing_while_it_is_asked_for(self) -> None:
        self.choose(good_file(1))
        self.assertEqual(Reading.objects.count(), 1)

    def test_undoes_them_all_and_says_what_happened(self) -> None:
        page = self.choose(good_file(1), good_file(2), step="undo")
        said = "2 readings, 1 meter and 1 meter point removed."
        self.assertEqual(self.told(page), [f"success: 2 imports were undone: {said}"])
        self.assertIs(Meter.objects.exists(), False)

    def test_undo_leaves_the_others_as_they_are(self) -> None:
        good_file(1)
        self.choose(good_file(2), step="undo")
        self.assertEqual([int(each.value) for each in Reading.objects.all()], [1])

    def test_says_which_are_left_because_there_is_nothing_to_undo(self) -> None:
        page = self.choose(good_file(1), bad_file(2))
        self.assertContains(page, "nothing to do: bad_2.uff (rejected).")

    def test_undo_of_none_that_is_imported_says_so(self) -> None:
        page = self.choose(bad_file(1))
        said = "warning: None of these files is held as imported: there is nothing to"
        self.assertIn(said, self.told(page)[0])

    def test_undo_of_too_many_says_how_many_it_may_be(self) -> None:
        with patch.object(bulk_actions, "MAX_FILES", 1):
            page = self.choose(good_file(1), good_file(2), step="undo")
        said = "error: 2 files are too many: choose 1 at most at a time."
        self.assertEqual(self.told(page), [said])
        self.assertEqual(Reading.objects.count(), 2)

    def test_undo_of_too_much_says_how_much_it_may_be(self) -> None:
        with patch.object(bulk_actions, "MAX_BYTES", 100):
            page = self.choose(good_file(1), step="undo")
        self.assertIn("are too much: choose 100", self.told(page)[0])
        self.assertEqual(Reading.objects.count(), 1)

    def test_goes_on_where_one_cannot_be_undone(self) -> None:
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
            page = self.choose(*files, step="undo")
        self.assertEqual(
            self.told(page),
            [
                "error: good_4.uff is not imported any more: there was nothing to"
                " undo.",
                "error: good_3.uff was left as it was: another file was being loaded.",
                "error: good_2.uff was left as it was: the storage is full.",
                "success: 1 import was undone: 1 reading removed.",
            ],
        )

    def test_undo_says_nothing_of_success_where_there_was_none(self) -> None:
        refused = patch.object(
            actions, "perform_undo", side_effect=importer.NotImported
        )
        with refused:
            page = self.choose(good_file(1), step="undo")
        self.assertIn("error: good_1.uff is not imported any more", self.told(page)[0])
        self.assertEqual(len(self.told(page)), 1)

    def test_undo_is_not_done_for_those_who_may_not(self) -> None:
        file = good_file(1)
        self.client.force_login(user_with_view_permissions("flowfile"))
        self.choose(file, step="undo")
        self.assertEqual(Reading.objects.count(), 1)

    def test_undo_of_what_is_no_number_is_refused(self) -> None:
        self.silence_request_log()
        good_file(1)
        for nonsense in ("abc", "9" * 40, "\0"):
            with self.subTest(nonsense):
                data = {"action": self.action, "_selected_action": nonsense}
                page = self.client.post(list_address("flowfile"), data)
                self.assertEqual(page.status_code, 400)

    def test_undo_of_all_that_match_is_what_the_filter_says(self) -> None:
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


class ReprocessTests(BatchTestCase):
    action = "reprocess_selected"

    def test_reprocess_is_asked_for_with_the_exact_number_and_a_policy(self) -> None:
        page = self.choose(bad_file(1), bad_file(2))
        self.assertContains(page, "<h1>Import 2 files again?</h1>", html=True)
        self.assertEqual(page.context["form"]["policy"].value(), "standard")

    def test_reprocess_imports_them_all_and_says_what_came_of_each(self) -> None:
        page = self.choose(bad_file(1), bad_file(2), step="import", policy="partial")
        self.assertEqual(Reading.objects.count(), 2)
        second, first = self.told(page)
        self.assertIn("success: bad_1.uff: imported as", first)
        self.assertIn("success: bad_2.uff: imported as", second)

    def test_reprocess_says_which_was_rejected_again(self) -> None:
        page = self.choose(bad_file(1), step="import", policy="standard")
        said = "error: bad_1.uff: rejected: The value is negative."
        self.assertEqual(self.told(page), [said])

    def test_reprocess_wants_a_policy(self) -> None:
        page = self.choose(bad_file(1), step="import", policy="lenient")
        self.assertContains(page, "Choose a validation level.")

    def test_reprocess_of_files_that_are_held_asks_to_undo_them_first(self) -> None:
        page = self.choose(good_file(1))
        self.assertIn("undo them first", self.told(page)[0])

    def test_reprocess_of_a_file_whose_original_is_lost_says_so(self) -> None:
        file = bad_file(41)
        Path(file.content.path).unlink()
        page = self.choose(file, step="import", policy="partial")
        self.assertIn("its original is lost or has changed", self.told(page)[0])
