"""Tests of backup.sh, restore.sh and test_restore.sh."""

from __future__ import annotations

import shutil
import sys
import tempfile
from pathlib import Path

from meter_readings.tests.deployment.script_test_case import ScriptTestCase
from meter_readings.tests.robustness import only_long

SAMPLE = "sample_data/economy7_meters.uff"


class BackupScriptTests(ScriptTestCase):
    """Each test starts with the data of one imported file."""

    @classmethod
    def setUpClass(cls) -> None:
        super().setUpClass()
        cls.data = Path(cls.enterClassContext(tempfile.TemporaryDirectory()))
        for words in (
            ["deployment_scripts/setup_databases.sh", "sqlite"],
            [sys.executable, "manage.py", "import_d0010", SAMPLE],
        ):
            result = cls.run_program(*words)
            assert not result.returncode, result.stdout + result.stderr
        for path in (cls.site / ".env", *cls.site.glob("db.sqlite3*")):
            shutil.copy2(path, cls.data)
        shutil.copytree(cls.site / "media", cls.data / "media")

    def setUp(self) -> None:
        super().setUp()
        shutil.copytree(self.data, self.site, dirs_exist_ok=True)

    def import_sample(self) -> str:
        """Import the file; return the output."""
        words = [sys.executable, "manage.py", "import_d0010", SAMPLE]
        return self.run_program(*words).stdout

    def back_up(self) -> Path:
        """Return the path of a new backup."""
        self.assert_succeeds("backup.sh", "--keep", "3")
        return sorted((self.site / "backups").iterdir())[-1]

    def delete_everything(self) -> None:
        for path in self.site.glob("db.sqlite3*"):
            path.unlink()
        shutil.rmtree(self.site / "media")

    def test_restore_script_restores_everything_after_the_data_was_lost(self) -> None:
        backup = self.back_up()
        self.delete_everything()
        output = self.assert_succeeds("restore.sh", str(backup))
        self.assertIn("The restore is complete.", output)
        output = self.import_sample()
        self.assertIn("already imported", output)

    def test_backup_script_writes_to_the_folder_of_the_settings(self) -> None:
        (self.site / ".env").write_text("BACKUP_ROOT=elsewhere\n")
        self.assert_succeeds("backup.sh")
        self.assertEqual(len([*self.site.glob("elsewhere/d0010-*.tar.gz")]), 1)

    @only_long
    def test_restore_script_overwrites_with_force_only(self) -> None:
        backup = self.back_up()
        output = self.assert_fails("restore.sh", str(backup))
        self.assertIn("--force then overwrites it", output)
        self.assert_succeeds("restore.sh", str(backup), "--force")

    def test_restore_test_succeeds_and_leaves_no_file(self) -> None:
        self.assertIn("can be restored", self.assert_succeeds("test_restore.sh"))
        self.assertIs((self.site / "backups").exists(), False)

    @only_long
    def test_restore_test_fails_for_a_damaged_backup(self) -> None:
        backup = self.back_up()
        backup.write_bytes(backup.read_bytes()[:-1000])
        output = self.assert_fails("test_restore.sh", str(backup))
        self.assertIn("cannot be read", output)

    def test_restore_script_needs_a_backup(self) -> None:
        self.assertEqual(self.run_script("restore.sh").returncode, 2)
