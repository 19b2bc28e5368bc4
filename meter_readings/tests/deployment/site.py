"""A copy of the project in a folder of its own, and its scripts at work there."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import ClassVar

from django.test import SimpleTestCase

from config.environment import PROJECT_ROOT


class SiteTestCase(SimpleTestCase):
    """Scripts run in a copy: what they write goes away with it."""

    site: ClassVar[Path]
    folders: ClassVar[tuple[str, ...]] = (
        *("config", "deployment_scripts", "meter_readings", "sample_data"),
    )
    files: ClassVar[tuple[str, ...]] = ("manage.py", "requirements.txt", ".env.example")
    left_out: ClassVar[tuple[str, ...]] = ("tests", "__pycache__")

    @classmethod
    def setUpClass(cls) -> None:
        super().setUpClass()
        folder = tempfile.mkdtemp(prefix="test_d0010_site_")
        cls.addClassCleanup(shutil.rmtree, folder, ignore_errors=True)
        cls.site = Path(folder)
        unneeded = shutil.ignore_patterns(*cls.left_out)
        for name in cls.folders:
            shutil.copytree(PROJECT_ROOT / name, cls.site / name, ignore=unneeded)
        for name in cls.files:
            shutil.copy(PROJECT_ROOT / name, cls.site / name)

    def setUp(self) -> None:
        """Begin without settings and without data."""
        for name in (".env", "db.sqlite3", "db.sqlite3-wal", "db.sqlite3-shm"):
            (self.site / name).unlink(missing_ok=True)
        for name in ("media", "cache", "staticfiles", "backups"):
            shutil.rmtree(self.site / name, ignore_errors=True)

    @classmethod
    def run_script(
        cls, script: str, *arguments: str, **variables: str
    ) -> subprocess.CompletedProcess[str]:
        """Run one of the scripts as somebody would who has set nothing else."""
        return cls.run_program(f"deployment_scripts/{script}", *arguments, **variables)

    @classmethod
    def run_program(
        cls, *words: str, **variables: str
    ) -> subprocess.CompletedProcess[str]:
        """Run a program in the copy, with these variables and no others of ours."""
        usual = {**cls.usual_environment(), "D0010_VENV": sys.prefix}
        return subprocess.run(
            words,
            cwd=cls.site,
            env=usual | variables,
            capture_output=True,
            text=True,
            check=False,
            timeout=300,
        )

    @staticmethod
    def usual_environment() -> dict[str, str]:
        """Return what is set for somebody who has set nothing."""
        usual = {
            name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ
        }
        return {**usual, "LC_ALL": "C.UTF-8"}

    def succeed(self, script: str, *arguments: str, **variables: str) -> str:
        """Run a script that must succeed; return what it says."""
        result = self.run_script(script, *arguments, **variables)
        self.assertEqual(result.returncode, 0, result.stdout + result.stderr)
        return result.stdout

    def break_off(self, script: str, *arguments: str, **variables: str) -> str:
        """Run a script that must fail with 1; return what it says."""
        result = self.run_script(script, *arguments, **variables)
        self.assertEqual(result.returncode, 1, result.stdout + result.stderr)
        return result.stdout + result.stderr

    @classmethod
    def settings_of_site(cls) -> dict[str, str]:
        """Return what .env says."""
        lines = (cls.site / ".env").read_text(encoding="utf-8").splitlines()
        return dict(line.split("=", 1) for line in lines)
