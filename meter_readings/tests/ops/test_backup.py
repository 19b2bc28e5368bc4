"""Tests of backups, of restoring them, and of the two commands."""

from __future__ import annotations

import io
import json
import shutil
import sqlite3
import tarfile
import tempfile
from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
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

from meter_readings.importer import clear_database
from meter_readings.models import DataVersion, FlowFile, ImportJob, MeterPoint, Reading
from meter_readings.ops import backup as backups
from meter_readings.ops.backup import Backup, create_backup, restore_backup
from meter_readings.ops.database_dump import (
    ToolFailed,
    dump_database,
    restore_database,
)
from meter_readings.privacy.erasure import erase_mpan
from meter_readings.tests.support.flow_file_builder import EVERY_GROUP
from meter_readings.tests.support.import_helpers import import_text, imported

on_sqlite = skipUnless(connection.vendor == "sqlite", "SQLite only")
on_postgresql = skipUnless(connection.vendor == "postgresql", "PostgreSQL only")


def all_rows() -> dict[str, list[dict[str, Any]]]:
    """Return the rows of all models except sessions and the data version."""
    return {
        model._meta.label: [*model._default_manager.order_by("pk").values()]
        for model in apps.get_models()
        if model not in (Session, DataVersion)
    }


def rewrite(path: Path, change: Callable[[dict[str, bytes]], None]) -> None:
    """Change the members of an archive."""
    with tarfile.open(path) as archive:
        members = {
            member.name: archive.extractfile(member).read()  # type: ignore[union-attr]
            for member in archive
        }
    change(members)
    with tarfile.open(path, "w:gz") as archive:
        for name, content in members.items():
            member = tarfile.TarInfo(name)
            member.size = len(content)
            archive.addfile(member, io.BytesIO(content))


class BackupTestCase(TransactionTestCase):
    def setUp(self) -> None:
        """Store rows in every kind of table, and two original files."""
        self.folder = Path(self.enterContext(tempfile.TemporaryDirectory()))
        self.enterContext(self.settings(MEDIA_ROOT=self.folder / "media"))
        User.objects.create_superuser("alice", password="correct horse battery")
        self.file = imported(EVERY_GROUP)
        import_text("nothing of the kind", "rejected.txt")

    def create_backup(self) -> Backup:
        return create_backup(folder=self.folder / "backups", now=timezone.now())

    def delete_everything(self) -> None:
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


class CreateBackupTests(BackupTestCase):
    def test_backup_counts_the_original_files(self) -> None:
        self.assertEqual(self.create_backup().file_count, 2)

    def test_backup_is_readable_by_its_owner_only(self) -> None:
        backup = self.create_backup()
        self.assertEqual(backup.path.stat().st_mode & 0o777, 0o600)
        self.assertEqual(backup.path.parent.stat().st_mode & 0o777, 0o700)

    def test_backup_contains_the_original_files_unchanged(self) -> None:
        with tarfile.open(self.create_backup().path) as archive:
            content = archive.extractfile(self.file.content.name)
            assert content is not None
            self.assertEqual(content.read(), EVERY_GROUP.encode())

    def test_failed_backup_leaves_no_file(self) -> None:
        with (
            patch("tarfile.open", side_effect=OSError("no space left")),
            self.assertRaises(OSError),
        ):
            self.create_backup()
        self.assertEqual(list((self.folder / "backups").iterdir()), [])

    def test_backups_are_listed_from_the_oldest(self) -> None:
        first, second = self.create_backup(), self.create_backup()
        self.assertEqual(
            backups.list_backups(folder=self.folder / "backups"),
            [first.path, second.path],
        )

    def test_backup_is_named_by_its_time_in_utc(self) -> None:
        backup = self.create_backup()
        self.assertLess(timezone.now() - backup.created_at, timedelta(minutes=1))
        self.assertIn(f"d0010-{backup.created_at:%Y%m%dT%H%M}", backup.path.name)


class DeletedFilesTests(BackupTestCase):
    """Original files that are deleted between the dump and their reading."""

    def back_up_beside(self, *changes: Callable[[], object]) -> Backup:
        """Return a backup; each of its dumps is followed by a change."""
        remaining = [*changes]

        def dump(path: Path) -> None:
            dump_database(path)
            if remaining:
                remaining.pop(0)()

        with patch.object(backups, "dump_database", dump):
            return self.create_backup()

    def test_backup_beside_an_erasure_has_the_redacted_original(self) -> None:
        mpan = MeterPoint.objects.order_by("pk")[0].mpan

        def erase() -> None:
            erase_mpan(mpan=mpan, reason="", answered_by="alice", now=timezone.now())

        backup = self.back_up_beside(erase)
        self.assertEqual((backup.missing, backup.file_count), (frozenset(), 2))
        after = all_rows()
        self.delete_everything()
        self.assertEqual(restore_backup(path=backup.path).missing, frozenset())
        self.assertEqual(all_rows(), after)
        with FlowFile.objects.get(pk=self.file.pk).content.open("rb") as content:
            self.assertNotIn(mpan.encode(), content.read())

    def test_backup_beside_a_clearing_has_no_original(self) -> None:
        backup = self.back_up_beside(lambda: clear_database(now=timezone.now()))
        self.assertEqual((backup.missing, backup.file_count), (frozenset(), 0))
        restore_backup(path=backup.path, force=True)
        self.assertIs(FlowFile.objects.exists(), False)

    def test_backup_names_missing_files_if_every_dump_is_followed_by_deletions(
        self,
    ) -> None:
        def replace_all_files() -> None:
            clear_database(now=timezone.now())
            import_text(f"no D0010 of {timezone.now()}", "x.txt")

        backup = self.back_up_beside(*[replace_all_files] * 3)
        self.assertEqual(len(backup.missing), 1)
        restored = restore_backup(path=backup.path, force=True)
        self.assertEqual(restored.missing, {FlowFile.objects.get().content.name})

    def test_command_says_to_back_up_again_after_deletions(self) -> None:
        Path(self.file.content.path).unlink()
        with self.assertRaisesMessage(
            CommandError,
            "If they were erased or cleared meanwhile, back up again.",
        ):
            quiet = {"stdout": StringIO(), "stderr": StringIO()}
            call_command("backup", output=self.folder / "backups", **quiet)


class LostFilesTests(BackupTestCase):
    def original(self) -> Path:
        return Path(self.file.content.path)

    def assert_says_incomplete(self, *command: str) -> None:
        with self.assertRaises(CommandError) as caught:
            call_command(*command, stdout=StringIO(), stderr=StringIO())
        self.assertEqual(caught.exception.returncode, 1)
        self.assertIn(
            "not complete: missing or damaged originals: "
            f"{self.file.content.name}. Import those files again, or",
            str(caught.exception),
        )

    def test_backup_and_restore_say_which_original_is_missing(self) -> None:
        self.original().unlink()
        folder = str(self.folder / "backups")
        self.assert_says_incomplete("backup", "--output", folder)
        (path,) = backups.list_backups(folder=Path(folder))
        before = all_rows()
        self.delete_everything()
        self.assert_says_incomplete("restore", str(path))
        self.assertEqual(all_rows(), before)

    def test_incomplete_backup_deletes_no_older_backup(self) -> None:
        complete = self.create_backup().path
        self.original().unlink()
        folder = str(complete.parent)
        self.assert_says_incomplete("backup", "--output", folder, "--keep", "1")
        self.assertIs(complete.exists(), True)

    def test_backup_names_an_original_that_has_changed(self) -> None:
        self.original().write_bytes(b"something else")
        self.assertEqual(self.create_backup().missing, {self.file.content.name})

    def test_missing_originals_after_the_third_are_counted(self) -> None:
        names = frozenset("edcba")
        backup = replace(self.create_backup(), missing=names)
        self.assertIn("originals: a, b, c and 2 more.", backup.missing_text)

    def test_backup_fails_if_a_folder_of_originals_cannot_be_read(self) -> None:
        folder = self.original().parent
        shutil.rmtree(folder)
        folder.symlink_to(folder)
        with self.assertRaisesMessage(CommandError, "Too many levels of symbolic"):
            call_command("backup", "--output", str(self.folder / "backups"))
        self.assertEqual([*(self.folder / "backups").iterdir()], [])

    def test_backup_has_no_file_that_the_database_does_not_name(self) -> None:
        self.original().with_name("remains.uff").touch()
        self.assertEqual(self.create_backup().file_count, 2)


class RestoreBackupTests(BackupTestCase):
    def test_every_row_is_restored(self) -> None:
        before, backup = all_rows(), self.create_backup()
        self.delete_everything()
        self.assertNotEqual(all_rows(), before)
        restore_backup(path=backup.path)
        self.assertEqual(all_rows(), before)

    def test_original_files_are_restored(self) -> None:
        backup = self.create_backup()
        self.delete_everything()
        restore_backup(path=backup.path)
        with FlowFile.objects.get(pk=self.file.pk).content.open("rb") as content:
            self.assertEqual(content.read(), EVERY_GROUP.encode())
        again = import_text(EVERY_GROUP, "again.uff")
        self.assertEqual(again.outcome, "already-imported")

    def test_restored_files_are_readable_by_their_owner_only(self) -> None:
        backup = self.create_backup()
        self.delete_everything()
        restore_backup(path=backup.path)
        for path in (self.folder / "media").rglob("*"):
            self.assertEqual(path.stat().st_mode & 0o077, 0, path)

    def test_backup_without_original_files_can_be_restored(self) -> None:
        self.delete_everything()
        backup = self.create_backup()
        restore_backup(path=backup.path)
        self.assertEqual(backup.file_count, 0)

    def test_restore_signs_all_users_out(self) -> None:
        self.client.force_login(User.objects.get())
        backup = self.create_backup()
        restore_backup(path=backup.path, force=True)
        self.assertNotContains(self.client.get("/"), "alice")

    def test_restore_gives_a_data_version_that_never_was(self) -> None:
        versions = {DataVersion.objects.current_text()}
        backup = self.create_backup()
        import_text(EVERY_GROUP.replace("TR01", "TR02"), "other.uff")
        versions.add(DataVersion.objects.current_text())
        restore_backup(path=backup.path, force=True)
        self.assertNotIn(DataVersion.objects.current_text(), versions)

    def test_backup_of_a_program_without_a_data_version_can_be_restored(self) -> None:
        with connection.schema_editor() as editor:
            editor.delete_model(DataVersion)
        try:
            restore_backup(path=self.create_backup().path, force=True)
        finally:
            with connection.schema_editor() as editor:
                editor.create_model(DataVersion)
        self.assertIs(FlowFile.objects.exists(), True)

    def test_restore_refuses_a_database_that_is_not_empty(self) -> None:
        backup = self.create_backup()
        with self.assertRaisesMessage(backups.TargetNotEmpty, "flow files"):
            restore_backup(path=backup.path)
        FlowFile.objects.get(pk=self.file.pk)

    def test_restore_refuses_to_overwrite_files(self) -> None:
        backup = self.create_backup()
        self.delete_everything()
        other = self.folder / "media/flow_files/aa/other.uff"
        other.parent.mkdir(parents=True)
        other.touch()
        with self.assertRaisesMessage(backups.TargetNotEmpty, "files in"):
            restore_backup(path=backup.path)

    def test_restore_refuses_a_folder_that_it_cannot_read(self) -> None:
        backup = self.create_backup()
        self.delete_everything()
        folder = self.folder / "media/flow_files"
        folder.parent.mkdir()
        folder.symlink_to(folder)
        with self.assertRaisesRegex(OSError, "symbolic links"):
            restore_backup(path=backup.path)
        self.assertIs(FlowFile.objects.exists(), False)

    def test_forced_restore_replaces_existing_rows(self) -> None:
        before, backup = all_rows(), self.create_backup()
        User.objects.create_user("bob")
        restore_backup(path=backup.path, force=True)
        self.assertEqual(all_rows(), before)

    def test_forced_restore_deletes_files_that_are_not_in_the_backup(self) -> None:
        backup = self.create_backup()
        other = self.folder / "media/flow_files/other.uff"
        other.touch()
        restore_backup(path=backup.path, force=True)
        self.assertIs(other.exists(), False)


class InvalidBackupTests(BackupTestCase):
    def assert_invalid(self, path: Path, message: str) -> None:
        """Check that a restore is refused and changes nothing."""
        with self.assertRaisesMessage(backups.InvalidBackup, message):
            restore_backup(path=path, force=True)
        self.assertEqual(Reading.objects.count(), 3)

    def change_manifest(self, **values: object) -> Path:
        """Return the path of a backup whose manifest has other values."""

        def change(members: dict[str, bytes]) -> None:
            manifest = json.loads(members["manifest.json"]) | values
            members["manifest.json"] = json.dumps(manifest).encode()

        path = self.create_backup().path
        rewrite(path, change)
        return path

    def test_restore_refuses_a_member_that_was_changed(self) -> None:
        def change(members: dict[str, bytes]) -> None:
            members[str(self.file.content.name)] += b" "

        path = self.create_backup().path
        rewrite(path, change)
        self.assert_invalid(path, f"is damaged: {self.file.content.name}")

    def test_restore_refuses_a_backup_without_one_of_its_members(
        self,
    ) -> None:
        path = self.create_backup().path
        rewrite(path, lambda members: members.pop("database") and None)
        self.assert_invalid(path, "is damaged: database")

    def test_restore_refuses_a_member_that_is_not_in_the_manifest(
        self,
    ) -> None:
        path = self.create_backup().path
        rewrite(path, lambda members: members.update({"flow_files/new": b""}))
        self.assert_invalid(path, "is damaged: flow_files/new")

    def test_restore_refuses_a_member_that_is_not_a_file(self) -> None:
        path = self.folder / "backup.tar.gz"
        with tarfile.open(path, "w:gz") as archive:
            archive.add(self.folder / "media", "flow_files", recursive=False)
        self.assert_invalid(path, "flow_files, not a file")

    def test_restore_refuses_a_truncated_archive(self) -> None:
        path = self.create_backup().path
        path.write_bytes(path.read_bytes()[:-1000])
        self.assert_invalid(path, "cannot be read")

    def test_restore_refuses_a_path_that_does_not_exist(self) -> None:
        self.assert_invalid(self.folder / "nothing", "cannot be read")

    def test_restore_refuses_a_backup_of_another_version(self) -> None:
        self.assert_invalid(self.change_manifest(format=99), "not a backup of this")

    def test_restore_refuses_a_backup_of_another_database(self) -> None:
        path = self.change_manifest(vendor="oracle")
        self.assert_invalid(path, "a backup of oracle; this database is")


class CommandTests(BackupTestCase):
    def run_command(self, *arguments: str) -> tuple[str, str]:
        """Return what a command writes to stdout and stderr."""
        out, err = StringIO(), StringIO()
        call_command(*arguments, stdout=out, stderr=err)
        return out.getvalue(), err.getvalue()

    def test_backup_prints_its_path_and_content(self) -> None:
        out, err = self.run_command("backup", "--output", str(self.folder / "b"))
        self.assertIs(Path(out.strip()).is_file(), True)
        self.assertRegex(err, r"^Original files: 2\. Size: [\d.]+ MB\.\n$")

    def test_backup_keeps_the_latest_backups(self) -> None:
        for _ in range(3):
            out, err = self.run_command(
                "backup", "--output", str(self.folder / "b"), "--keep", "2"
            )
        remaining = backups.list_backups(folder=self.folder / "b")
        self.assertEqual((len(remaining), str(remaining[-1])), (2, out.strip()))
        self.assertIn("Deleted ", err)

    def test_backup_refuses_to_keep_none(self) -> None:
        with self.assertRaisesMessage(CommandError, "--keep must be at least 1."):
            self.run_command("backup", "--output", "x", "--keep", "0")

    def test_backup_reports_a_dump_that_failed(self) -> None:
        failure = ToolFailed("It failed.")
        with (
            patch.object(backups, "dump_database", side_effect=failure),
            self.assertRaisesMessage(CommandError, "It failed."),
        ):
            self.run_command("backup", "--output", str(self.folder / "b"))

    def test_restore_prints_what_was_restored(self) -> None:
        backup = self.create_backup()
        self.delete_everything()
        out, _ = self.run_command("restore", str(backup.path))
        self.assertRegex(out, r"^Restored the backup of \d{4}-.*Original files: 2\.$")

    def test_restore_overwrites_with_force_only(self) -> None:
        backup = self.create_backup()
        with self.assertRaisesMessage(CommandError, "--force then overwrites it."):
            self.run_command("restore", str(backup.path))
        self.run_command("restore", str(backup.path), "--force")

    def test_restore_reports_an_invalid_backup(self) -> None:
        with self.assertRaisesMessage(CommandError, "cannot be read"):
            self.run_command("restore", str(self.folder))


@on_sqlite
class SqliteTests(BackupTestCase):
    def test_dump_is_one_file_without_a_log(self) -> None:
        with tarfile.open(self.create_backup().path) as archive:
            archive.extract("database", self.folder, filter="data")
        uri = f"file:{self.folder / 'database'}?immutable=1"
        with closing(sqlite3.connect(uri, uri=True)) as copy:
            (count,) = copy.execute(
                "SELECT COUNT(*) FROM meter_readings_reading"
            ).fetchone()
        self.assertEqual(count, 3)

    def test_backup_refuses_a_damaged_database(self) -> None:
        with connection.cursor() as cursor:
            # SQLite's integrity check reports rows that a constraint forbids.
            cursor.execute("PRAGMA ignore_check_constraints = 1")
            cursor.execute("UPDATE meter_readings_reading SET value = -1")
            cursor.execute("PRAGMA ignore_check_constraints = 0")
        with self.assertRaisesMessage(ToolFailed, "damaged database: CHECK"):
            self.create_backup()


@on_postgresql
class PostgresqlTests(BackupTestCase):
    def test_backup_names_a_client_that_is_not_installed(self) -> None:
        with (
            patch("shutil.which", return_value=None),
            self.assertRaisesMessage(ToolFailed, "pg_dump is not installed"),
        ):
            self.create_backup()

    def execute(self, statement: str) -> None:
        with connection.cursor() as cursor:
            cursor.execute(statement)

    def test_restore_drops_tables_functions_and_schemas_that_the_backup_lacks(
        self,
    ) -> None:
        path = self.create_backup().path
        connection.close()  # It has temporary tables.
        tables, rows = connection.introspection.table_names(), all_rows()
        self.execute("CREATE TABLE later (id bigint PRIMARY KEY)")
        self.execute("CREATE VIEW later_view AS SELECT id FROM later")
        self.execute("CREATE FUNCTION later() RETURNS int RETURN 1")
        self.execute("CREATE SCHEMA later CREATE TABLE later (id bigint)")
        restore_backup(path=path, force=True)
        self.assertEqual(connection.introspection.table_names(), tables)
        self.assertEqual(all_rows(), rows)
        names = "to_regclass('later.later')", "to_regproc('later')"
        with connection.cursor() as cursor:
            cursor.execute(f"SELECT {', '.join(names)}")
            self.assertEqual(cursor.fetchone(), (None, None))

    def test_restore_drops_types_that_the_backup_lacks(self) -> None:
        path = self.create_backup().path
        connection.close()  # It has temporary tables.
        self.execute("CREATE TYPE later_enum AS ENUM ('a', 'b')")
        self.execute("CREATE DOMAIN later_domain AS text")
        self.execute("CREATE TYPE later_row AS (one later_enum)")
        self.execute("CREATE TYPE later_range AS RANGE (SUBTYPE = text)")
        self.execute("CREATE TABLE later (one later_row, two later_domain)")
        restore_backup(path=path, force=True)
        with connection.cursor() as cursor:
            cursor.execute("SELECT typname FROM pg_type WHERE typname LIKE '%later%'")
            self.assertEqual(cursor.fetchall(), [])

    def test_restore_restores_types(self) -> None:
        self.execute("CREATE TYPE color AS ENUM ('red')")
        self.addCleanup(self.execute, "DROP TYPE color")
        path = self.create_backup().path
        connection.close()  # It has temporary tables.
        restore_backup(path=path, force=True)
        with connection.cursor() as cursor:
            cursor.execute("SELECT 'red'::color::text")
            self.assertEqual(cursor.fetchone(), ("red",))

    def test_restore_restores_detached_years_in_a_schema_of_their_own(self) -> None:
        self.execute("CREATE SCHEMA old_years CREATE TABLE of_2015 (id bigint)")
        self.addCleanup(self.execute, "DROP SCHEMA IF EXISTS old_years CASCADE")
        path = self.create_backup().path
        self.execute("DROP TABLE old_years.of_2015")
        restore_backup(path=path, force=True)
        self.execute("SELECT id FROM old_years.of_2015")

    def test_restore_that_fails_changes_nothing(self) -> None:
        self.create_backup()
        path, rows = self.folder / "cut.dump", all_rows()
        dump_database(path)
        path.write_bytes(path.read_bytes()[:-300])
        with self.assertRaisesMessage(ToolFailed, "pg_restore failed:"):
            restore_database(path)
        self.assertEqual(all_rows(), rows)

    def test_restore_reports_the_error_of_the_database(self) -> None:
        path, drop_nothing = self.folder / "whole.dump", self.folder / "nothing.sql"
        dump_database(path)
        drop_nothing.write_text("BEGIN;\n")
        with (
            patch("meter_readings.ops.database_dump._DROP_SQL", drop_nothing),
            self.assertRaisesMessage(ToolFailed, "psql failed:"),
        ):
            restore_database(path)

    def test_restore_reports_the_error_of_pg_restore(self) -> None:
        path = self.folder / "no.dump"
        path.write_text("not a dump")
        with self.assertRaisesMessage(ToolFailed, "pg_restore failed:"):
            restore_database(path)
