"""The log of a PostgreSQL server that logs all it can."""

from __future__ import annotations

import os
import sys
from unittest import skipUnless

from django.test import tag

from meter_readings.tests.robustness.pg_cluster import Cluster, programs
from meter_readings.tests.support.flow_file_builder import EVERY_GROUP

from .script_test_case import ScriptTestCase

_MPAN = "1000000000003"
_LOG_EVERYTHING = [
    "log_statement = 'all'",
    "log_min_error_statement = 'debug5'",
    "log_min_duration_statement = 0",
    "log_min_duration_sample = 0",
    "log_transaction_sample_rate = 1",
    "log_parameter_max_length = -1",
    "log_parameter_max_length_on_error = -1",
    "log_error_verbosity = 'verbose'",
    "log_min_messages = 'info'",
]
# A slow statement, violated constraints, a failed COPY, parameters, and values and
# syntax that PostgreSQL refuses with a message that quotes them
_STATEMENTS = f"""
SELECT '{_MPAN}', pg_sleep(0.01);
INSERT INTO meter_readings_meterpoint (mpan) VALUES ('{_MPAN}');
INSERT INTO meter_readings_meterpoint (mpan) VALUES ('{_MPAN} and more');
INSERT INTO meter_readings_meterpoint (mpan) VALUES ('X{_MPAN[1:]}');
COPY meter_readings_meterpoint (id, mpan) FROM STDIN;
x\t{_MPAN}
\\.
PREPARE divide AS SELECT 1 / ($1::bigint - {_MPAN}), pg_sleep(0.01);
EXECUTE divide ({_MPAN});
SELECT '{_MPAN}x'::bigint;
SELECT '{_MPAN}'::integer;
SELECT '{_MPAN}'::timestamptz;
SELECT 1 1 '{_MPAN}';
SELECT "{_MPAN}";
"""

IS_REQUIRED = bool(os.environ.get("D0010_PROGRAMS_REQUIRED"))


@tag("database_independent")
@skipUnless(
    IS_REQUIRED or programs(), "needs PostgreSQL's own programs: initdb and pg_ctl"
)
class PostgresqlLogTests(ScriptTestCase):
    def test_log_contains_no_mpan_after_setup_databases(self) -> None:
        cluster = self.enterContext(Cluster())
        for parameter in _LOG_EVERYTHING:
            cluster.execute(f"ALTER SYSTEM SET {parameter}")
        cluster.execute("SELECT pg_reload_conf()")
        port = ["--host", "127.0.0.1", "--port", str(cluster.port)]
        self.assert_succeeds(
            "setup_databases.sh", "postgresql", *port, PG_ADMIN="postgres"
        )
        psql = ["psql", "-Xqw", "-h", "127.0.0.1", "-p", str(cluster.port), "d0010"]
        path = self.site / "a.uff"
        path.write_text(EVERY_GROUP, encoding="cp1252")
        # The import fails, then succeeds.
        constraint = "ALTER TABLE meter_readings_meterpoint {} CONSTRAINT no_import"
        refused = constraint.format("ADD") + f" CHECK (mpan <> '{_MPAN}')"
        self.run_program(*psql, "-U", "d0010", "-c", refused)
        command = [sys.executable, "manage.py", "import_d0010", str(path)]
        self.assertEqual(self.run_program(*command).returncode, 1)
        self.run_program(*psql, "-U", "d0010", "-c", constraint.format("DROP"))
        self.assertEqual(self.run_program(*command).returncode, 0)
        statements = self.site / "statements.sql"
        statements.write_text(_STATEMENTS)
        ran = self.run_program(*psql, "-U", "d0010", "-f", str(statements))
        self.assertEqual(ran.stderr.count("ERROR:"), 10, ran.stderr)

        log = cluster.log.read_text()
        self.assertIn("database system is ready", log)
        self.assertNotIn(_MPAN, log)
        self.assertNotIn(_MPAN[1:], log)
        # The same statements of another role are logged in full.
        self.run_program(*psql, "-U", "postgres", "-f", str(statements))
        log = cluster.log.read_text()
        self.assertIn(f'invalid input syntax for type bigint: "{_MPAN}x"', log)
        self.assertIn(f'value "{_MPAN}" is out of range for type integer', log)
        self.assertIn("duplicate key value", log)
