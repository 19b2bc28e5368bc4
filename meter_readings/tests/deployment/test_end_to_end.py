"""Tests that deploy an archive twice, inspect the site, upgrade it and roll back."""

from __future__ import annotations

import getpass
import os
import shutil
import subprocess
import sys
import tempfile
from importlib.util import find_spec
from pathlib import Path
from typing import ClassVar
from unittest import skipUnless

from meter_readings.tests.deployment.script_test_case import ScriptTestCase
from meter_readings.tests.robustness import only_long
from meter_readings.tests.robustness.pg_cluster import free_port

IS_REQUIRED = bool(os.environ.get("D0010_PROGRAMS_REQUIRED"))
IS_POSSIBLE = shutil.which("git") and all(map(find_spec, ("gunicorn", "whitenoise")))


@skipUnless(IS_REQUIRED or IS_POSSIBLE, "git, gunicorn or whitenoise is not installed")
class EndToEndTests(ScriptTestCase):
    folder: ClassVar[Path]
    source: ClassVar[Path]
    user: ClassVar[str]
    outputs: ClassVar[list[str]]
    imports: ClassVar[list[str]]
    env_files: ClassVar[list[dict[str, str]]]

    @classmethod
    def setUpClass(cls) -> None:
        super().setUpClass()
        folder = cls.enterClassContext(tempfile.TemporaryDirectory())
        cls.folder = Path(folder)
        # The user of the site reads the code.
        cls.folder.chmod(0o755)
        cls.user = _other_user() or getpass.getuser()
        cls.source = cls.site
        cls.unpack()
        port = str(free_port())
        cls.outputs, cls.imports, cls.env_files = [], [], []
        for name in ("economy7_meters.uff", "march_readings.uff"):
            cls.outputs.append(cls.deploy(port))
            cls.imports.append(cls.import_file(f"sample_data/{name}"))
            cls.env_files.append(cls.env_file_settings())

    def setUp(self) -> None:
        """Keep the deployed site from test to test."""

    @classmethod
    def unpack(cls) -> None:
        """Pack a commit of the copy, and unpack the archive as the site."""
        cls.run_checked("git", "init", "-q")
        shutil.unpack_archive(cls.pack("packed"), cls.folder, filter="data")
        [cls.site] = cls.folder.glob("d0010-*/")

    @classmethod
    def pack(cls, folder: str) -> Path:
        """Commit all files of the copy, and return an archive of the commit."""
        git = "git", "-C", cls.source
        author = "-c", "user.name=a", "-c", "user.email=a@example.org"
        author += "-c", "commit.gpgsign=false"
        for words in (["add", "."], [*author, "commit", "-qm", "A"]):
            cls.run_checked(*git, *words)
        packed = cls.folder / folder
        script = cls.source / "deployment_scripts/create_deployment_tarball.sh"
        cls.run_checked(script, "--output", packed)
        [archive] = packed.glob("*.tar.gz")
        return archive

    @classmethod
    def deploy(cls, port: str) -> str:
        return cls.run_checked(
            *["deployment_scripts/quick_deploy.sh", "production", "--skip-system"],
            *["--domain", "readings.example", "--database", "sqlite"],
            *["--accept-sqlite-risk", "--data", cls.folder / "data", "--port", port],
            *["--output", cls.folder / "files", "--user", cls.user],
        )

    @classmethod
    def import_file(cls, name: str, site: Path | None = None) -> str:
        manage_py = str((site or cls.site) / "manage.py")
        words = [sys.executable, manage_py, "import_d0010", name]
        if cls.user != getpass.getuser():
            words = ["runuser", "-u", cls.user, "--", *words]
        return cls.run_checked(*words)

    @classmethod
    def run_checked(cls, *words: object) -> str:
        """Run a command that must succeed, and return its standard output."""
        ran = cls.run_program(*map(str, words))
        assert ran.returncode == 0, ran.stdout + ran.stderr
        return ran.stdout

    def test_both_runs_end_with_a_valid_site(self) -> None:
        for output in self.outputs:
            self.assertRegex(output, r"\d+ ok, 0 failed\.")

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

    def test_a_site_deployed_once_imports(self) -> None:
        self.assertIn("imported as #1", self.imports[0])

    def test_a_site_deployed_again_imports(self) -> None:
        self.assertIn("imported as #2", self.imports[1])

    def test_all_data_belong_to_the_user_of_the_site(self) -> None:
        data = self.folder / "data"
        owners = {path.owner() for path in [data, *data.rglob("*")]}
        self.assertEqual(owners, {self.user})

    @only_long
    def test_upgrade_is_undone_with_the_data_that_it_changed(self) -> None:
        migrations = self.source / "meter_readings/migrations"
        latest = max(migrations.glob("0*.py")).stem
        text = _MIGRATION.replace("LATEST", latest)
        (migrations / "9999_later.py").write_text(text, "utf-8")
        archive = self.pack("new")
        new = self.folder / archive.name.removesuffix(".tar.gz")
        self.run_checked("deployment_scripts/upgrade.sh", archive)
        business = "sample_data/small_business.uff"
        self.assertIn("imported as #3", self.import_file(business, new))
        rollback = str(new / "deployment_scripts/rollback.sh")
        refused = self.run_program(rollback)
        self.assertIn("All data since the upgrade would be lost", refused.stderr)
        self.assertIn("already imported", self.import_file(business, new))
        self.assertIn(f"Returned to {self.site}", self.run_checked(rollback, "--yes"))
        self.assertIn("imported as #3", self.import_file(business))

    def test_damaged_archive_is_not_unpacked(self) -> None:
        archive = self.folder / "damaged.tar.gz"
        archive.write_bytes(b"")
        Path(f"{archive}.sha256").write_text(f"{'0' * 64}  {archive.name}\n")
        output = self.assert_fails("upgrade.sh", str(archive))
        self.assertIn(f"{archive} is damaged", output)

    def test_nginx_and_systemd_files_are_written(self) -> None:
        names = {path.name for path in (self.folder / "files").iterdir()}
        self.assertLessEqual({"d0010-web.service", "d0010.nginx.conf"}, names)


def _other_user() -> str:
    """Return a user other than root that can run the Python of the tests, if any."""
    words = ["runuser", "-u", "nobody", "--", sys.executable, "-c", "import django"]
    if os.geteuid() or not shutil.which("runuser"):
        return ""
    return "" if subprocess.run(words, capture_output=True).returncode else "nobody"


_MIGRATION = """
from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("meter_readings", "LATEST")]
    operations = [migrations.RunSQL("CREATE TABLE later (id integer)")]
"""
_PRIVATE = ("db.sqlite3", "media", "sessions")
