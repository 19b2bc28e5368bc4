"""Tests of test_deployment.sh that need no minimal Debian."""

from __future__ import annotations

from .script_test_case import ScriptTestCase


class TestDeploymentTests(ScriptTestCase):
    def test_kept_debian_without_systemd_is_refused_with_a_remedy(self) -> None:
        bash = self.site / "debian/bin/bash"
        bash.parent.mkdir(parents=True)
        bash.touch()
        folder = str(self.site / "debian")
        output = self.assert_fails("test_deployment.sh", "--keep", folder)
        self.assertIn(f"{folder} has a Debian without systemd", output)
        self.assertIn("Delete the folder", output)
