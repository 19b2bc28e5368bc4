"""Webhooks: signed requests, and what is not requested."""

from __future__ import annotations

import base64
import hashlib
import hmac
import ipaddress
import json
import socket
import time
from contextlib import suppress
from datetime import timedelta
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from tempfile import TemporaryDirectory
from unittest.mock import patch

from django.test import SimpleTestCase, TestCase
from django.utils import timezone

from meter_readings.models import Notification, NotificationDelivery, NotificationRule
from meter_readings.notifications import (
    SendResult,
    send_due,
    url_problem,
    webhooks,
)
from meter_readings.tests.support.certificates import make_certificate, tls_server
from meter_readings.tests.support.import_helpers import import_text
from meter_readings.tests.support.webhook_server import WebhookServer

from .rules import DUE, record, statuses, webhook_rule
from .test_outbox import BAD

LOCAL = [ipaddress.ip_network("127.0.0.0/8")]
# The example of the specification (standardwebhooks.com)
SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
EXAMPLE_ID, EXAMPLE_TIME = "msg_p5jXN8AQM9LWM0D4loKWxJek", 1614265330
EXAMPLE_BODY = b'{"test": 2432232314}'
EXAMPLE_SIGNATURE = "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


class SignatureTests(SimpleTestCase):
    def test_signature_is_that_of_the_example_in_the_specification(self) -> None:
        signature = webhooks.sign(
            SECRET, message_id=EXAMPLE_ID, timestamp=EXAMPLE_TIME, body=EXAMPLE_BODY
        )
        self.assertEqual(signature, EXAMPLE_SIGNATURE)

    def test_a_made_secret_is_accepted(self) -> None:
        self.assertEqual(webhooks.secret_problem(webhooks.generate_secret()), "")

    def test_other_secrets_are_refused(self) -> None:
        for secret in ("", "password", "whsec_", "whsec_!!!", "whsec_c2hvcnQ="):
            with self.subTest(secret):
                self.assertIn("24 to 64 random bytes", webhooks.secret_problem(secret))


class AddressTests(SimpleTestCase):
    def test_only_public_addresses_are_allowed(self) -> None:
        for text, is_allowed in {
            "93.184.216.34": True,
            "2606:4700::1111": True,
            "127.0.0.1": False,
            "10.1.2.3": False,
            "172.16.0.1": False,
            "192.168.1.1": False,
            "169.254.169.254": False,
            "100.64.0.1": False,
            "0.0.0.0": False,
            "224.0.0.1": False,
            "::1": False,
            "fe80::1": False,
            "fd00::1": False,
            "ff02::1": False,
            "::ffff:10.1.2.3": False,
            "::ffff:93.184.216.34": True,
            "2002:0a01:0203::1": False,
            "64:ff9b::a01:203": False,
            "64:ff9b::5db8:d822": True,
        }.items():
            with self.subTest(text):
                address = ipaddress.ip_address(text)
                self.assertEqual(webhooks.is_allowed(address), is_allowed)

    def test_a_network_of_the_setting_is_allowed(self) -> None:
        network = ipaddress.ip_network("10.1.2.0/24")
        with self.settings(WEBHOOK_NETWORKS=[network]):
            allowed = [
                webhooks.is_allowed(ipaddress.ip_address(text))
                for text in ("10.1.2.3", "10.1.3.3", "::ffff:10.1.2.3")
            ]
        self.assertEqual(allowed, [True, False, True])

    def test_production_requires_https(self) -> None:
        with self.settings(IS_PRODUCTION=True):
            self.assertIn("https://", url_problem("http://example.org/"))
            self.assertEqual(url_problem("https://example.org/"), "")

    def test_other_urls_are_refused(self) -> None:
        for url in ("ftp://example.org", "https://", "https://a:b@example.org/"):
            with self.subTest(url):
                self.assertNotEqual(url_problem(url), "")


class RequestTests(TestCase):
    def setUp(self) -> None:
        self.server = self.enterContext(WebhookServer())
        self.enterContext(self.settings(WEBHOOK_NETWORKS=LOCAL))
        self.rule = webhook_rule(self.server.url)

    def log(self) -> str:
        """Return the result of the only delivery."""
        return NotificationDelivery.objects.get().result

    def test_a_rejected_file_is_a_signed_request(self) -> None:
        import_text(BAD, "2000000000015.uff")
        send_due(DUE + timedelta(days=100))
        [request] = self.server.requests
        row = Notification.objects.get()
        headers = request.headers
        signed = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.".encode()
        key = base64.b64decode(self.rule.webhook_secret.removeprefix("whsec_"))
        expected = hmac.digest(key, signed + request.body, hashlib.sha256)
        self.assertEqual(
            headers["webhook-signature"], f"v1,{base64.b64encode(expected).decode()}"
        )
        self.assertEqual(headers["webhook-id"], f"msg_{row.uuid.hex}")
        self.assertLess(abs(time.time() - int(headers["webhook-timestamp"])), 60)
        self.assertEqual(request.path, "/hook?a=1")
        payload = json.loads(request.body)
        self.assertEqual(payload["type"], "file-rejected")
        self.assertEqual(payload["data"]["id"], row.object_key)
        self.assertEqual(payload["data"]["filename"], "[MPAN].uff")
        self.assertNotIn(b"2000000000015", request.body)
        self.assertEqual((statuses(), self.log()), (["sent"], "Answered 204"))

    def test_a_changed_secret_and_the_previous_one_sign_for_a_day(self) -> None:
        previous = self.rule.webhook_secret
        hours = timedelta(hours=1)
        for age, count in ((23 * hours, 2), (25 * hours, 1)):
            self.rule.webhook_secret = previous
            self.rule.change_secret(SECRET, now=timezone.now() - age)
            self.rule.save()
            Notification.objects.all().delete()
            record()
            send_due(DUE)
            headers = self.server.requests[-1].headers
            self.assertEqual(
                headers["webhook-signature"],
                " ".join(
                    webhooks.sign(
                        secret,
                        message_id=headers["webhook-id"],
                        timestamp=int(headers["webhook-timestamp"]),
                        body=self.server.requests[-1].body,
                    )
                    for secret in (SECRET, previous)[:count]
                ),
            )

    def test_another_attempt_has_the_same_id(self) -> None:
        record()
        self.server.status = 500
        self.assertEqual(send_due(DUE), SendResult(0, 1, 0, 0))
        self.assertEqual(self.log(), "Answered 500")
        self.server.status = 200
        send_due(DUE + timedelta(minutes=2))
        first, second = self.server.requests
        self.assertEqual(first.headers["webhook-id"], second.headers["webhook-id"])

    def test_a_redirect_is_not_followed(self) -> None:
        record()
        self.server.status = 302
        send_due(DUE)
        self.assertEqual(self.log(), "Answered 302; redirects are not followed")
        self.assertEqual(len(self.server.requests), 1)

    def test_an_address_that_is_not_public_is_not_requested(self) -> None:
        record()
        with self.settings(WEBHOOK_NETWORKS=[]):
            send_due(DUE)
        self.assertIn("not public", self.log())
        self.assertEqual(self.server.requests, [])

    def test_every_address_of_a_name_is_checked(self) -> None:
        record()
        found = [
            (socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, 80))
            for address in ("127.0.0.1", "10.1.2.3")
        ]
        with patch("socket.getaddrinfo", return_value=found):
            send_due(DUE)
        self.assertIn("not public", self.log())

    def test_one_url_that_does_not_answer_leaves_the_others(self) -> None:
        self.server.answer = lambda request: request.connection.close()
        other = self.enterContext(WebhookServer())
        webhook_rule(other.url)
        record(3)
        self.assertEqual(send_due(DUE), SendResult(3, 3, 0, 0))
        self.assertEqual((len(self.server.requests), len(other.requests)), (1, 3))

    def test_a_slow_answer_is_broken_off(self) -> None:
        record()

        def drip(request: BaseHTTPRequestHandler) -> None:
            with suppress(OSError):
                for _ in range(100):
                    request.wfile.write(b"H")
                    time.sleep(0.05)

        self.server.answer = drip
        start = time.monotonic()
        with patch.object(webhooks, "_TOTAL_TIMEOUT", 0.3):
            send_due(DUE)
        self.assertLess(time.monotonic() - start, 3)
        self.assertEqual(statuses(), ["waiting"])

    def test_a_port_that_is_none_fails(self) -> None:
        NotificationRule.objects.update(webhook_url="http://127.0.0.1:99999/")
        record()
        send_due(DUE)
        self.assertEqual(self.log(), "ValueError")

    def test_a_secret_that_cannot_sign_fails(self) -> None:
        NotificationRule.objects.update(webhook_secret="")
        record()
        send_due(DUE)
        self.assertIn("random bytes", self.log())


class TlsTests(TestCase):
    def setUp(self) -> None:
        # The server has no IPv6 address, which "localhost" may have too.
        addresses = [ipaddress.ip_address(text) for text in ("::1", "127.0.0.1")]
        names = patch.object(webhooks, "_checked_addresses", return_value=addresses)
        self.enterContext(names)
        folder = self.enterContext(TemporaryDirectory())
        self.certificate = make_certificate(
            Path(folder), "localhost", first_day="20260101", last_day="20360101"
        )

    def result(self, trusted: str = "") -> str:
        with tls_server(self.certificate) as url:
            webhook_rule(url.replace("127.0.0.1", "localhost"))
            record()
            with patch.dict("os.environ", {"SSL_CERT_FILE": trusted}):
                send_due(DUE)
        return NotificationDelivery.objects.get().result

    def test_a_trusted_certificate_of_the_host_is_accepted(self) -> None:
        self.assertEqual(self.result(str(self.certificate)), "Answered 404")

    def test_an_unknown_certificate_is_refused(self) -> None:
        self.assertIn("SSLCertVerificationError", self.result())
