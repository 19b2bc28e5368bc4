"""Schemathesis tests the API by its own OpenAPI description."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from importlib.util import find_spec
from pathlib import Path
from unittest import SkipTest

from django.db import connection

from config.environment import PROJECT_ROOT, env_bool
from meter_readings.tests.robustness import IS_LONG, SEED, amount, say

from .base import HttpServerTestCase

# "coverage" tries every limit of every parameter, which takes minutes.
PHASES = "examples,coverage,fuzzing,stateful" if IS_LONG else "examples,fuzzing"
EXAMPLES = amount("D0010_API_EXAMPLES", 5)

_CONFIGURATION = Path(__file__).with_name("schemathesis.toml")
_HOOKS = "meter_readings.tests.http_server.schemathesis_hooks"


class DescriptionTests(HttpServerTestCase):
    @classmethod
    def setUpClass(cls) -> None:
        if find_spec("schemathesis") is None:
            missing = (
                "Schemathesis is missing: deployment_scripts/requirements-tools.txt"
            )
            if env_bool("D0010_SCHEMATHESIS_REQUIRED", default=False):
                raise AssertionError(missing)
            raise SkipTest(missing)
        super().setUpClass()

    def test_every_response_conforms_to_the_openapi_description(self) -> None:
        with tempfile.TemporaryDirectory(prefix="d0010_schemathesis_") as folder:
            result = subprocess.run(
                [sys.executable, "-m", "schemathesis.cli", *self.arguments()],
                cwd=folder,
                env=os.environ
                | {"PYTHONPATH": str(PROJECT_ROOT), "SCHEMATHESIS_HOOKS": _HOOKS},
                capture_output=True,
                text=True,
                check=False,
            )
        self.assertEqual(result.returncode, 0, result.stdout + result.stderr)
        self.assert_no_error_was_logged()
        say(f"{EXAMPLES} examples an operation on {connection.vendor}: {result.stdout}")

    def arguments(self) -> list[str]:
        """Return the arguments of Schemathesis."""
        site = f"http://127.0.0.1:{self.port}"
        arguments = [
            f"--config-file={_CONFIGURATION}",
            "run",
            f"{site}/api/v1/schema/?format=json",
            f"--url={site}",
            "--checks=all",
            f"--phases={PHASES}",
            f"--max-examples={EXAMPLES}",
            f"--seed={SEED}",
            "--continue-on-failure",
            # The machine may be busy.
            "--request-timeout=120",
            "--generation-database=none",
            "--suppress-health-check=all",
            "--no-color",
        ]
        arguments += [
            f"--header={name}: {value}" for name, value in self.headers.items()
        ]
        return arguments
