"""Tests of create_deployment_tarball.sh."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import tarfile
from pathlib import Path
from unittest import skipUnless

from meter_readings.tests.deployment.script_test_case import ScriptTestCase

_GIT_VARIABLES = {
    "GIT_AUTHOR_NAME": "a",
    "GIT_AUTHOR_EMAIL": "a@example.org",
    "GIT_COMMITTER_NAME": "a",
    "GIT_COMMITTER_EMAIL": "a@example.org",
    "GIT_CONFIG_GLOBAL": "/dev/null",
}


@skipUnless(shutil.which("git"), "git is not installed")
class TarballTests(ScriptTestCase):
    # The repository of the copy has source files only.
    excluded = (*ScriptTestCase.excluded, "__pycache__")

    def setUp(self) -> None:
        super().setUp()
        for name in (".git", "dist"):
            shutil.rmtree(self.site / name, ignore_errors=True)
        self.git("init", "-q")
        self.git("add", "manage.py", "config", "deployment_scripts")
        self.git("commit", "-q", "-m", "A version")
        self.addCleanup(shutil.rmtree, self.site / ".git")

    def git(self, *words: str) -> None:
        subprocess.run(
            ["git", *words],
            cwd=self.site,
            env={**os.environ, **_GIT_VARIABLES},
            check=True,
        )

    def pack(self, *options: str, **variables: str) -> Path:
        """Pack, and return the path of the archive."""
        self.assert_succeeds("create_deployment_tarball.sh", *options, **variables)
        [archive] = (self.site / "dist").glob("*.tar.gz")
        return archive

    def test_same_commit_gives_the_same_bytes(self) -> None:
        first = self.pack().read_bytes()
        (self.site / "manage.py").touch()
        self.assertEqual(self.pack(TZ="Asia/Tokyo").read_bytes(), first)

    def test_tarball_writes_the_sha256_of_the_archive(self) -> None:
        archive = self.pack()
        digest = hashlib.sha256(archive.read_bytes()).hexdigest()
        checksum = archive.with_name(f"{archive.name}.sha256").read_text()
        self.assertEqual(checksum, f"{digest}  {archive.name}\n")

    def test_tarball_packs_committed_files_only(self) -> None:
        (self.site / ".env").write_text("SECRET_KEY=secret\n")
        with tarfile.open(self.pack()) as archive:
            names = {name.partition("/")[2] for name in archive.getnames()}
            modes = {m.name.rpartition("/")[2]: m.mode for m in archive.getmembers()}
        self.assertIn("deployment_scripts/quick_deploy.sh", names)
        self.assertNotIn(".env", names)
        self.assertNotIn("requirements.txt", names)
        self.assertEqual(modes["quick_deploy.sh"], 0o755)

    def test_tarball_refuses_a_commit_with_a_secret(self) -> None:
        key = f"-----BEGIN {'RSA'} PRIVATE KEY-----\n"
        for name, text in [
            (".env", "SECRET_KEY=secret\n"),
            ("config/.env.production", "SECRET_KEY=secret\n"),
            ("live.env", "SECRET_KEY=secret\n"),
            ("db.sqlite3-wal", ""),
            ("certificate.txt", key),
        ]:
            with self.subTest(name):
                (self.site / name).write_text(text)
                self.git("add", "-f", name)
                self.git("commit", "-q", "-m", "Add a secret")
                output = self.assert_fails("create_deployment_tarball.sh")
                self.assertIn("look like secrets", output)
                self.assertIn(name, output)
                self.git("rm", "-q", name)
                self.git("commit", "-q", "-m", "Remove it")
        self.pack()

    def test_tarball_packs_the_example_settings(self) -> None:
        self.git("add", "-f", ".env.example")
        self.git("commit", "-q", "-m", "An example")
        with tarfile.open(self.pack()) as archive:
            names = {name.partition("/")[2] for name in archive.getnames()}
        self.assertIn(".env.example", names)

    def test_tarball_refuses_an_unknown_commit(self) -> None:
        output = self.assert_fails("create_deployment_tarball.sh", "no-such-version")
        self.assertIn('"no-such-version" is not a commit', output)

    def test_tarball_warns_about_uncommitted_changes(self) -> None:
        (self.site / "manage.py").write_text("# Changed\n")
        self.addCleanup(self.git, "checkout", "-q", "manage.py")
        result = self.run_script("create_deployment_tarball.sh")
        self.assertIn("uncommitted", result.stderr)
