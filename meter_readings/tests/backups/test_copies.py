"""A backup is made whole or not at all; a restore brings all of it back, or says so."""

from __future__ import annotations

import json
import shutil
import sqlite3
import tarfile
import tempfile
from contextlib import closing
from datetime import timedelta
from io import StringIO
from pathlib import Path
from typing import Any
from unittest import skipUnless
from unittest.mock import patch

from django.apps import apps
from django.conf import settings
from django.contrib.auth.models import User
from django.contrib.sessions.models import Session
from django.core.management import CommandError, call_command
from django.db import connection
from django.test import TransactionTestCase
from django.utils import timezone

from meter_readings import backups
from meter_readings.backups import Backup, databases
from meter_readings.models import FlowFile, ImportJob, Reading
from meter_readings.tests.flow_file_builder import EVERY_GROUP
from meter_readings.tests.import_helpers import import_text, imported

on_sqlite = skipUnless(connection.vendor == "sqlite", "only SQLite copies itself")
on_postgresql = skipUnless(connection.vendor == "postgresql", "only PostgreSQL dumps")


def everything() -> dict[str, list[dict[str, Any]]]:
    """Return all rows of all models, but who is signed in, as Django reads them."""
    return {
        model._meta.label: [*model._default_manager.order_by("pk").values()]
        for model in apps.get_models()
        if model is not Session
    }


def change_manifest(backup: Backup, **told: object) -> None:
    """Let the manifest of a backup say something else."""
    manifest = backup.path / "manifest.json"
    manifest.write_text(json.dumps(json.loads(manifest.read_text()) | told))


class BackupTestCase(TransactionTestCase):
    def setUp(self) -> None:
        """Hold something in every kind of table, in folders of this test's own."""
        self.folder = Path(self.enterContext(tempfile.TemporaryDirectory()))
        self.enterContext(self.settings(MEDIA_ROOT=self.folder / "media"))
        User.objects.create_superuser("alice", password="correct horse battery")
        self.file = imported(EVERY_GROUP)
        import_text("nothing of the kind", "rejected.txt")

    def back_up(self) -> Backup:
        """Return a backup of what is held now."""
        return backups.back_up(folder=self.folder / "backups", now=timezone.now())

    def destroy(self) -> None:
        """Lose everything that is held."""
        for model in (Reading, ImportJob):
            model.objects.all().delete()
        with connection.cursor() as cursor:
            cursor.execute("DELETE FROM meter_readings_sitevisit")
            cursor.execute("DELETE FROM meter_readings_finding")
            cursor.execute("DELETE FROM meter_readings_flowfile")
            cursor.execute("DELETE FROM meter_readings_meter")
            cursor.execute("DELETE FROM meter_readings_meterpoint")
        User.objects.all().delete()
        shutil.rmtree(settings.MEDIA_ROOT)


class BackUpTests(BackupTestCase):
    def test_says_what_is_in_it(self) -> None:
        backup = self.back_up()
        self.assertEqual(backup.tables["meter_readings_reading"].number, 3)
        self.assertEqual(backup.tables["meter_readings_flowfile"].number, 2)
        self.assertEqual(backup.files.number, 2)
        self.assertEqual(backup.vendor, connection.vendor)

    def test_is_readable_by_its_user_alone(self) -> None:
        backup = self.back_up()
        self.assertEqual(backup.path.stat().st_mode & 0o777, 0o700)
        for part in backup.path.iterdir():
            self.assertEqual(part.stat().st_mode & 0o777, 0o600, part)

    def test_holds_the_bytes_as_they_were_received(self) -> None:
        name = self.file.content.name.removeprefix("flow_files/")
        with tarfile.open(self.back_up().path / "files.tar.gz") as archive:
            content = archive.extractfile(name)
            assert content is not None
            self.assertEqual(content.read(), EVERY_GROUP.encode())

    def test_tells_rows_by_what_they_say(self) -> None:
        before = self.back_up().tables
        Reading.objects.filter(register_id="S").update(reason_code="06")
        after = self.back_up().tables
        self.assertEqual(
            [table for table in before if before[table] != after[table]],
            ["meter_readings_reading"],
        )

    def test_tells_files_by_name_and_content(self) -> None:
        before = self.back_up().files
        path = Path(self.file.content.path)
        path.write_bytes(EVERY_GROUP.replace("99.0", "98.0").encode())
        changed = self.back_up().files
        path.write_bytes(EVERY_GROUP.encode())
        path.rename(path.with_name("other.uff"))
        self.assertEqual(len({before, changed, self.back_up().files}), 3)

    def test_leaves_nothing_where_it_breaks_off(self) -> None:
        with (
            patch("tarfile.open", side_effect=OSError("no space left")),
            self.assertRaises(OSError),
        ):
            self.back_up()
        self.assertEqual(list((self.folder / "backups").iterdir()), [])

    def test_names_each_by_its_time(self) -> None:
        first, second = self.back_up(), self.back_up()
        self.assertEqual(
            backups.complete_backups(folder=self.folder / "backups"),
            [first.path, second.path],
        )

    @on_sqlite
    def test_refuses_a_database_that_is_damaged(self) -> None:
        class Damaged(sqlite3.Connection):
            def execute(self, *words: str) -> sqlite3.Cursor:  # type: ignore[override]
                if "integrity" in words[0]:
                    return super().execute("SELECT 'page 3 is never used'")
                return super().execute(*words)

        connect = sqlite3.connect
        with (
            patch.object(
                databases.sqlite3,
                "connect",
                lambda path: connect(path, factory=Damaged),
            ),
            self.assertRaisesMessage(backups.ToolFailed, "page 3 is never used"),
        ):
            self.back_up()


class RestoreTests(BackupTestCase):
    def test_brings_everything_back_as_it_was(self) -> None:
        before, backup = everything(), self.back_up()
        self.destroy()
        self.assertNotEqual(everything(), before)
        backups.restore(path=backup.path)
        self.assertEqual(everything(), before)

    def test_brings_the_received_files_back(self) -> None:
        backup = self.back_up()
        self.destroy()
        backups.restore(path=backup.path)
        with FlowFile.objects.get(pk=self.file.pk).content.open("rb") as content:
            self.assertEqual(content.read(), EVERY_GROUP.encode())
        again = import_text(EVERY_GROUP, "again.uff")
        self.assertEqual(again.outcome, "already-imported")

    def test_keeps_files_readable_by_their_user_alone(self) -> None:
        backup = self.back_up()
        self.destroy()
        backups.restore(path=backup.path)
        for path in (self.folder / "media").rglob("*"):
            self.assertEqual(path.stat().st_mode & 0o077, 0, path)

    def test_works_where_no_files_were_received(self) -> None:
        self.destroy()
        backup = self.back_up()
        backups.restore(path=backup.path)
        self.assertEqual(backup.files.number, 0)

    def test_signs_everybody_out(self) -> None:
        self.client.force_login(User.objects.get())
        backup = self.back_up()
        backups.restore(path=backup.path, is_forced=True)
        self.assertNotContains(self.client.get("/"), "alice")

    def test_overwrites_nothing_that_is_there(self) -> None:
        backup = self.back_up()
        with self.assertRaisesMessage(backups.NotEmpty, "flow files"):
            backups.restore(path=backup.path)
        FlowFile.objects.get(pk=self.file.pk)

    def test_overwrites_no_files_either(self) -> None:
        backup = self.back_up()
        self.destroy()
        stray = self.folder / "media/flow_files/aa/stray.uff"
        stray.parent.mkdir(parents=True)
        stray.touch()
        with self.assertRaisesMessage(backups.NotEmpty, "files in"):
            backups.restore(path=backup.path)

    def test_overwrites_what_is_there_where_it_is_told_to(self) -> None:
        before, backup = everything(), self.back_up()
        User.objects.create_user("bob")
        backups.restore(path=backup.path, is_forced=True)
        self.assertEqual(everything(), before)

    def test_takes_files_away_that_it_does_not_hold(self) -> None:
        backup = self.back_up()
        stray = self.folder / "media/flow_files/stray.uff"
        stray.touch()
        backups.restore(path=backup.path, is_forced=True)
        self.assertIs(stray.exists(), False)

    def expect_incomplete(self, backup: Backup, message: str) -> None:
        """Expect a restore to find that what it put back is not what was told."""
        self.destroy()
        with self.assertRaisesMessage(backups.RestoreIncomplete, message):
            backups.restore(path=backup.path)

    def test_says_which_tables_are_not_as_they_were(self) -> None:
        backup = self.back_up()
        tables = backup.tables | {
            "meter_readings_reading": (3, "0" * 64),
            "meter_readings_meter": (99, backup.tables["meter_readings_meter"].sha256),
        }
        change_manifest(backup, tables=tables)
        said = "Not as they were: meter_readings_meter, meter_readings_reading."
        self.expect_incomplete(backup, said)

    def test_says_that_files_are_not_as_they_were(self) -> None:
        backup = self.back_up()
        change_manifest(backup, files=(2, "0" * 64))
        self.expect_incomplete(backup, "Not as they were: received files.")


class BrokenBackupTests(BackupTestCase):
    def expect_broken(self, path: Path, message: str) -> None:
        """Expect a restore to touch nothing."""
        with self.assertRaisesMessage(backups.BackupBroken, message):
            backups.restore(path=path, is_forced=True)
        self.assertEqual(Reading.objects.count(), 3)

    def test_is_known_by_one_byte(self) -> None:
        backup = self.back_up()
        part = backup.path / databases.file_name()
        data = bytearray(part.read_bytes())
        data[100] ^= 1
        part.write_bytes(data)
        self.expect_broken(backup.path, "not as it was written")

    def test_is_known_by_a_part_that_is_missing(self) -> None:
        backup = self.back_up()
        (backup.path / "files.tar.gz").unlink()
        self.expect_broken(backup.path, "files.tar.gz is missing")

    def test_is_known_by_its_manifest(self) -> None:
        self.expect_broken(self.folder / "nothing", "has no manifest")

    def test_of_another_version_is_not_guessed_at(self) -> None:
        backup = self.back_up()
        change_manifest(backup, format=99)
        self.expect_broken(backup.path, "another version of this program")

    def test_of_another_database_is_refused(self) -> None:
        backup = self.back_up()
        change_manifest(backup, vendor="oracle")
        self.expect_broken(backup.path, "is of oracle, and this database is")


class CommandTests(BackupTestCase):
    def run_command(self, *words: str) -> tuple[str, str]:
        """Return what a command writes to its two streams."""
        out, err = StringIO(), StringIO()
        call_command(*words, stdout=out, stderr=err)
        return out.getvalue(), err.getvalue()

    def test_tell_where_the_backup_is_and_what_is_in_it(self) -> None:
        out, err = self.run_command("back_up", "--output", str(self.folder / "b"))
        self.assertIs((Path(out.strip()) / "manifest.json").exists(), True)
        self.assertRegex(err, r"^\d+ rows of \d+ tables and 2 files are in it\.\n$")

    def test_keep_no_more_than_they_are_told_to(self) -> None:
        for _ in range(3):
            out, err = self.run_command(
                "back_up", "--output", str(self.folder / "b"), "--keep", "2"
            )
        kept = backups.complete_backups(folder=self.folder / "b")
        self.assertEqual((len(kept), str(kept[-1])), (2, out.strip()))
        self.assertIn("Removed ", err)

    def test_keep_one_at_least(self) -> None:
        with self.assertRaisesMessage(CommandError, "--keep needs one at least."):
            self.run_command("back_up", "--output", "x", "--keep", "0")

    def test_say_that_a_tool_failed(self) -> None:
        with (
            patch.object(
                databases, "copy_to", side_effect=backups.ToolFailed("It failed.")
            ),
            self.assertRaisesMessage(CommandError, "It failed."),
        ):
            self.run_command("back_up", "--output", str(self.folder / "b"))

    def test_restore_and_say_what_is_there(self) -> None:
        backup = self.back_up()
        self.destroy()
        out, _ = self.run_command("restore", str(backup.path))
        self.assertRegex(
            out, r"^Restored and compared: \d+ rows of \d+ tables, 2 files"
        )

    def test_restore_over_something_by_force_alone(self) -> None:
        backup = self.back_up()
        with self.assertRaisesMessage(CommandError, "--force then overwrites it."):
            self.run_command("restore", str(backup.path))
        self.run_command("restore", str(backup.path), "--force")

    def test_say_that_a_backup_is_broken(self) -> None:
        with self.assertRaisesMessage(CommandError, "has no manifest"):
            self.run_command("restore", str(self.folder))


@on_sqlite
class SqliteTests(BackupTestCase):
    def test_a_copy_stands_alone(self) -> None:
        path = self.back_up().path / "database.sqlite3"
        with closing(sqlite3.connect(f"file:{path}?immutable=1", uri=True)) as copy:
            (count,) = copy.execute(
                "SELECT COUNT(*) FROM meter_readings_reading"
            ).fetchone()
        self.assertEqual(count, 3)

    def test_tables_without_a_key_are_told_by_their_rows(self) -> None:
        with connection.cursor() as cursor:
            cursor.execute("CREATE TABLE keyless (text)")
            cursor.execute("INSERT INTO keyless VALUES ('x')")
        self.addCleanup(lambda: connection.cursor().execute("DROP TABLE keyless"))
        self.assertEqual(databases.contents()["keyless"].number, 1)


@on_postgresql
class PostgresqlTests(BackupTestCase):
    def test_a_program_that_is_missing_is_named(self) -> None:
        with (
            patch("shutil.which", return_value=None),
            self.assertRaisesMessage(backups.ToolFailed, "pg_dump is not here"),
        ):
            self.back_up()

    def test_what_a_program_says_is_told(self) -> None:
        path = self.folder / "no.dump"
        path.write_text("no dump at all")
        with self.assertRaisesMessage(backups.ToolFailed, "pg_restore failed:"):
            databases.put_back(path)

    def test_what_comes_meanwhile_is_not_in_it(self) -> None:
        dumped = databases._run

        def run(program: str, *arguments: str) -> None:
            dumped(program, *arguments)
            if program == "pg_dump":
                other = connection.copy()
                with closing(other), other.cursor() as cursor:
                    cursor.execute("UPDATE meter_readings_flowfile SET filename = 'x'")

        with patch.object(databases, "_run", run):
            backup = self.back_up()
        backups.restore(path=backup.path, is_forced=True)
        self.assertIs(FlowFile.objects.filter(filename="x").exists(), False)


class TimeTests(BackupTestCase):
    def test_is_that_of_the_moment_in_utc(self) -> None:
        backup = self.back_up()
        self.assertLess(timezone.now() - backup.made_at, timedelta(minutes=1))
        self.assertIn(f"d0010-{backup.made_at:%Y%m%dT%H%M}", backup.path.name)
