"""TLS to PostgreSQL: PGSSLMODE and PGSSLROOTCERT, which its own library reads."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from unittest import skipUnless

from django.test import SimpleTestCase

from config.environment import PROJECT_ROOT
from meter_readings.tests.support.environments import environment_without_coverage

from .pg_cluster import Cluster, own, programs

IS_REQUIRED = bool(os.environ.get("D0010_PROGRAMS_REQUIRED"))
IS_INSTALLED = bool(programs() and shutil.which("openssl"))

PROGRAM = """
from django.db import connection
with connection.cursor() as cursor:
    cursor.execute("SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()")
    print("encrypted" if cursor.fetchone()[0] else "clear text")
"""


@skipUnless(IS_REQUIRED or IS_INSTALLED, "needs PostgreSQL's own programs and openssl")
class PostgresqlTlsTests(SimpleTestCase):
    def setUp(self) -> None:
        self.folder = Path(self.enterContext(tempfile.TemporaryDirectory()))
        # The server runs as another user.
        self.folder.chmod(0o755)
        self.cluster = self.enterContext(Cluster())
        self.certificate, key = self.new_certificate("server")
        own(self.certificate)
        own(key)
        for statement in (
            f"ALTER SYSTEM SET ssl_cert_file = '{self.certificate}'",
            f"ALTER SYSTEM SET ssl_key_file = '{key}'",
            "ALTER SYSTEM SET ssl = on",
        ):
            self.cluster.execute(statement)
        self.cluster.stop()
        self.cluster.start()

    def new_certificate(self, name: str) -> tuple[Path, Path]:
        """Return the files of a new certificate of localhost and of its key."""
        certificate, key = self.folder / f"{name}.pem", self.folder / f"{name}.key"
        command = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes"]
        command += ["-days", "2", "-subj", "/CN=localhost", "-addext"]
        command += ["subjectAltName=DNS:localhost", "-out", str(certificate)]
        subprocess.run([*command, "-keyout", str(key)], check=True, capture_output=True)
        key.chmod(0o600)
        return certificate, key

    def connect(self, certificate: Path) -> subprocess.CompletedProcess[str]:
        """Connect to the database as a site that trusts one certificate."""
        environment = environment_without_coverage() | self.cluster.environment
        environment |= {
            "DB_HOST": "localhost",
            "PGSSLMODE": "verify-full",
            "PGSSLROOTCERT": str(certificate),
        }
        return subprocess.run(
            [sys.executable, "manage.py", "shell", "--no-imports", "-c", PROGRAM],
            cwd=PROJECT_ROOT,
            env=environment,
            check=False,
            capture_output=True,
            text=True,
        )

    def test_verify_full_encrypts_and_accepts_the_trusted_certificate_only(
        self,
    ) -> None:
        accepted = self.connect(self.certificate)
        self.assertEqual(accepted.stdout, "encrypted\n", accepted.stderr)
        other, _ = self.new_certificate("other")
        rejected = self.connect(other)
        self.assertNotEqual(rejected.returncode, 0)
        self.assertIn("certificate verify failed", rejected.stderr)
