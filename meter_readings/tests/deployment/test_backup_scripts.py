"""The scripts that back up, restore, and prove that a backup can be restored."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

from meter_readings.tests.deployment.script_test_case import ScriptTestCase


class SafeKeepingTests(ScriptTestCase):
    def setUp(self) -> None:
        """Hold a file."""
        super().setUp()
        self.assert_succeeds("setup_databases.sh", "sqlite")
        self.import_file("sample_data/economy_7.uff")

    def import_file(self, name: str) -> str:
        """Import one of the samples; return what is said."""
        words = [sys.executable, "manage.py", "import_d0010", name]
        return self.run_program(*words).stdout

    def back_up(self) -> Path:
        """Return where a backup is."""
        self.assert_succeeds("backup.sh", "--keep", "3")
        return sorted((self.site / "backups").iterdir())[-1]

    def lose_everything(self) -> None:
        """Lose the database and the files."""
        for path in self.site.glob("db.sqlite3*"):
            path.unlink()
        shutil.rmtree(self.site / "media")

    def test_everything_is_back_after_everything_was_lost(self) -> None:
        backup = self.back_up()
        self.lose_everything()
        said = self.assert_succeeds("restore.sh", str(backup))
        self.assertIn("All of it is back.", said)
        self.assertIn("already imported", self.import_file("sample_data/economy_7.uff"))

    def test_nothing_is_overwritten_unasked(self) -> None:
        backup = self.back_up()
        said = self.assert_fails("restore.sh", str(backup))
        self.assertIn("--force then overwrites it", said)
        self.assert_succeeds("restore.sh", str(backup), "--force")

    def test_a_drill_proves_it_and_leaves_nothing(self) -> None:
        self.assertIn("can be relied on", self.assert_succeeds("drill_restore.sh"))
        self.assertIs((self.site / "backups").exists(), False)

    def test_a_drill_finds_a_backup_that_is_broken(self) -> None:
        backup = self.back_up()
        (backup / "files.tar.gz").write_bytes(b"")
        said = self.assert_fails("drill_restore.sh", str(backup))
        self.assertIn("not as it was written", said)

    def test_a_restore_needs_a_backup(self) -> None:
        self.assertEqual(self.run_script("restore.sh").returncode, 2)
