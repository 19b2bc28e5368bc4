"""Tests of validate_deployment.sh."""

from __future__ import annotations

import tempfile
from pathlib import Path

from meter_readings.tests.deployment.script_test_case import ScriptTestCase

WITHOUT_REDIS = """
import importlib.util
find = importlib.util.find_spec
importlib.util.find_spec = lambda name, *rest: name != "redis" and find(name, *rest)
"""


class ValidateDeploymentTests(ScriptTestCase):
    def test_validate_deployment_reports_no_problem_after_setup(self) -> None:
        self.assert_succeeds("setup_databases.sh", "sqlite")
        output = self.assert_succeeds("validate_deployment.sh")
        self.assertRegex(output, r"All good: \d+ ok, 0 failed\.")

    def test_validate_deployment_names_an_invalid_setting(self) -> None:
        (self.site / ".env").write_text("DEBUG=maybe\n")
        output = self.assert_fails("validate_deployment.sh")
        self.assertIn("DEBUG must be one of", output)
        self.assertIn("Change it in", output)

    def test_validate_deployment_names_a_weak_secret_key(self) -> None:
        (self.site / ".env").write_text(
            "D0010_ENV=production\nSECRET_KEY=weak\nALLOWED_HOSTS=a.example\n"
        )
        output = self.assert_fails("validate_deployment.sh")
        self.assertIn("SECRET_KEY must be a random text of 50 characters", output)
        self.assertIn("Change it in", output)

    def test_validate_deployment_names_a_missing_package(self) -> None:
        requirements = self.site / "requirements.txt"
        before = requirements.read_text()
        self.addCleanup(requirements.write_text, before)
        for line, message in [
            ("d0010-no-such-package==1.0", "d0010-no-such-package is not installed"),
            ("Django==1.0", "; needed is 1.0"),
        ]:
            requirements.write_text(f"{before}{line}\n")
            output = self.assert_fails("validate_deployment.sh")
            self.assertIn(message, output)
            self.assertIn("Run: deployment_scripts/setup_python_environment.sh", output)

    def test_validate_deployment_names_a_missing_redis_package(self) -> None:
        (self.site / ".env").write_text("REDIS_URL=redis://127.0.0.1:1/0\n")
        with tempfile.TemporaryDirectory() as folder:
            Path(folder, "sitecustomize.py").write_text(WITHOUT_REDIS)
            output = self.assert_fails("validate_deployment.sh", PYTHONPATH=folder)
        self.assertIn("redis-py is not installed", output)
        self.assertIn("What to do: Run: pip install -r deployment_scripts/", output)

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
