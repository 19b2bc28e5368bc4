"""Tests of the command that runs manage.py on a server as the user of the site."""

from __future__ import annotations

import getpass
import os
import shutil
import tempfile
from pathlib import Path
from unittest import skipUnless

from meter_readings.tests.deployment.script_test_case import ScriptTestCase

CAN_RUN_AS_OTHER_USERS = os.name == "posix" and not os.geteuid()


class D0010ctlTests(ScriptTestCase):
    def setUp(self) -> None:
        super().setUp()
        self.folder = Path(self.enterContext(tempfile.TemporaryDirectory()))

    def d0010ctl(self, user: str) -> str:
        """Write the command for a user of the site; return its path."""
        plan = self.assert_succeeds(
            *["quick_deploy.sh", "production", "--domain", "readings.example"],
            *["--dry-run", "--user", user, "--data", str(self.folder)],
        )
        path = self.folder / "d0010ctl"
        path.write_text(plan.partition("==> d0010ctl\n")[2])
        path.chmod(0o755)
        return str(path)

    def test_d0010ctl_runs_a_command_of_the_site(self) -> None:
        command = self.d0010ctl(getpass.getuser())
        ran = self.run_program(command, "version")
        self.assertIn("Kraken D0010", ran.stdout, ran.stderr)

    @skipUnless(CAN_RUN_AS_OTHER_USERS, "only root can run commands as another user")
    @skipUnless(shutil.which("runuser"), "runuser is not installed")
    def test_a_file_closed_to_the_user_of_the_site_can_be_given_as_standard_input(
        self,
    ) -> None:
        file = self.folder / "march.uff"
        file.touch(0o600)
        ran = self.run_program(self.d0010ctl("nobody"), "import_d0010", str(file))
        self.assertEqual(ran.returncode, 1)
        self.assertIn(f"the user nobody cannot read {file}", ran.stderr)
        self.assertIn(f"import_d0010 - --name march.uff < {file}", ran.stderr)
