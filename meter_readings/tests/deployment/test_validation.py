"""An installation is looked at from a script, with a remedy for each fault."""

from __future__ import annotations

from meter_readings.tests.deployment.site import SiteTestCase


class ValidationTests(SiteTestCase):
    def test_says_that_all_is_well(self) -> None:
        self.succeed("setup_databases.sh", "sqlite")
        said = self.succeed("validate_deployment.sh")
        self.assertIn("7 ok, 0 failed.", said)

    def test_names_the_setting_that_is_wrong(self) -> None:
        (self.site / ".env").write_text("DEBUG=maybe\n")
        said = self.break_off("validate_deployment.sh")
        self.assertIn("DEBUG must be one of", said)
        self.assertIn("Change it in", said)

    def test_names_the_environment_that_is_missing(self) -> None:
        said = self.break_off("validate_deployment.sh", D0010_VENV="/nowhere")
        self.assertIn("setup_python_environment.sh production", said)

    def test_names_each_fault_with_what_to_do(self) -> None:
        (self.site / ".env").write_text("MIN_FREE_MEGABYTES=999999\n")
        (self.site / ".env").chmod(0o644)
        said = self.break_off("validate_deployment.sh")
        for remedy in ["Run: python manage.py migrate", "Free some", "Run: chmod"]:
            self.assertIn(f"What to do: {remedy}", said)

    def test_asks_the_site_where_it_is(self) -> None:
        self.succeed("setup_databases.sh", "sqlite")
        said = self.break_off("validate_deployment.sh", "--url", "http://127.0.0.1:1")
        self.assertIn("http://127.0.0.1:1 does not answer", said)
