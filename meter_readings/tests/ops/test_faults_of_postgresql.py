"""Faults of a PostgreSQL server, as check_installation reports them."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import ClassVar
from unittest import skipUnless

from django.test import SimpleTestCase, tag

from config.environment import PROJECT_ROOT
from meter_readings.tests.robustness.pg_cluster import Cluster, programs

from .findings import Finding, findings_in

IS_REQUIRED = bool(os.environ.get("D0010_PROGRAMS_REQUIRED"))


@tag("database_independent")
@skipUnless(IS_REQUIRED or programs(), "PostgreSQL's server is not installed")
class PostgresqlFaultTests(SimpleTestCase):
    cluster: ClassVar[Cluster]

    @classmethod
    def setUpClass(cls) -> None:
        super().setUpClass()
        cls.cluster = cls.enterClassContext(Cluster())

    def findings(self, **variables: str) -> dict[str, Finding]:
        result = subprocess.run(
            [sys.executable, "manage.py", "check_installation"],
            cwd=PROJECT_ROOT,
            env=os.environ
            | {"D0010_ENV": "test"}
            | self.cluster.environment
            | variables,
            capture_output=True,
            text=True,
            check=False,
        )
        return findings_in(result.stdout)

    def test_faults_of_the_server(self) -> None:
        with self.subTest("there is no such database"):
            found = self.findings(DB_NAME="d0010")["database"]
            self.assertIn('database "d0010" does not exist', found.message)
            self.assertIn("setup_databases.sh postgresql", found.remedy)
        with self.subTest("the password is wrong"):
            self.require_passwords()
            found = self.findings()["database"]
            self.assertIn("password authentication failed", found.message)
            self.assertIn("Set DB_PASSWORD in .env", found.remedy)
        with self.subTest("the server is down"):
            self.cluster.stop()
            found = self.findings()
            self.assertIn("refused", found["database"].message)
            self.assertIn("systemctl start postgresql", found["database"].remedy)
            for name in ("system checks", "migrations", "dry run"):
                self.assertNotIn(name, found)
            self.cluster.start()

    def require_passwords(self) -> None:
        """Accept connections with the right password only."""
        rules = Path(self.cluster._data, "pg_hba.conf")
        self.cluster.execute("ALTER ROLE postgres PASSWORD 'the right one'")
        rules.write_text("host all all 127.0.0.1/32 scram-sha-256\n")
        self.cluster.execute("SELECT pg_reload_conf()")
