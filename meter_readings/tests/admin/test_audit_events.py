"""Tests of the admin's page of the audit trail, and of what the admin records."""

from __future__ import annotations

import csv
import io
from datetime import datetime, timedelta
from typing import Any

from django.contrib.auth.models import User
from django.utils import timezone

from meter_readings import audit
from meter_readings.d0010 import LONDON
from meter_readings.models import (
    AuditEvent,
    FlowFile,
    Meter,
    MeterPoint,
    Reading,
    pseudonymise_mpan,
)
from meter_readings.tests.admin.testcases import AdminTestCase
from meter_readings.tests.importer.test_clear import OwnMedia
from meter_readings.tests.support.flow_file_builder import flow_file_of_readings
from meter_readings.tests.support.import_helpers import imported
from meter_readings.tests.support.users import user_with_permissions

LIST = "/admin/meter_readings/auditevent/"
EXPORT = f"{LIST}export/"
GOOD = flow_file_of_readings("030|S|20240401000000|1.0|||T|N|")
REQUEST_ID = "4b0b6e5e-2f0d-4a9b-8a3e-0c2f5d1c7b11"


def create_event(action: str = "import", **fields: Any) -> AuditEvent:
    values: dict[str, Any] = {"at": timezone.now(), "channel": "admin"}
    return AuditEvent.objects.create(action=action, **values | fields)


class AuditTrailTests(AdminTestCase):
    def setUp(self) -> None:
        super().setUp()
        # Signing in is recorded, too.
        self.others = {*AuditEvent.objects.values_list("pk", flat=True)}

    def found(self, **params: str) -> list[AuditEvent]:
        """Return the events of a list that the test has created."""
        page = self.client.get(LIST, params)
        self.assertEqual(page.status_code, 200)
        rows = page.context["cl"].result_list
        return [event for event in rows if event.pk not in self.others]

    def test_the_latest_event_is_first(self) -> None:
        earlier = create_event(at=timezone.now() - timedelta(days=1))
        later = create_event()
        self.assertEqual(self.found(), [later, earlier])

    def test_row_says_who_did_what_to_which_object_through_which_channel(self) -> None:
        create_event(
            username="billing",
            channel="api",
            token="nightly (d0010_abcdef)",
            object_type="flowfile",
            object_label="sample.uff",
            details={"outcome": "imported"},
        )
        page = self.client.get(LIST)
        for text in (
            "Import",
            "billing",
            "API, nightly (d0010_abcdef)",
            "sample.uff",
            "flow file",
            "outcome: imported",
        ):
            self.assertContains(page, text)

    def test_object_of_a_model_that_is_gone_keeps_its_type(self) -> None:
        create_event(object_type="tariff", object_label="Economy 7")
        self.assertContains(self.client.get(LIST), "tariff")

    def test_filters_by_user(self) -> None:
        create_event(username="bob")
        event = create_event(username="carol")
        self.assertEqual(self.found(user="carol"), [event])

    def test_filters_by_action(self) -> None:
        create_event("undo")
        event = create_event("export")
        self.assertEqual(self.found(action__exact="export"), [event])

    def test_filters_by_type_of_object(self) -> None:
        create_event(object_type="flowfile")
        event = create_event(object_type="meterpoint")
        self.assertEqual(self.found(object_type="meterpoint"), [event])

    def test_filters_by_date(self) -> None:
        event = create_event(at=datetime(2025, 3, 1, 12, tzinfo=LONDON))
        create_event(at=datetime(2025, 4, 1, 12, tzinfo=LONDON))
        self.assertEqual(self.found(at_in="2025-03"), [event])

    def test_searches_by_file_name(self) -> None:
        event = create_event(object_label="sample.uff")
        create_event(object_label="other.uff")
        self.assertEqual(self.found(q="sample.uff"), [event])

    def test_searches_by_mpan_with_spaces_and_by_its_pseudonym(self) -> None:
        mpan = "2000000000015"
        before = create_event(object_label=pseudonymise_mpan(mpan))
        after = create_event(object_label=mpan)
        self.assertEqual(self.found(q="20 0000 0000 015"), [after, before])

    def test_searches_by_request_id(self) -> None:
        event = create_event(request_id=REQUEST_ID)
        create_event()
        self.assertEqual(self.found(q=REQUEST_ID), [event])

    def test_page_takes_the_same_number_of_queries_with_many_events(self) -> None:
        create_event()
        self.client.get(LIST)
        few = self.query_count(LIST)
        AuditEvent.objects.bulk_create(
            AuditEvent(at=timezone.now(), action="look-up", channel="admin")
            for _ in range(50)
        )
        self.assertEqual(self.query_count(LIST), few)

    def test_long_list_stops_at_the_scan_limit_and_continues(self) -> None:
        AuditEvent.objects.bulk_create(
            AuditEvent(at=timezone.now(), action="look-up", channel="admin")
            for _ in range(2_100)
        )
        page = self.client.get(LIST, {"channel__exact": "api"})
        changelist = page.context["cl"]
        self.assertIsNotNone(changelist.last_scanned)
        self.assertIn(f"{timezone.localtime():%Y}", changelist.last_scanned_text)
        more = self.client.get(LIST + changelist.scan_more_query_string)
        self.assertIsNone(more.context["cl"].last_scanned)

    def test_page_of_an_event_shows_its_request_id_and_no_form(self) -> None:
        event = create_event(request_id=REQUEST_ID)
        page = self.client.get(f"{LIST}{event.pk}/change/")
        self.assertContains(page, REQUEST_ID)
        self.assertNotContains(page, 'type="submit" value="Save"')


class ExportTests(AdminTestCase):
    def rows(self, **params: str) -> list[dict[str, str]]:
        """Return the rows of an export."""
        response = self.client.get(EXPORT, params)
        text = b"".join(response.streaming_content).decode()
        return list(csv.DictReader(io.StringIO(text)))

    def test_list_links_to_the_export_with_its_filters(self) -> None:
        page = self.client.get(LIST, {"user": "bob", "p": "1"})
        self.assertContains(page, f'href="{EXPORT}?user=bob"')

    def test_export_has_the_events_of_the_filter(self) -> None:
        create_event(username="bob", details={"rows": 3}, object_label="=1+1")
        create_event(username="carol")
        [row] = self.rows(user="bob")
        self.assertEqual(
            (row["action"], row["username"], row["details"], row["object_label"]),
            ("import", "bob", '{"rows": 3}', "'=1+1"),
        )

    def test_export_is_recorded_with_filter_and_number_of_rows(self) -> None:
        create_event(username="bob")
        self.rows(user="bob")
        event = AuditEvent.objects.get(action="export")
        self.assertEqual((event.username, event.object_type), ("alice", "auditevent"))
        self.assertEqual(
            event.details, {"format": "csv", "filter": {"user": ["bob"]}, "rows": 1}
        )

    def test_export_with_an_invalid_filter_leads_to_the_list(self) -> None:
        self.assertRedirects(self.client.get(EXPORT, {"id": "x"}), LIST)

    def test_export_needs_the_permission_to_view_the_trail(self) -> None:
        self.silence_request_log()
        self.client.force_login(user_with_permissions("view_flowfile"))
        self.assertEqual(self.client.get(EXPORT).status_code, 403)


class AdminRecordsTests(OwnMedia, AdminTestCase):
    def setUp(self) -> None:
        super().setUp()
        self.file = imported(GOOD)

    def get(self, address: str) -> None:
        response = self.client.get(address)
        self.assertEqual(response.status_code, 200)
        if response.streaming:
            b"".join(response.streaming_content)

    def recorded(self, action: str) -> AuditEvent:
        event = AuditEvent.objects.get(action=action)
        self.assertEqual((event.username, event.channel), ("alice", "admin"))
        self.assertIsNotNone(event.request_id)
        return event

    def test_opening_a_meter_point_is_recorded(self) -> None:
        point = MeterPoint.objects.get()
        self.get(point.get_absolute_url())
        event = self.recorded("look-up")
        self.assertEqual((event.object_label, event.object_id), (point.mpan, point.pk))

    def test_opening_a_meter_is_recorded_for_its_meter_point(self) -> None:
        meter = Meter.objects.get()
        self.get(meter.get_absolute_url())
        event = self.recorded("look-up")
        self.assertEqual(
            (event.object_label, event.details),
            (meter.meter_point.mpan, {"page": "meter"}),
        )

    def test_a_head_request_opens_nothing(self) -> None:
        for address in (
            MeterPoint.objects.get().get_absolute_url(),
            Meter.objects.get().get_absolute_url(),
            f"/admin/meter_readings/flowfile/{self.file.pk}/original/",
        ):
            self.client.head(address)
        actions = AuditEvent.objects.values_list("action", flat=True)
        self.assertEqual({*actions} & {"look-up", "download"}, set())

    def test_a_download_is_recorded_and_in_the_history_of_the_file(self) -> None:
        self.get(f"/admin/meter_readings/flowfile/{self.file.pk}/original/")
        self.assertEqual(self.recorded("download").object_id, self.file.pk)
        page = self.client.get(self.file.get_absolute_url())
        self.assertContains(page, "Original downloaded")

    def test_exports_of_a_file_are_recorded(self) -> None:
        address = f"/admin/meter_readings/flowfile/{self.file.pk}/"
        for name in ("readings.csv", "readings.uff", "report.csv", "report.json"):
            self.get(address + name)
        events = AuditEvent.objects.filter(action="export", object_id=self.file.pk)
        self.assertEqual(
            [event.details for event in events.order_by("pk")],
            [
                {"format": "csv", "rows": 1},
                {"format": "d0010", "rows": 1},
                {"format": "validation report.csv"},
                {"format": "validation report.json"},
            ],
        )

    def test_an_export_of_readings_is_recorded_with_its_filter(self) -> None:
        mpan = MeterPoint.objects.get().mpan
        spaced = f"{mpan[:2]} {mpan[2:]}"
        self.get(f"/admin/meter_readings/reading/export/csv/?q={spaced}")
        event = self.recorded("export")
        self.assertEqual(
            event.details,
            {
                "format": "csv",
                "filter": {"Search": mpan, "Version status": "Current"},
                "rows": 1,
            },
        )

    def test_an_export_by_serial_number_is_recorded_with_the_search(self) -> None:
        serial_number = Meter.objects.get().serial_number
        self.get(f"/admin/meter_readings/reading/export/d0010/?q={serial_number}")
        filters = self.recorded("export").details["filter"]
        self.assertEqual(filters["Search"], serial_number)

    def test_an_export_of_selected_readings_is_recorded_with_their_number(self) -> None:
        data = {
            "action": "export_selected_d0010",
            "_selected_action": [Reading.objects.get().pk],
        }
        response = self.client.post("/admin/meter_readings/reading/", data)
        b"".join(response.streaming_content)
        details = self.recorded("export").details
        self.assertEqual(details, {"format": "d0010", "selected": 1, "rows": 1})

    def test_files_that_are_undone_together_have_one_request_id(self) -> None:
        other = imported(
            GOOD.replace("TEST000001", "TEST000002"), "other.uff", allow_same_name=True
        )
        data = {
            "action": "undo_selected",
            "_selected_action": [self.file.pk, other.pk],
            "step": "undo",
        }
        self.client.post("/admin/meter_readings/flowfile/", data)
        events = AuditEvent.objects.filter(action="undo")
        self.assertEqual(events.count(), 2)
        self.assertEqual(events.values("request_id").distinct().count(), 1)

    def test_tokens_are_recorded_when_created_and_revoked(self) -> None:
        data = {
            "name": "nightly",
            "user": self.superuser.pk,
            "scope": "read",
            "days": 90,
        }
        self.client.post("/admin/meter_readings/apitoken/add/", data)
        event = self.recorded("create-token")
        self.assertEqual(event.object_label, "nightly")
        revoke = {
            "action": "revoke_selected",
            "_selected_action": [event.object_id],
            "post": "yes",
        }
        self.client.post("/admin/meter_readings/apitoken/", revoke)
        self.assertEqual(self.recorded("revoke-token").object_id, event.object_id)

    def test_the_trail_keeps_the_name_of_a_user_who_is_deleted(self) -> None:
        bob = User.objects.create_superuser("bob")
        self.client.force_login(bob)
        self.get(self.file.get_absolute_url())
        self.get(f"/admin/meter_readings/flowfile/{self.file.pk}/original/")
        bob.delete()
        event = AuditEvent.objects.get(action="download")
        self.assertEqual(event.username, "bob")
        self.assertIs(FlowFile.objects.filter(pk=event.object_id).exists(), True)

    def test_system_user_is_the_actor_outside_of_a_request(self) -> None:
        audit.record(AuditEvent.Action.CLEAR)
        event = AuditEvent.objects.get(action="clear")
        self.assertEqual((event.channel, event.user_id), ("command", None))
