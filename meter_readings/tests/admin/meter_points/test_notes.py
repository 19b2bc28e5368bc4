"""Tests of notes about meter points."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.http import HttpResponse

from meter_readings import importer
from meter_readings.models import AuditEvent, MeterPoint, MeterPointNote
from meter_readings.tests.admin.testcases import AdminTestCase
from meter_readings.tests.support.flow_file_builder import flow_file_of_readings
from meter_readings.tests.support.import_helpers import NOW, imported
from meter_readings.tests.support.users import user_with_permissions

MPAN, OTHER = "2000000000015", "1000000000003"
GOOD = "030|S|20240401000000|99.0|||T|N|"


class NoteTests(AdminTestCase):
    @classmethod
    def setUpTestData(cls) -> None:
        super().setUpTestData()
        cls.point = MeterPoint.objects.create(mpan=MPAN)

    def post(self, **data: Any) -> HttpResponse:
        url = f"/admin/meter_readings/meterpoint/{self.point.pk}/notes/"
        return self.client.post(url, data, follow=True)

    def sign_in(self, *codenames: str) -> None:
        self.client.force_login(user_with_permissions("view_meterpoint", *codenames))

    def create(
        self, text: str, *, mpan: str = MPAN, minutes: int = 0
    ) -> MeterPointNote:
        return MeterPointNote.objects.create(
            mpan=mpan, text=text, written_at=NOW + timedelta(minutes=minutes)
        )

    def test_note_has_a_user_and_a_time(self) -> None:
        page = self.post(text="Customer says the meter was exchanged")
        self.assertContains(page, "Note added.")
        self.assertRegex(
            self.words(self.point),
            r"Notes \d+ \w+ 20\d\d .*, alice Customer says the meter was exchanged",
        )

    def test_notes_are_shown_newest_first(self) -> None:
        for minutes, text in ((1, "first"), (3, "third"), (2, "second")):
            self.create(text, minutes=minutes)
        notes = self.page(self.point).context["notes"]
        self.assertEqual([note.text for note in notes], ["third", "second", "first"])

    def test_only_the_latest_twenty_notes_are_shown(self) -> None:
        for number in range(21):
            self.create(f"Note {number:02}", minutes=number)
        page = self.page(self.point)
        self.assertNotContains(page, "Note 00")
        self.assertContains(page, "Only the latest 20 notes are shown.")

    def test_note_about_another_meter_point_is_not_shown(self) -> None:
        self.create("About another", mpan=OTHER)
        self.assertNotContains(self.page(self.point), "About another")

    def test_text_of_a_note_is_escaped(self) -> None:
        self.create("<b>bold</b>")
        self.assertContains(self.page(self.point), "&lt;b&gt;bold&lt;/b&gt;")

    def test_empty_note_is_refused(self) -> None:
        self.assertContains(self.post(text=" "), "Enter a note.")
        self.assertIs(MeterPointNote.objects.exists(), False)

    def test_note_is_deleted_and_the_audit_trail_says_who_did_it(self) -> None:
        note = self.create("Wrong meter point")
        self.assertContains(self.post(delete=note.pk), "Note deleted.")
        self.assertIs(MeterPointNote.objects.exists(), False)
        event = AuditEvent.objects.get(action="delete-note")
        self.assertEqual(
            (event.username, event.object_label, event.details),
            (self.superuser.username, MPAN, {"note": note.pk}),
        )

    def test_note_of_another_meter_point_is_not_deleted(self) -> None:
        note = self.create("About another", mpan=OTHER)
        for note_id in (note.pk, "x"):
            page = self.post(delete=note_id)
            self.assertContains(page, "The note was deleted before.")
        self.assertIs(MeterPointNote.objects.exists(), True)

    def test_notes_are_shown_with_the_permission_to_view_them(self) -> None:
        self.create("Dog in the yard")
        self.sign_in("view_meterpointnote")
        page = self.page(self.point)
        self.assertContains(page, "Dog in the yard")
        self.assertNotContains(page, "Add note")
        self.assertNotContains(page, 'name="delete"')

    def test_notes_are_not_shown_without_permission(self) -> None:
        self.create("Dog in the yard")
        self.sign_in()
        page = self.page(self.point)
        self.assertNotContains(page, "Dog in the yard")
        self.assertNotContains(page, "Notes")

    def test_adding_and_deleting_need_their_permissions(self) -> None:
        self.silence_request_log()
        note = self.create("Dog in the yard")
        self.sign_in("view_meterpointnote")
        self.assertEqual(self.post(text="Another").status_code, 403)
        self.assertEqual(self.post(delete=note.pk).status_code, 403)
        self.assertEqual(MeterPointNote.objects.count(), 1)

    def test_notes_take_one_query(self) -> None:
        self.client.get(self.point.get_absolute_url())
        before = self.query_count(self.point.get_absolute_url())
        for number in range(3):
            self.create(f"Note {number}")
        self.assertEqual(self.query_count(self.point.get_absolute_url()), before)

    def test_note_outlives_the_undo_of_the_import_and_is_shown_again(self) -> None:
        self.point.delete()
        file = imported(flow_file_of_readings(GOOD))
        self.create("Dog in the yard")
        importer.undo_import(flow_file=file, now=NOW)
        self.assertIs(MeterPoint.objects.exists(), False)
        imported(flow_file_of_readings(GOOD))
        self.assertContains(self.page(MeterPoint.objects.get()), "Dog in the yard")
