"""Tests that deploy an archive twice and then inspect the site."""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
from importlib.util import find_spec
from pathlib import Path
from typing import ClassVar
from unittest import skipUnless

from meter_readings.tests.deployment.script_test_case import ScriptTestCase
from meter_readings.tests.robustness.pg_cluster import free_port

IS_REQUIRED = bool(os.environ.get("D0010_PROGRAMS_REQUIRED"))
IS_POSSIBLE = shutil.which("git") and all(map(find_spec, ("gunicorn", "whitenoise")))


@skipUnless(IS_REQUIRED or IS_POSSIBLE, "git, gunicorn or whitenoise is not installed")
class EndToEndTests(ScriptTestCase):
    folder: ClassVar[Path]
    outputs: ClassVar[list[str]]
    env_files: ClassVar[list[dict[str, str]]]

    @classmethod
    def setUpClass(cls) -> None:
        super().setUpClass()
        folder = cls.enterClassContext(tempfile.TemporaryDirectory())
        cls.folder = Path(folder)
        cls.unpack()
        port = str(free_port())
        cls.outputs, cls.env_files = [], []
        for _ in range(2):
            cls.outputs.append(cls.deploy(port))
            cls.env_files.append(cls.env_file_settings())

    def setUp(self) -> None:
        """Keep the deployed site from test to test."""

    @classmethod
    def unpack(cls) -> None:
        """Pack a commit of the copy, and unpack the archive as the site."""
        author = "-c", "user.name=a", "-c", "user.email=a@example.org"
        author += "-c", "commit.gpgsign=false"
        for words in (["init", "-q"], ["add", "."], [*author, "commit", "-qm", "A"]):
            cls.run_checked("git", *words)
        packed = cls.folder / "packed"
        cls.run_checked(
            "deployment_scripts/create_deployment_tarball.sh", "--output", packed
        )
        [archive] = packed.glob("*.tar.gz")
        shutil.unpack_archive(archive, cls.folder, filter="data")
        [cls.site] = cls.folder.glob("d0010-*/")

    @classmethod
    def deploy(cls, port: str) -> str:
        return cls.run_checked(
            *["deployment_scripts/quick_deploy.sh", "production", "--skip-system"],
            *["--domain", "readings.example", "--database", "sqlite"],
            *["--accept-sqlite-risk", "--data", cls.folder / "data", "--port", port],
            *["--output", cls.folder / "files"],
        )

    @classmethod
    def run_checked(cls, *words: object) -> str:
        """Run a command that must succeed, and return its standard output."""
        ran = cls.run_program(*map(str, words))
        assert ran.returncode == 0, ran.stdout + ran.stderr
        return ran.stdout

    def test_both_runs_end_with_a_valid_site(self) -> None:
        for output in self.outputs:
            self.assertIn("10 ok, 0 failed.", output)

    def test_second_run_changes_no_setting(self) -> None:
        self.assertEqual(*self.env_files)

    def test_secrets_are_generated_and_not_printed(self) -> None:
        for name in ("SECRET_KEY", "PSEUDONYM_KEY", "METRICS_TOKEN"):
            secret = self.env_file_settings()[name]
            self.assertGreaterEqual(len(secret), 60)
            self.assertNotIn(secret, "".join(self.outputs))

    def test_other_users_cannot_read_settings_and_data(self) -> None:
        data = self.folder / "data"
        for path in (self.site / ".env", *map(data.joinpath, _PRIVATE)):
            self.assertEqual(path.stat().st_mode & 0o077, 0, path)

    def test_deployed_site_imports_a_file(self) -> None:
        words = ["manage.py", "import_d0010", "sample_data/economy7_meters.uff"]
        self.assertIn("imported", self.run_checked(sys.executable, *words))

    def test_nginx_and_systemd_files_are_written(self) -> None:
        names = {path.name for path in (self.folder / "files").iterdir()}
        self.assertLessEqual({"d0010-web.service", "d0010.nginx.conf"}, names)


_PRIVATE = ("db.sqlite3", "media", "sessions")
