"""Log lines of refused requests and of exports."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.contrib.auth.models import User
from django.test import TestCase, override_settings
from django.utils import timezone

from meter_readings.accounts import api_tokens
from meter_readings.models import ApiToken
from meter_readings.tests.support.flow_file_builder import EVERY_GROUP
from meter_readings.tests.support.import_helpers import imported

LOG = "meter_readings.ops.request_log"
READINGS = "/api/v1/readings/"
IP = "192.0.2.1"


@override_settings(BEHIND_PROXY=True)
class RequestLogTests(TestCase):
    def logged(self, send: Any, *arguments: Any, **options: Any) -> dict[str, Any]:
        """Return message and fields of the one line that a request writes."""
        headers = {"X-Forwarded-For": IP, **options.pop("headers", {})}
        with self.assertLogs(LOG) as logs:
            send(*arguments, headers=headers, **options)
        [record] = logs.records
        fields = {"message": record.getMessage(), **vars(record)["fields"]}
        self.assertLess(fields.pop("seconds"), 60)
        return fields

    def token(self, *, days: int = 9, age: timedelta = timedelta()) -> str:
        """Return the secret of a read-only token of a superuser."""
        _, secret = api_tokens.create_token(
            user=User.objects.create_superuser("program"),
            name="nightly",
            scope=ApiToken.Scope.READ,
            days=days,
            now=timezone.now() - age,
        )
        return secret

    def test_an_expired_token_is_logged_by_its_prefix(self) -> None:
        secret = self.token(days=1, age=timedelta(days=2))
        fields = self.logged(
            self.client.get, READINGS, headers={"Authorization": f"Bearer {secret}"}
        )
        self.assertEqual(
            fields,
            {
                "message": "Request refused.",
                "method": "GET",
                "route": "api:reading-list",
                "status": 401,
                "user": "",
                "token": ApiToken.objects.get().prefix,
                "client_ip": IP,
                "reason": "The token has expired.",
            },
        )

    def test_an_upload_with_a_read_only_token_is_logged_with_its_user(self) -> None:
        headers = {"Authorization": f"Bearer {self.token()}"}
        fields = self.logged(self.client.post, "/api/v1/flow-files/", headers=headers)
        self.assertEqual((fields["status"], fields["user"]), (403, "program"))

    def test_an_upload_that_is_too_large_is_logged(self) -> None:
        self.client.force_login(User.objects.create_superuser("alice"))
        with self.settings(UPLOAD_MAX_MEGABYTES=1):
            fields = self.logged(
                self.client.generic, "POST", "/api/v1/flow-files/", "x" * (2 << 20)
            )
        self.assertEqual((fields["status"], fields["user"]), (413, "alice"))

    def test_an_export_is_logged_with_its_user_and_without_its_query(self) -> None:
        imported(EVERY_GROUP)
        self.client.force_login(User.objects.create_superuser("alice"))
        fields = self.logged(
            self.client.get, f"{READINGS}?mpan=2000000000015&format=csv"
        )
        self.assertEqual((fields["message"], fields["user"]), ("Export.", "alice"))
        self.assertNotIn("2000000000015", str(fields))

    def test_other_requests_are_not_logged(self) -> None:
        with self.assertNoLogs(LOG):
            self.client.get("/admin/login/")
