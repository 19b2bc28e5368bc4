"""The base class of tests that run scripts in a temporary copy of the project."""

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


class ScriptTestCase(SimpleTestCase):
    site: ClassVar[Path]
    folders: ClassVar[tuple[str, ...]] = (
        *("config", "deployment_scripts", "meter_readings", "sample_data"),
    )
    files: ClassVar[tuple[str, ...]] = (
        *("manage.py", "requirements.txt", ".env.example", "run_demo_server.sh"),
    )
    # Compiled files save time.
    excluded: ClassVar[tuple[str, ...]] = ("tests",)

    @classmethod
    def setUpClass(cls) -> None:
        super().setUpClass()
        folder = tempfile.mkdtemp(prefix="test_d0010_site_")
        cls.addClassCleanup(shutil.rmtree, folder, ignore_errors=True)
        cls.site = Path(folder)
        ignore = shutil.ignore_patterns(*cls.excluded)
        for name in cls.folders:
            shutil.copytree(PROJECT_ROOT / name, cls.site / name, ignore=ignore)
        for name in cls.files:
            shutil.copy(PROJECT_ROOT / name, cls.site / name)

    def setUp(self) -> None:
        """Remove the settings and data of the previous test."""
        for name in (".env", "db.sqlite3", "db.sqlite3-wal", "db.sqlite3-shm"):
            (self.site / name).unlink(missing_ok=True)
        for name in ("media", "sessions", "staticfiles", "backups"):
            shutil.rmtree(self.site / name, ignore_errors=True)

    @classmethod
    def run_script(
        cls, script: str, *arguments: str, **variables: str
    ) -> subprocess.CompletedProcess[str]:
        return cls.run_program(f"deployment_scripts/{script}", *arguments, **variables)

    @classmethod
    def run_program(
        cls, *words: str, **variables: str
    ) -> subprocess.CompletedProcess[str]:
        """Run a program in the copy, without the environment variables of the tests."""
        base = {**cls.base_environment(), "D0010_VENV": sys.prefix}
        return subprocess.run(
            words,
            cwd=cls.site,
            env=base | variables,
            capture_output=True,
            text=True,
            check=False,
            timeout=300,
        )

    @staticmethod
    def base_environment() -> dict[str, str]:
        names = [name for name in ("PATH", "HOME") if name in os.environ]
        return {name: os.environ[name] for name in names} | {"LC_ALL": "C.UTF-8"}

    def assert_succeeds(self, script: str, *arguments: str, **variables: str) -> str:
        """Run a script, and return its standard output."""
        result = self.run_script(script, *arguments, **variables)
        self.assertEqual(result.returncode, 0, result.stdout + result.stderr)
        return result.stdout

    def assert_fails(self, script: str, *arguments: str, **variables: str) -> str:
        """Run a script that must exit with status 1, and return its output."""
        result = self.run_script(script, *arguments, **variables)
        self.assertEqual(result.returncode, 1, result.stdout + result.stderr)
        return result.stdout + result.stderr

    @classmethod
    def env_file_settings(cls) -> dict[str, str]:
        lines = (cls.site / ".env").read_text(encoding="utf-8").splitlines()
        return dict(line.split("=", 1) for line in lines)
