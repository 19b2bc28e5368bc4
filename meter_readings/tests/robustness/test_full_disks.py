"""A disk that is full is said to be full, keeps no half of a file, and is forgiven."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path
from unittest import skipUnless

from django.test import SimpleTestCase

from .pg_cluster import Cluster, programs
from .small_disk import SmallDisk, may_mount
from .large_files import large_file
from .live_site import Site

_METERS, _DAYS = 200, 50

IS_REQUIRED = bool(os.environ.get("D0010_DRILLS_REQUIRED"))

# A file of about 600 kB fits into this neither as it is nor as rows.
_LITTLE = 300_000


@skipUnless(may_mount(), "only root can make a small disk")
class FullDiskTests(SimpleTestCase):
    """By the command and by the page, each with a file of 10,000 readings."""

    def setUp(self) -> None:
        self.folder = Path(self.enterContext(tempfile.TemporaryDirectory()))

    def test_site_reports_a_full_original_files_disk_and_recovers(self) -> None:
        disk = self.enterContext(SmallDisk(16))
        self.drill(disk, Site(self.folder, MEDIA_ROOT=str(disk.path / "media")))

    def test_site_reports_a_full_sqlite_disk_and_recovers(self) -> None:
        disk = self.enterContext(SmallDisk(48))
        self.drill(disk, Site(self.folder, SQLITE_PATH=str(disk.path / "db.sqlite3")))

    @skipUnless(IS_REQUIRED or programs(), "needs PostgreSQL's own programs")
    def test_site_reports_a_full_postgresql_disk_and_recovers(self) -> None:
        disk = self.enterContext(SmallDisk(48))
        tablespace = disk.path / "tables"
        tablespace.mkdir()
        cluster = self.enterContext(Cluster())
        cluster.keep_on(tablespace)
        self.drill(disk, Site(self.folder, **cluster.environment))

    def drill(self, disk: SmallDisk, site: Site) -> None:
        """Import with no room, by both doors; make room, and import again."""
        site.prepare()
        self.enterContext(site.serving())
        site.sign_in()
        path = self.folder / "drill.uff"
        path.write_bytes(self.file())
        disk.fill(leaving=_LITTLE)
        with self.subTest("by the command"):
            result = site.run("import_d0010", str(path))
            self.assertEqual(result.returncode, 1, result.stderr)
            self.assertIn("The storage is full", result.stderr)
            self.assertIn("Make room", result.stderr)
            self.assertNotIn("Traceback", result.stderr)
        with self.subTest("by the page"):
            answer = site.upload(path.name, path.read_bytes())
            self.assertEqual(answer.status, 507)
            self.assertIn("the storage is full", answer.text)
        with self.subTest("what is left"):
            self.assertEqual(list(site.media.rglob("*.uff")), [])
            self.assertEqual(list((site.media / "incoming").glob("*")), [])
            # People can go on looking.
            self.assertEqual(site.get("/").status, 200)
        disk.make_room()
        answer = site.upload(path.name, path.read_bytes())
        self.assertEqual(answer.status, 200)
        self.assertIn("Imported as #", answer.text)
        exported = site.run("export_readings", "--all", "--format", "csv")
        self.assertEqual(exported.stdout.count("\n"), _METERS * _DAYS + 1)
        again = site.run("import_d0010", str(path))
        self.assertIn("already imported", again.stdout)

    def file(self) -> bytes:
        """Return the file that is brought."""
        return large_file(identifier="DRILL", meters=range(_METERS), days=range(_DAYS))
