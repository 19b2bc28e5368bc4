"""Tests of what the API records."""

from __future__ import annotations

from datetime import timedelta

from django.utils import timezone

from meter_readings.accounts import api_tokens
from meter_readings.models import ApiToken, AuditEvent, FlowFile, MeterPoint
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
