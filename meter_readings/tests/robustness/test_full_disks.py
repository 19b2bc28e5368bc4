"""Full disks: users get an error, no part of a file is stored, the site recovers."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path
from unittest import skipUnless

from django.test import SimpleTestCase

from .pg_cluster import Cluster, programs
from .small_disk import SmallDisk, can_mount
from .large_files import large_file
from .live_site import Site

_METERS, _DAYS = 200, 50

IS_REQUIRED = bool(os.environ.get("D0010_PROGRAMS_REQUIRED"))

# Too few bytes for a file of about 600 kB or for its rows
_FREE_BYTES = 300_000


@skipUnless(can_mount(), "only root can mount a small disk")
class FullDiskTests(SimpleTestCase):
    """The command and the upload page each import a file with 10,000 readings."""

    def setUp(self) -> None:
        self.folder = Path(self.enterContext(tempfile.TemporaryDirectory()))

    def test_site_reports_a_full_original_files_disk_and_recovers(self) -> None:
        disk = self.enterContext(SmallDisk(16))
        self.fill_and_recover(
            disk, Site(self.folder, MEDIA_ROOT=str(disk.path / "media"))
        )

    def test_site_reports_a_full_sqlite_disk_and_recovers(self) -> None:
        disk = self.enterContext(SmallDisk(48))
        self.fill_and_recover(
            disk, Site(self.folder, SQLITE_PATH=str(disk.path / "db.sqlite3"))
        )

    @skipUnless(IS_REQUIRED or programs(), "needs PostgreSQL's own programs")
    def test_site_reports_a_full_postgresql_disk_and_recovers(self) -> None:
        disk = self.enterContext(SmallDisk(48))
        tablespace = disk.path / "tables"
        tablespace.mkdir()
        cluster = self.enterContext(Cluster())
        cluster.store_on(tablespace)
        self.fill_and_recover(disk, Site(self.folder, **cluster.environment))

    def fill_and_recover(self, disk: SmallDisk, site: Site) -> None:
        """Import on a full disk by command and page, and again after it was emptied."""
        site.prepare()
        self.enterContext(site.serving())
        site.sign_in()
        path = self.folder / "full_disk.uff"
        path.write_bytes(self.file())
        disk.fill(leaving=_FREE_BYTES)
        with self.subTest("by the command"):
            result = site.run("import_d0010", str(path))
            self.assertEqual(result.returncode, 1, result.stderr)
            self.assertIn("The storage is full", result.stderr)
            self.assertIn("Free some disk space", result.stderr)
            self.assertNotIn("Traceback", result.stderr)
        with self.subTest("by the page"):
            answer = site.upload(path.name, path.read_bytes())
            self.assertEqual(answer.status, 507)
            self.assertIn("the storage is full", answer.text)
        with self.subTest("files"):
            self.assertEqual(list(site.media.rglob("*.uff")), [])
            self.assertEqual(list((site.media / "incoming").glob("*")), [])
            # Pages still work.
            self.assertEqual(site.get("/").status, 200)
        disk.empty()
        answer = site.upload(path.name, path.read_bytes())
        self.assertEqual(answer.status, 200)
        self.assertIn("Imported as #", answer.text)
        exported = site.run("export_readings", "--all", "--format", "csv")
        self.assertEqual(exported.stdout.count("\n"), _METERS * _DAYS + 1)
        again = site.run("import_d0010", str(path))
        self.assertIn("already imported", again.stdout)

    def file(self) -> bytes:
        """Return the content of the file to import."""
        return large_file(identifier="FULL", meters=range(_METERS), days=range(_DAYS))
