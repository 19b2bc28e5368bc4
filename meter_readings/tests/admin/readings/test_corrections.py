"""Tests of the pages that add, correct and withdraw readings, and undo that."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any
from unittest.mock import patch

from django.contrib.auth.models import User
from django.http import HttpResponse
from django.test import TransactionTestCase
from django.urls import reverse

from meter_readings.importer.corrections import acts
from meter_readings.models import AuditEvent, Correction, Meter, MeterPoint, Reading
from meter_readings.tests.admin.testcases import AdminTestCase
from meter_readings.tests.support.correction_helpers import (
    REASON,
    add,
    correct,
    undo,
    withdraw,
)
from meter_readings.tests.support.flow_file_builder import flow_file
from meter_readings.tests.support.disk_full import taken_import_lock
from meter_readings.tests.support.import_helpers import imported
from meter_readings.tests.support.users import user_with_permissions

FILE = flow_file("""
    026|2000000000015|V|
    028|TST0000001|R|
    030|S|20240301000000|100.0|||T|N|
    030|S|20240311000000|150.0|||T|N|
    030|S|20240321000000|200.0|||T|N|
    """)
MIDDLE = datetime(2024, 3, 11, tzinfo=UTC)
CHANGED = "Nothing was saved: readings of this register have changed"


class CorrectionTestCase(AdminTestCase):
    def setUp(self) -> None:
        super().setUp()
        imported(FILE)
        self.reading = Reading.objects.get(read_at=MIDDLE)

    def address(self, name: str, reading: Reading | None = None) -> str:
        key = (reading or self.reading).pk
        return reverse(f"admin:meter_readings_reading_{name}", args=(key,))

    def add_address(self) -> str:
        point = MeterPoint.objects.get()
        return reverse("admin:meter_readings_reading_add") + f"?meter_point={point.pk}"

    def given(self, **changes: Any) -> dict[str, Any]:
        """Return what the form of the middle reading sends, with changes."""
        stated = {
            "reason": REASON,
            "value": "150",
            "read_at": "2024-03-11T00:00",
            "register_id": "S",
            "validity": "valid",
        }
        return stated | changes

    def preview(self, address: str, given: dict[str, Any]) -> HttpResponse:
        """Ask for the preview; it must be shown."""
        response = self.client.post(address, given | {"step": "preview"})
        self.assertContains(response, "Nothing is saved yet.")
        return response

    def save(self, address: str, given: dict[str, Any], digest: str) -> HttpResponse:
        confirmed = given | {"step": "save", "digest": digest}
        return self.client.post(address, confirmed, follow=True)

    def preview_and_save(self, address: str, given: dict[str, Any]) -> HttpResponse:
        digest = self.preview(address, given).context["effects"].digest
        return self.save(address, given, digest)

    def assert_says(self, response: HttpResponse, text: str) -> None:
        self.assertIn(text, plain(response))

    def assert_refused(self, address: str, given: dict[str, Any], text: str) -> None:
        """Expect a sentence instead of a preview."""
        response = self.client.post(address, given | {"step": "preview"})
        self.assertNotIn("effects", response.context)
        self.assert_says(response, text)


def plain(response: HttpResponse) -> str:
    """Return the text of a page."""
    return " ".join(re.sub("<[^>]*>", " ", response.content.decode()).split())


def current(read_at: datetime = MIDDLE, register_id: str = "S") -> Reading:
    return Reading.objects.current().get(read_at=read_at, register_id=register_id)


class CorrectTests(CorrectionTestCase):
    def test_form_has_the_values_of_the_reading(self) -> None:
        response = self.client.get(self.address("correct"))
        self.assertContains(response, 'value="150"')
        self.assertContains(response, 'value="2024-03-11T00:00:00"')

    def test_form_is_beside_the_readings_around_it(self) -> None:
        shown = self.client.get(self.address("correct")).context["neighbours"]
        self.assertEqual([int(each.value) for each in shown], [200, 150, 100])

    def test_preview_shows_advances_before_and_after(self) -> None:
        response = self.preview(self.address("correct"), self.given(value="160"))
        self.assert_says(
            response, "11 Mar 2024 S Single rate 50.0 in 10 days 60.0 in 10 days"
        )

    def test_preview_shows_totals_before_and_after(self) -> None:
        response = self.preview(self.address("correct"), self.given(value="160"))
        self.assert_says(response, "Total of these advances S Single rate 100.0 100.0")

    def test_preview_of_a_negative_advance_has_no_total(self) -> None:
        response = self.preview(self.address("correct"), self.given(value="250"))
        self.assert_says(response, "50.0 in 10 days Negative advance")
        self.assert_says(
            response, "Total of these advances S Single rate 100.0 Unknown"
        )

    def test_preview_shows_another_latest_reading(self) -> None:
        given = self.given(read_at="2024-04-01T00:00")
        response = self.preview(self.address("correct"), given)
        self.assert_says(response, "Latest reading 200.0, 21 Mar 2024 150.0, 1 Apr")

    def test_preview_of_a_suspect_reading_has_no_advance_after(self) -> None:
        given = self.given(validity="suspect")
        response = self.preview(self.address("correct"), given)
        self.assert_says(response, "50.0 in 10 days –")

    def test_preview_saves_nothing(self) -> None:
        self.preview(self.address("correct"), self.given(value="160"))
        self.assertFalse(Correction.objects.exists())
        self.assertEqual(current(), self.reading)

    def test_preview_leads_back_to_the_form_with_what_was_entered(self) -> None:
        given = self.given(value="160", step="edit")
        response = self.client.post(self.address("correct"), given)
        self.assertContains(response, 'value="160"')
        self.assertContains(response, "Preview changes")

    def test_save_makes_the_corrected_value_current(self) -> None:
        self.preview_and_save(self.address("correct"), self.given(value="160.5"))
        self.assertEqual(current().value, Decimal("160.5"))

    def test_save_keeps_the_received_reading(self) -> None:
        self.preview_and_save(self.address("correct"), self.given(value="160.5"))
        self.reading.refresh_from_db()
        self.assertEqual(self.reading.value, 150)
        self.assertEqual(self.reading.version_status, "superseded")

    def test_save_leads_to_the_page_of_the_corrected_reading(self) -> None:
        given = self.given(value="160.5")
        response = self.preview_and_save(self.address("correct"), given)
        self.assertContains(response, "Reading corrected.")
        self.assertEqual(response.context["original"], current())

    def test_save_with_another_time_leads_to_the_reading_at_that_time(self) -> None:
        given = self.given(read_at="2024-03-12T09:30")
        response = self.preview_and_save(self.address("correct"), given)
        moved = current(datetime(2024, 3, 12, 9, 30, tzinfo=UTC))
        self.assertEqual(response.context["original"], moved)

    def test_save_is_in_the_audit_trail_with_the_user(self) -> None:
        self.preview_and_save(self.address("correct"), self.given(value="160.5"))
        event = AuditEvent.objects.get(action=AuditEvent.Action.CORRECT_READING)
        self.assertEqual(event.username, "alice")

    def test_save_without_a_preview_is_refused_with_the_preview(self) -> None:
        response = self.save(self.address("correct"), self.given(value="160"), "")
        self.assert_says(response, CHANGED)
        self.assertContains(response, "Preview")
        self.assertFalse(Correction.objects.exists())

    def test_save_after_another_correction_is_refused_with_the_new_preview(
        self,
    ) -> None:
        address, given = self.address("correct"), self.given(value="160")
        digest = self.preview(address, given).context["effects"].digest
        correct(self.reading, value="155")
        response = self.save(address, given, digest)
        self.assert_says(response, CHANGED)
        self.assert_says(response, "55.0 in 10 days 60.0 in 10 days")
        self.assertEqual(current().value, 155)

    def test_save_after_a_new_preview_corrects_the_latest_version(self) -> None:
        address, given = self.address("correct"), self.given(value="160")
        correct(self.reading, value="155")
        self.preview_and_save(address, given)
        self.assertEqual(current().value, 160)

    def test_reading_that_is_withdrawn_cannot_be_corrected(self) -> None:
        withdraw(self.reading)
        response = self.client.get(self.address("correct"), follow=True)
        self.assertContains(response, "All versions of this reading are withdrawn.")

    def test_reason_is_required(self) -> None:
        given = self.given(value="160", reason=" ")
        self.assert_refused(self.address("correct"), given, "Give a reason.")

    def test_change_is_required(self) -> None:
        text = "Nothing differs from the current reading."
        self.assert_refused(self.address("correct"), self.given(), text)

    def test_rule_is_shown_at_its_field(self) -> None:
        given = self.given(value="-1")
        response = self.client.post(self.address("correct"), given)
        self.assertEqual(
            response.context["form"].errors, {"value": ["A reading is not negative."]}
        )

    def test_impossible_values_are_refused(self) -> None:
        for name, value, text in (
            ("value", "many", "Enter a number."),
            ("value", "1E999999", "A reading has at most 9 digits."),
            ("value", "NaN", "Enter a number."),
            ("read_at", "yesterday", "Enter a date and a time."),
            ("read_at", "2024-13-11T00:00", "Enter a date and a time."),
            ("read_at", "0001-01-01T00:00+14:00", "Enter a date and a time."),
            ("read_at", "9999-12-31T23:59", "Enter a date and a time."),
            ("read_at", "2024-03-31T01:30", "couldn’t be interpreted in time zone"),
            ("register_id", "", "Enter the register."),
        ):
            with self.subTest(name, value=value):
                given = self.given(**{name: value})
                response = self.client.post(self.address("correct"), given)
                self.assertIn(text, str(response.context["form"].errors[name]))


class ClockChangeTests(CorrectionTestCase):
    def test_time_that_the_clocks_showed_twice_stays_the_same_instant(self) -> None:
        at = datetime(2024, 10, 27, 1, 30, tzinfo=UTC)
        correct(self.reading, read_at=at)
        moved = current(at)
        given = self.given(value="160", read_at="2024-10-27T01:30")
        self.preview_and_save(self.address("correct", moved), given)
        self.assertEqual(current(at).value, 160)


class WithdrawTests(CorrectionTestCase):
    def test_preview_shows_the_advance_across_the_reading(self) -> None:
        response = self.preview(self.address("withdraw"), {"reason": REASON})
        self.assert_says(
            response, "1 Mar 2024 21 Mar 2024 S Single rate – 100.0 in 20 days"
        )

    def test_save_withdraws_all_versions(self) -> None:
        response = self.preview_and_save(self.address("withdraw"), {"reason": REASON})
        self.assertContains(response, "Reading withdrawn.")
        self.assertContains(response, "All versions have been withdrawn.")

    def test_reading_that_is_withdrawn_cannot_be_withdrawn(self) -> None:
        withdraw(self.reading)
        response = self.client.get(self.address("withdraw"), follow=True)
        self.assertContains(response, "All versions of this reading are withdrawn.")


class UndoTests(CorrectionTestCase):
    def test_page_shows_at_once_what_changes(self) -> None:
        row = correct(self.reading, value="160").correction.readings.get()
        response = self.client.get(self.address("undo_correction", row))
        self.assert_says(response, "60.0 in 10 days 50.0 in 10 days")

    def test_save_makes_the_received_reading_current(self) -> None:
        row = correct(self.reading, value="160").correction.readings.get()
        address = self.address("undo_correction", row)
        response = self.preview_and_save(address, {})
        self.assertContains(response, "Correction undone.")
        self.assertEqual(current(), self.reading)

    def test_later_correction_is_undone_first(self) -> None:
        row = correct(self.reading, value="160").correction.readings.get()
        correct(row, value="170")
        response = self.client.get(self.address("undo_correction", row))
        self.assertContains(response, "Undo the later correction of this reading first")

    def test_correction_is_undone_once(self) -> None:
        correction = correct(self.reading, value="160").correction
        undo(correction)
        address = self.address("undo_correction", correction.readings.get())
        response = self.client.get(address, follow=True)
        self.assertContains(response, "This correction is already undone.")

    def test_reading_of_a_file_has_no_correction_to_undo(self) -> None:
        response = self.client.get(self.address("undo_correction"), follow=True)
        self.assertContains(response, "This version is from a file")


class AddTests(CorrectionTestCase):
    def given(self, **changes: Any) -> dict[str, Any]:
        """Return what the form sends for a reading that a customer phoned in."""
        phoned = {
            "meter": Meter.objects.get().pk,
            "reading_type": "C",
            "read_at": "2024-04-10T12:00",
            "value": "260",
        }
        return super().given(**phoned | changes)

    def test_page_without_a_meter_point_asks_for_the_mpan(self) -> None:
        address = reverse("admin:meter_readings_reading_add")
        self.assertContains(self.client.get(address), "MPAN")
        response = self.client.post(address, {"mpan": "20 0000 0000 015"})
        self.assertRedirects(response, self.add_address())

    def test_mpan_without_a_meter_point_is_refused(self) -> None:
        address = reverse("admin:meter_readings_reading_add")
        response = self.client.post(address, {"mpan": "2000000000016"})
        self.assertContains(response, "No meter point with this MPAN is stored.")

    def test_form_suggests_a_customers_own_reading(self) -> None:
        form = self.client.get(self.add_address()).context["form"]
        self.assertEqual(form["reading_type"].value(), "C")

    def test_form_offers_no_withdrawal(self) -> None:
        form = self.client.get(self.add_address()).context["form"]
        offered = dict(form.fields["reading_type"].choices)
        self.assertNotIn("W", offered)

    def test_save_stores_the_reading_as_current(self) -> None:
        response = self.preview_and_save(self.add_address(), self.given())
        self.assertContains(response, "Reading added.")
        added = current(datetime(2024, 4, 10, 11, tzinfo=UTC))
        self.assertEqual((added.value, added.reading_type), (260, "C"))

    def test_page_of_an_added_reading_says_that_it_was_entered_by_hand(self) -> None:
        response = self.preview_and_save(self.add_address(), self.given())
        self.assert_says(response, "Entered by hand by alice")
        self.assert_says(response, f"Reason: {REASON}")

    def test_time_with_a_current_reading_is_refused(self) -> None:
        given = self.given(read_at="2024-03-11T00:00")
        text = "Register S has a reading of 150 at this time. Correct that reading"
        self.assert_refused(self.add_address(), given, text)

    def test_meter_of_another_meter_point_is_refused(self) -> None:
        given = self.given(meter=0)
        self.assert_refused(self.add_address(), given, "Choose a meter.")


class LinkTests(CorrectionTestCase):
    """The links stand for users who have the permission, and for nobody else."""

    def sign_in_as_a_viewer(self) -> None:
        self.client.force_login(
            user_with_permissions(
                "view_reading", "view_meterpoint", "view_correction", name="viewer"
            )
        )

    def test_page_of_a_reading_has_links(self) -> None:
        page = self.page(self.reading)
        for name in ("correct", "withdraw"):
            self.assertContains(page, f'href="{self.address(name)}"')
        self.assertContains(page, self.add_address())

    def test_page_of_a_corrected_reading_has_a_link_to_undo(self) -> None:
        row = correct(self.reading, value="160").correction.readings.get()
        page = self.page(self.reading)
        self.assertContains(page, self.address("undo_correction", row))

    def test_page_of_a_meter_point_has_links(self) -> None:
        row = correct(self.reading, value="160").correction.readings.get()
        page = self.page(MeterPoint.objects.get())
        self.assertContains(page, self.add_address())
        for name in ("correct", "withdraw", "undo_correction"):
            self.assertContains(page, f'href="{self.address(name, row)}"')

    def test_list_of_readings_has_links(self) -> None:
        response = self.get_list("reading")
        self.assertContains(response, ">Add reading</a>")
        self.assertContains(response, f'href="{self.address("correct")}"')
        self.assertContains(response, f'href="{self.address("withdraw")}"')

    def test_list_of_readings_has_links_to_undo(self) -> None:
        row = withdraw(self.reading).correction.readings.get()
        response = self.get_list("reading", version_status__exact="withdrawn")
        self.assertContains(response, f'href="{self.address("undo_correction", row)}"')
        self.assertNotContains(response, f'href="{self.address("correct")}"')

    def test_pages_have_no_links_without_the_permission(self) -> None:
        correct(self.reading, value="160")
        self.sign_in_as_a_viewer()
        for response in (
            self.page(self.reading),
            self.page(MeterPoint.objects.get()),
            self.get_list("reading"),
        ):
            for text in ("Add reading", ">Correct<", ">Withdraw<", "Undo correction"):
                self.assertNotContains(response, text)

    def test_pages_are_refused_without_the_permission(self) -> None:
        self.silence_request_log()
        self.sign_in_as_a_viewer()
        names = ("correct", "withdraw", "undo_correction")
        for address in (self.add_address(), *map(self.address, names)):
            with self.subTest(address):
                self.assertEqual(self.client.get(address).status_code, 403)
                self.assertEqual(self.client.post(address).status_code, 403)


class MarkTests(CorrectionTestCase):
    """What was entered by hand says so wherever a meter point shows it."""

    def words_of_meter_point(self, **query: str) -> str:
        response = self.client.get(MeterPoint.objects.get().get_absolute_url(), query)
        return plain(response)

    def test_latest_reading_is_marked(self) -> None:
        correct(Reading.objects.latest("read_at"), value="210", user=self.superuser)
        words = self.words_of_meter_point()
        self.assertIn("Corrected by alice, 24 Nov 2026", words)
        self.assertIn("21 Mar 2024 210.0 ● Corrected", words)

    def test_first_reading_is_marked(self) -> None:
        correct(Reading.objects.earliest("read_at"), value="90")
        self.assertIn("1 Mar 2024 90.0 ● Corrected", self.words_of_meter_point())

    def test_latest_readings_besides_the_valid_one_are_marked(self) -> None:
        correct(Reading.objects.latest("read_at"), is_valid=False)
        words = self.words_of_meter_point()
        self.assertIn("21 Mar 2024 , actual ▲ Suspect ● Corrected", words)

    def test_latest_measured_reading_is_marked(self) -> None:
        correct(Reading.objects.latest("read_at"), value="210")
        meter = Meter.objects.get()
        add(meter, "300", datetime(2024, 4, 1, tzinfo=UTC), reading_type="D")
        words = self.words_of_meter_point()
        self.assertIn("210.0 , 21 Mar 2024 , actual ● Corrected", words)

    def test_advances_of_the_history_are_marked(self) -> None:
        correct(self.reading, value="160")
        words = self.words_of_meter_point()
        self.assertIn("160.0 60.0 corrected 10", words)
        self.assertIn("200.0 40.0 corrected 10", words)

    def test_negative_advance_is_marked(self) -> None:
        correct(self.reading, value="250")
        self.assertIn("a misread (corrected)", self.words_of_meter_point())

    def test_points_of_the_charts_are_marked(self) -> None:
        correct(self.reading, value="160")
        self.assertIn(
            "6.00 per day, 1 Mar 2024 to 11 Mar 2024, corrected",
            self.words_of_meter_point(),
        )
        words = self.words_of_meter_point(chart="readings")
        self.assertIn("160.0, 11 Mar 2024, actual, corrected", words)
        self.assertIn("160.0 Actual, corrected", words)


class HistoryTests(CorrectionTestCase):
    def test_versions_have_user_and_reason(self) -> None:
        correct(self.reading, value="160", user=self.superuser)
        words = self.words(self.reading)
        self.assertIn("Corrected by alice", words)
        self.assertIn(REASON, words)

    def test_reason_needs_the_permission(self) -> None:
        correct(self.reading, value="160")
        self.client.force_login(user_with_permissions("view_reading", name="viewer"))
        self.assertNotIn(REASON, self.words(self.reading))


class BusyTests(TransactionTestCase):
    def test_import_of_a_file_is_reported_in_a_sentence(self) -> None:
        self.client.force_login(User.objects.create_superuser("alice"))
        imported(FILE)
        page = "admin:meter_readings_reading_withdraw"
        address = reverse(page, args=(Reading.objects.latest("pk").pk,))
        with taken_import_lock(), patch.object(acts, "_LOCK_TIMEOUT", 0.05):
            response = self.client.post(address, {"reason": REASON})
        self.assertContains(response, "Another file is being imported or undone.")
