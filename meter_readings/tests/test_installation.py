"""An installation is looked at, and each fault comes with its remedy."""

from __future__ import annotations

import logging
import os
import tempfile
from io import StringIO
from pathlib import Path
from typing import Any
from unittest.mock import patch

from django.contrib.staticfiles.testing import StaticLiveServerTestCase
from django.core.management import CommandError, call_command
from django.db import connection
from django.db.migrations.recorder import MigrationRecorder
from django.test import TestCase, override_settings

from meter_readings import demo, importer, installation
from meter_readings.installation import Finding
from meter_readings.models import ImportJob

MANIFEST = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {
        "BACKEND": "django.contrib.staticfiles.storage.ManifestStaticFilesStorage"
    },
}


class InstallationTestCase(TestCase):
    def setUp(self) -> None:
        """Have folders that are as they should be."""
        self.folder = Path(self.enterContext(tempfile.TemporaryDirectory()))
        self.enterContext(
            self.settings(
                BASE_DIR=self.folder,
                MEDIA_ROOT=self.folder / "media",
                CACHE_DIR=self.folder / "cache",
                STATIC_ROOT=self.folder / "static",
            )
        )
        if connection.vendor == "sqlite":
            Path(str(connection.settings_dict["NAME"])).chmod(0o600)

    def find(self, name: str) -> Finding:
        """Return what is found of one thing."""
        [finding] = [each for each in installation.examine() if each.name == name]
        return finding

    def assert_good(self, name: str) -> None:
        self.assertIs(self.find(name).is_failure, False, self.find(name))

    def assert_bad(self, name: str, found: str, remedy: str) -> None:
        finding = self.find(name)
        self.assertIs(finding.is_failure, True)
        self.assertIn(found, finding.found)
        self.assertIn(remedy, finding.remedy)


class ExaminationTests(InstallationTestCase):
    def test_finds_nothing_wrong_here(self) -> None:
        self.assertEqual(
            [(each.name, each.is_failure) for each in installation.examine()],
            [
                ("system checks", False),
                ("database", False),
                ("migrations", False),
                ("static files", False),
                ("disk", False),
                ("permissions", False),
                ("dry run", False),
            ],
        )

    @override_settings(IS_PRODUCTION=True, ACCEPT_SQLITE_RISK=True)
    def test_finds_what_system_checks_find(self) -> None:
        with override_settings(IS_PRODUCTION=False):
            demo.create_demo_user()
        self.assert_bad("system checks", "d0010.E003", "create_demo_user --remove")

    def test_finds_tables_of_an_earlier_version(self) -> None:
        recorder = MigrationRecorder(connection)
        recorder.record_unapplied("meter_readings", "0003_roles")
        found = "1 to be applied, meter_readings.0003_roles among them"
        self.assert_bad("migrations", found, "python manage.py migrate")

    def test_finds_a_lack_of_disk(self) -> None:
        with self.settings(MIN_FREE_MEGABYTES=1 << 40):
            self.assert_bad("disk", "MB are needed", "Make room")

    def test_finds_what_this_user_cannot_write(self) -> None:
        with patch.object(os, "access", return_value=False):
            self.assert_bad("permissions", "cannot be written", "chown")

    def test_finds_what_others_could_read(self) -> None:
        for name in ["media/flow_files", "media/incoming", "cache"]:
            with self.subTest(name):
                folder = self.folder / name
                folder.mkdir(parents=True, exist_ok=True)
                folder.chmod(0o750)
                self.assert_bad("permissions", f"{folder} is open", f"go= {folder}")
                folder.chmod(0o700)
                self.assert_good("permissions")

    def test_finds_a_file_of_secrets_that_others_could_read(self) -> None:
        path = self.folder / ".env"
        path.touch(0o640)
        self.assert_bad("permissions", ".env is open", f"chmod go= {path}")

    def test_checks_a_flow_file_and_keeps_nothing_of_it(self) -> None:
        self.assert_good("dry run")
        self.assertIs(ImportJob.objects.exists(), False)

    def test_finds_a_grammar_that_is_broken(self) -> None:
        with patch.object(installation, "_SAMPLE", "ZHV|1|\n"):
            self.assert_bad("dry run", "rejected", "Unpack it again")

    def test_finds_a_folder_that_cannot_be_used(self) -> None:
        with patch.object(
            importer, "import_flow_file", side_effect=OSError("disk full")
        ):
            self.assert_bad("dry run", "disk full", "who may read there")

    @override_settings(MIN_FREE_MEGABYTES=1 << 40)
    def test_finds_that_no_file_would_be_taken_for_want_of_disk(self) -> None:
        with self.settings(IS_PRODUCTION=True):
            self.assert_bad("dry run", "MB are free for files", "Make room")

    def test_says_the_kind_of_an_error_that_has_no_words(self) -> None:
        with patch.object(importer, "import_flow_file", side_effect=PermissionError):
            self.assert_bad("dry run", "PermissionError", "")


@override_settings(IS_PRODUCTION=True, STORAGES=MANIFEST, DEBUG=False)
class StaticFilesTests(InstallationTestCase):
    def collect(self) -> Path:
        """Collect the style sheet alone, and return where it is."""
        call_command(
            "collectstatic", interactive=False, verbosity=0, ignore_patterns=["admin*"]
        )
        return self.folder / "static" / "meter_readings" / "kraken.css"

    def test_that_are_not_collected_are_found(self) -> None:
        self.assert_bad("static files", "not collected", "collectstatic")

    def test_that_are_collected_are_good(self) -> None:
        self.collect()
        self.assert_good("static files")

    def test_of_another_version_are_found(self) -> None:
        self.collect().write_text("/* old */")
        self.assert_bad("static files", "another version", "collectstatic")

    def test_that_have_gone_again_are_found(self) -> None:
        self.collect().unlink()
        self.assert_bad("static files", "not collected", "collectstatic")


class RefusalTests(InstallationTestCase):
    def refusals(self, **settings: Any) -> list[str]:
        """Return the names of what keeps production from starting."""
        with self.settings(**settings):
            return [finding.name for finding in installation.refusals()]

    def test_are_none_in_this_installation(self) -> None:
        self.assertEqual(self.refusals(), [])

    def test_do_not_include_a_lack_of_disk(self) -> None:
        self.assertEqual(self.refusals(MIN_FREE_MEGABYTES=1 << 40), [])


class ReachTests(StaticLiveServerTestCase):
    def found(self, url: str = "", host: str = "") -> dict[str, str]:
        """Return what is found bad about the running site, by name."""
        seen = installation.reach(url=url or self.live_server_url, host=host)
        return {each.name: each.found for each in seen if each.is_failure}

    def test_finds_a_site_that_is_well(self) -> None:
        seen = installation.reach(url=self.live_server_url)
        self.assertEqual(
            [(each.name, each.is_failure) for each in seen],
            [("site", False), ("page", False), ("style sheet", False)],
        )

    def test_finds_a_site_that_is_not_there(self) -> None:
        self.assertIn("does not answer", self.found("http://127.0.0.1:1")["site"])
        self.assertIn("does not answer", self.found("https://127.0.0.1:1")["site"])

    def test_finds_an_address_that_is_none(self) -> None:
        self.assertIn("does not answer", self.found("http://127.0.0.1:many")["site"])

    def test_finds_a_name_that_the_site_does_not_answer_to(self) -> None:
        self.keep_quiet()
        found = self.found(host="elsewhere.example")
        self.assertIn("the page to sign in answers 400", found["page"])

    def test_finds_another_site(self) -> None:
        url = f"{self.live_server_url}/elsewhere"
        with patch.object(installation, "_get", return_value=(404, {}, "")):
            self.assertIn("answers 404", self.found(url)["site"])

    @override_settings(IS_PRODUCTION=True)
    def test_finds_a_page_without_its_safeguards(self) -> None:
        self.assertEqual(
            self.found()["page"],
            "the page to sign in comes without Strict-Transport-Security",
        )

    def keep_quiet(self) -> None:
        """Keep what is said about refusals out of the log of the tests."""
        logging.disable(logging.CRITICAL)
        self.addCleanup(logging.disable, logging.NOTSET)

    def test_finds_a_style_sheet_that_does_not_come(self) -> None:
        self.keep_quiet()
        with self.settings(STATIC_URL="/elsewhere/"):
            self.assertIn("answers 404", self.found()["style sheet"])

    def test_finds_a_page_without_a_style_sheet(self) -> None:
        headers = dict.fromkeys(installation._SAFEGUARDS, "yes")
        answers = [(200, {}, "ok"), (200, headers, "<p>Sign in</p>"), (404, {}, "")]
        with patch.object(installation, "_get", side_effect=answers):
            self.assertEqual(self.found(), {"style sheet": "/static/ answers 404"})


class ValidateInstallationTests(InstallationTestCase):
    def validate(self, **options: str) -> str:
        """Return what the command prints."""
        stream = StringIO()
        call_command("validate_installation", stdout=stream, **options)
        return stream.getvalue()

    def test_prints_a_line_for_each_thing_and_the_sum(self) -> None:
        lines = self.validate().splitlines()
        self.assertEqual(len(lines), 8)
        self.assertRegex(lines[1], r"^    ✓ good  database        \w+ answers$")
        self.assertEqual(lines[-1], "7 good, 0 bad.")

    def test_prints_the_remedy_and_ends_with_1(self) -> None:
        stream = StringIO()
        with (
            self.assertRaises(SystemExit) as ended,
            self.settings(MIN_FREE_MEGABYTES=1 << 40),
        ):
            call_command("validate_installation", stdout=stream)
        self.assertEqual(ended.exception.code, 1)
        self.assertIn("✕ BAD   disk", stream.getvalue())
        self.assertIn("What to do: Make room", stream.getvalue())
        self.assertIn("6 good, 1 bad.", stream.getvalue())

    def test_asks_the_site_where_it_is_told_of(self) -> None:
        with self.assertRaises(SystemExit):
            self.validate(url="http://127.0.0.1:1")

    def test_needs_an_address_for_a_name(self) -> None:
        with self.assertRaisesMessage(CommandError, "--host needs --url."):
            self.validate(host="readings.example")
