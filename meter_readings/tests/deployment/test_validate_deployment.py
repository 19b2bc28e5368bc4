"""Tests of validate_deployment.sh."""

from __future__ import annotations

from meter_readings.tests.deployment.script_test_case import ScriptTestCase


class ValidateDeploymentTests(ScriptTestCase):
    def test_validate_deployment_reports_no_problem_after_setup(self) -> None:
        self.assert_succeeds("setup_databases.sh", "sqlite")
        output = self.assert_succeeds("validate_deployment.sh")
        self.assertIn("All good: 7 ok, 0 failed.", output)

    def test_validate_deployment_names_an_invalid_setting(self) -> None:
        (self.site / ".env").write_text("DEBUG=maybe\n")
        output = self.assert_fails("validate_deployment.sh")
        self.assertIn("DEBUG must be one of", output)
        self.assertIn("Change it in", output)

    def test_validate_deployment_names_a_missing_virtual_environment(self) -> None:
        output = self.assert_fails("validate_deployment.sh", D0010_VENV="/nowhere")
        self.assertIn("setup_python_environment.sh production", output)

    def test_validate_deployment_names_a_remedy_for_each_problem(self) -> None:
        (self.site / ".env").write_text("MIN_FREE_DISK_MB=999999\n")
        (self.site / ".env").chmod(0o644)
        output = self.assert_fails("validate_deployment.sh")
        for remedy in ["Run: python manage.py migrate", "Free some", "Run: chmod"]:
            self.assertIn(f"What to do: {remedy}", output)
        with self.subTest("validation creates no database"):
            self.assertEqual([*self.site.glob("db.sqlite3*")], [])

    def test_validate_deployment_reports_a_site_that_does_not_answer(self) -> None:
        self.assert_succeeds("setup_databases.sh", "sqlite")
        output = self.assert_fails(
            "validate_deployment.sh", "--url", "http://127.0.0.1:1"
        )
        self.assertIn("http://127.0.0.1:1 does not answer", output)
