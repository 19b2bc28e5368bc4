"""Tests of the scripts in the order of the deployment guide, without an argument."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import time
from typing import ClassVar
from urllib.error import URLError
from urllib.request import urlopen

from meter_readings.tests.deployment.script_test_case import ScriptTestCase
from meter_readings.tests.robustness.pg_cluster import free_port


class DemonstrationTests(ScriptTestCase):
    """One site, deployed twice by quick_deploy.sh."""

    ports: ClassVar[tuple[int, int]]
    starts: ClassVar[list[str]]
    validation: ClassVar[subprocess.CompletedProcess[str]]

    @classmethod
    def setUpClass(cls) -> None:
        super().setUpClass()
        for script in (
            "setup_system_dependencies.sh",
            "setup_python_environment.sh",
            "setup_databases.sh",
        ):
            ran = cls.run_script(script)
            assert ran.returncode == 0, ran.stdout + ran.stderr
        # The first server may still be ending when the second starts.
        cls.ports = free_port(), free_port()
        cls.starts = [cls.start(port) for port in cls.ports]
        cls.validation = cls.run_script("validate_deployment.sh")

    def setUp(self) -> None:
        """Keep the deployed site from test to test."""

    @classmethod
    def start(cls, port: int) -> str:
        """Return what quick_deploy.sh prints until the site answers, with colours."""
        variables = cls.base_environment() | {
            "D0010_VENV": sys.prefix,
            "SERVER_PORT": str(port),
        }
        # "script" gives it a terminal, so that it prints colours.
        words = [
            "script",
            "-qec",
            "exec deployment_scripts/quick_deploy.sh",
            "/dev/null",
        ]
        process = subprocess.Popen(
            words,
            cwd=cls.site,
            env=variables | {"TERM": "xterm"},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )
        try:
            cls.wait_until_it_answers(process, port)
        finally:
            os.killpg(process.pid, signal.SIGTERM)
            output, _ = process.communicate(timeout=30)
        return output

    @classmethod
    def wait_until_it_answers(cls, process: subprocess.Popen[str], port: int) -> None:
        for _ in range(1200):
            if process.poll() is not None:
                return
            try:
                urlopen(f"http://127.0.0.1:{port}/healthz").close()
                return
            except URLError:
                time.sleep(0.1)

    def test_quick_deploy_without_an_argument_serves_the_demonstration(self) -> None:
        for output in self.starts:
            self.assertIn("Deploying the demonstration on SQLite, because no", output)
            self.assertIn("Serving the site.", output)

    def test_start_names_the_addresses_of_the_site(self) -> None:
        for path in ("", "admin/", "admin/testing/"):
            address = f"  http://127.0.0.1:{self.ports[0]}/{path}\n"
            self.assertIn(address, self.starts[0])

    def test_first_start_imports_every_sample_once(self) -> None:
        imported = re.findall(r"sample_data/(\S+): (imported|rejected)", self.starts[0])
        samples = sorted(path.name for path in (self.site / "sample_data").glob("*"))
        self.assertEqual(sorted(name for name, _ in imported), samples)

    def test_first_start_tells_each_rejected_sample_in_one_line(self) -> None:
        text = self.starts[0].partition("Importing invalid sample files")[2]
        _, *lines, _ = text.partition("==>")[0].splitlines()
        self.assertEqual(len(lines), 2)
        for line in lines:
            self.assertRegex(line, r"^sample_data/\w+\.uff: rejected: \d+ errors")

    def test_start_finds_late_and_missing_readings(self) -> None:
        for output in self.starts:
            self.assertRegex(output, r"Late or missing: [1-9]\d* readings\.")

    def test_second_start_imports_and_validates_nothing(self) -> None:
        self.assertNotIn(".uff", self.starts[1])
        self.assertIn("Loading the sample files: 0 new", self.starts[1])

    def test_starts_print_no_red(self) -> None:
        for output in self.starts:
            self.assertIn("\033[32m", output)
            self.assertNotRegex(output, r"\033\[(\d+;)*31[;m]")

    def test_validation_after_the_demonstration_is_all_good(self) -> None:
        output = self.validation.stdout
        self.assertEqual(self.validation.returncode, 0, output)
        self.assertRegex(output, r"All good: \d+ ok, 0 failed\.")
