"""Faults of the TLS certificate of a running site."""

from __future__ import annotations

import os
import shutil
import socket
import tempfile
from pathlib import Path
from threading import Thread
from unittest import skipUnless
from unittest.mock import patch

from django.test import SimpleTestCase, tag

from meter_readings.ops.checks.certificate import certificate
from meter_readings.ops.checks.site import Site
from meter_readings.ops.running_site import check_running_site
from meter_readings.tests.support.certificates import make_certificate, tls_server

NAME = "readings.example"
IS_REQUIRED = bool(os.environ.get("D0010_PROGRAMS_REQUIRED"))


@tag("database_independent")
@skipUnless(IS_REQUIRED or shutil.which("openssl"), "openssl is not installed")
class CertificateFaultTests(SimpleTestCase):
    def setUp(self) -> None:
        self.folder = Path(self.enterContext(tempfile.TemporaryDirectory()))

    def serve(
        self,
        name: str = NAME,
        first_day: str = "20200101",
        last_day: str = "21000101",
        is_trusted: bool = True,
    ) -> str:
        """Serve HTTPS with such a certificate; return the URL."""
        path = make_certificate(
            self.folder, name, first_day=first_day, last_day=last_day
        )
        if is_trusted:
            self.enterContext(patch.dict(os.environ, SSL_CERT_FILE=str(path)))
        return self.enterContext(tls_server(path))

    def assert_fault(self, url: str, message: str, remedy: str) -> None:
        result = next(check_running_site(url=url, host=NAME))
        self.assertEqual((result.name, result.is_failure), ("certificate", True))
        self.assertIn(message, result.message)
        self.assertIn(remedy, result.remedy)

    def test_a_valid_certificate(self) -> None:
        result = certificate(Site(self.serve(), NAME))
        self.assertIs(result.is_failure, False)
        self.assertEqual(
            result.message, "it is for readings.example and valid until 01 January 2100"
        )

    def test_an_expired_certificate(self) -> None:
        url = self.serve(last_day="20200201")
        self.assert_fault(url, "certificate has expired", "Renew it: certbot renew")
        self.assert_fault(url, "certificate has expired", "If the date here (")

    def test_a_certificate_that_is_not_valid_yet(self) -> None:
        url = self.serve(first_day="20990101")
        self.assert_fault(url, "not yet valid", "set the clock instead: timedatectl")

    def test_a_certificate_of_another_name(self) -> None:
        self.assert_fault(
            self.serve("other.example"),
            "Hostname mismatch",
            "certbot certonly --nginx -d readings.example",
        )

    def test_a_certificate_of_an_unknown_issuer(self) -> None:
        self.assert_fault(self.serve(is_trusted=False), "self", "fullchain.pem")

    def test_what_answers_is_checked_without_a_valid_certificate(self) -> None:
        url = self.serve(last_day="20200201")
        [_, site] = check_running_site(url=url, host=NAME)
        self.assertEqual((site.name, site.remedy), ("site", "Is the URL right?"))

    def test_a_port_without_tls(self) -> None:
        listener = self.enterContext(socket.create_server(("127.0.0.1", 0)))

        def answer() -> None:
            client, _ = listener.accept()
            with client:
                client.recv(4096)
                client.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n")

        Thread(target=answer).start()
        url = f"https://127.0.0.1:{listener.getsockname()[1]}"
        result = certificate(Site(url, NAME))
        self.assertIn("no encrypted connection for readings.example", result.message)
        self.assertIn("quick_deploy.sh production --domain", result.remedy)
