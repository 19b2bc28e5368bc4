"""Tests of what the API records."""

from __future__ import annotations

from datetime import timedelta

from django.test import override_settings
from django.utils import timezone

from meter_readings.accounts import api_tokens
from meter_readings.models import ApiToken, AuditEvent, FlowFile, Meter, MeterPoint
from meter_readings.tests.answers.testcases import hits_and_misses
from meter_readings.tests.api.base import EVERYTHING, MPAN, V1, ApiTestCase
from meter_readings.tests.support.import_helpers import imported


class ApiAuditTests(ApiTestCase):
    @classmethod
    def setUpTestData(cls) -> None:
        super().setUpTestData()
        cls.file = imported(EVERYTHING)

    def read(self, address: str, **headers: str) -> None:
        response = self.client.get(V1 + address, headers=headers)
        self.assertEqual(response.status_code, 200)
        b"".join(response.streaming_content)

    def test_an_export_is_recorded_with_its_filter_and_number_of_rows(self) -> None:
        self.read(f"readings/?format=csv&mpan={MPAN}")
        event = AuditEvent.objects.get(action="export")
        self.assertEqual((event.username, event.channel), ("alice", "api"))
        self.assertEqual(
            event.details, {"format": "csv", "filter": {"mpan": MPAN}, "rows": 1}
        )

    def test_an_export_below_a_meter_point_is_recorded_with_its_id(self) -> None:
        point = MeterPoint.objects.get(mpan=MPAN)
        self.read(f"meter-points/{MPAN}/readings/?format=d0010")
        self.assertEqual(
            AuditEvent.objects.get(action="export").details,
            {"format": "d0010", "filter": {"meter_point": point.pk}, "rows": 1},
        )

    def test_an_export_by_a_token_is_recorded_with_the_token(self) -> None:
        token, secret = api_tokens.create_token(
            user=self.superuser,
            name="nightly",
            scope=ApiToken.Scope.READ,
            days=1,
            now=timezone.now() - timedelta(hours=1),
        )
        self.client.logout()
        self.read("readings/?format=csv", authorization=f"Bearer {secret}")
        event = AuditEvent.objects.get(action="export")
        self.assertEqual(event.token, f"nightly ({token.prefix})")

    def test_a_download_of_an_original_is_recorded(self) -> None:
        self.read(f"flow-files/{self.file.pk}/content/")
        event = AuditEvent.objects.get(action="download")
        self.assertEqual((event.object_id, event.channel), (self.file.pk, "api"))

    def test_a_download_that_is_not_modified_is_not_recorded(self) -> None:
        etag = f'"{FlowFile.objects.get().sha256}"'
        for method, headers in (("get", {"if-none-match": etag}), ("head", {})):
            address = f"{V1}flow-files/{self.file.pk}/content/"
            getattr(self.client, method)(address, headers=headers)
        self.assertIs(AuditEvent.objects.filter(action="download").exists(), False)


class LookUpTests(ApiTestCase):
    @classmethod
    def setUpTestData(cls) -> None:
        super().setUpTestData()
        imported(EVERYTHING)
        cls.point = MeterPoint.objects.get(mpan=MPAN)

    def labels(self, address: str, method: str = "get", status: int = 200) -> list[str]:
        """Send a request; return the objects of the look-ups that were recorded."""
        known = list(AuditEvent.objects.values_list("pk", flat=True))
        response = getattr(self.client, method)(V1 + address)
        self.assertEqual(response.status_code, status)
        events = AuditEvent.objects.filter(action="look-up").exclude(pk__in=known)
        return list(events.values_list("object_label", flat=True))

    def test_every_way_to_look_up_a_meter_point_is_one_event_with_its_mpan(
        self,
    ) -> None:
        meter = Meter.objects.filter(meter_point=self.point).earliest("pk")
        spaced = f"{MPAN[:2]} {MPAN[2:]}"
        for address in (
            f"meter-points/{MPAN}/",
            f"meter-points/{self.point.pk}/",
            f"meter-points/{MPAN}/readings/",
            f"meter-points/{MPAN}/advances/",
            f"meter-points/?mpan={MPAN}",
            f"meters/{meter.pk}/",
            f"meters/{meter.pk}/readings/",
            f"meters/?mpan={spaced}",
            f"meters/?meter_point={self.point.pk}",
            f"site-visits/?mpan={MPAN}",
            f"site-visits/?meter={meter.pk}",
            f"readings/?mpan={MPAN}",
            f"readings/?search={MPAN}",
            f"readings/?meter_point={self.point.pk}",
            f"readings/latest/?mpan={MPAN}",
            f"readings/summary/?mpan={MPAN}",
        ):
            with self.subTest(address):
                self.assertEqual(self.labels(address), [MPAN])

    def test_event_has_user_channel_resource_and_request_id(self) -> None:
        response = self.client.get(f"{V1}meter-points/{MPAN}/readings/")
        event = AuditEvent.objects.get(action="look-up")
        self.assertEqual((event.username, event.channel), ("alice", "api"))
        self.assertEqual(event.object_type, "meterpoint")
        self.assertEqual(event.details, {"resource": "meter-point-readings"})
        self.assertEqual(str(event.request_id), response.headers["X-Request-ID"])

    def test_cached_answer_is_recorded_too(self) -> None:
        before, _ = hits_and_misses()
        for _ in range(2):
            self.assertEqual(self.labels(f"meter-points/{MPAN}/"), [MPAN])
        after, _ = hits_and_misses()
        self.assertEqual(after - before, 1)

    def test_look_up_of_several_mpans_is_one_event_that_names_them(self) -> None:
        other = "1000000000003"
        self.assertEqual(
            self.labels(f"readings/latest/?mpan={MPAN}&mpan={other}"), [""]
        )
        event = AuditEvent.objects.get(action="look-up")
        self.assertEqual(event.details["mpans"], f"{MPAN}, {other}")

    def test_lists_errors_and_other_methods_are_not_recorded(self) -> None:
        for address, method, status in (
            ("meter-points/", "get", 200),
            ("readings/", "get", 200),
            ("readings/?search=METER", "get", 200),
            ("flow-files/?search=" + MPAN, "get", 200),
            ("meter-points/2000000000024/", "get", 404),
            ("readings/?meter_point=999999", "get", 200),
            ("readings/?mpan=1", "get", 400),
            (f"meter-points/{MPAN}/", "head", 200),
            (f"meter-points/{MPAN}/", "options", 204),
        ):
            with self.subTest(address, method=method):
                self.assertEqual(self.labels(address, method, status), [])

    def test_export_is_not_recorded_as_a_look_up_too(self) -> None:
        self.assertEqual(self.labels(f"meter-points/{MPAN}/readings/?format=csv"), [])

    @override_settings(AUDIT_API_LOOKUPS=False)
    def test_setting_switches_look_ups_off(self) -> None:
        self.assertEqual(self.labels(f"meter-points/{MPAN}/"), [])
