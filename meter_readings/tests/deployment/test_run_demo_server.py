"""Tests of the checks that run_demo_server.sh makes before it does any work."""

from __future__ import annotations

import socket

from meter_readings.tests.deployment.script_test_case import ScriptTestCase


class RunDemoServerTests(ScriptTestCase):
    def assert_refused(self, message: str, **variables: str) -> None:
        result = self.run_program("./run_demo_server.sh", **variables)
        self.assertEqual(result.returncode, 1, result.stdout + result.stderr)
        self.assertIn(message, result.stderr)
        self.assertIs((self.site / "db.sqlite3").exists(), False)

    def test_run_demo_server_refuses_a_production_site(self) -> None:
        self.assert_refused("This is a production site.", D0010_ENV="production")

    def test_run_demo_server_refuses_a_production_site_in_env_file(self) -> None:
        (self.site / ".env").write_text("D0010_ENV=production\n")
        self.assert_refused("This is a production site.")

    def test_run_demo_server_refuses_an_unreadable_env_file(self) -> None:
        (self.site / ".env").write_text("no assignment\n")
        self.assert_refused("could not be read")

    def test_run_demo_server_refuses_a_port_in_use(self) -> None:
        with socket.create_server(("127.0.0.1", 0)) as server:
            port = str(server.getsockname()[1])
            self.assert_refused(f"Port {port} is in use.", SERVER_PORT=port)

    def test_run_demo_server_refuses_a_port_that_is_not_a_number(self) -> None:
        self.assert_refused('must be a number, not "http"', SERVER_PORT="http")

    def test_run_demo_server_refuses_a_port_out_of_range(self) -> None:
        for port in ("0", "65536", "99999999999999999999"):
            with self.subTest(port):
                self.assert_refused("from 1 to 65535", SERVER_PORT=port)

    def test_unknown_argument_is_a_usage_error(self) -> None:
        result = self.run_program("./run_demo_server.sh", "--fast")
        self.assertEqual(result.returncode, 2)
        self.assertIn("Usage: ./run_demo_server.sh", result.stderr)
