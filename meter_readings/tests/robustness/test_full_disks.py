"""Full and read-only disks: users get an error, and the site recovers."""

from __future__ import annotations

import json
import os
import tempfile
from pathlib import Path
from unittest import skipUnless

from django.test import SimpleTestCase

from meter_readings.tests.api.base import PROBLEM

from . import only_long
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
        site = Site(
            self.folder, MEDIA_ROOT=str(disk.path / "media"), MIN_FREE_DISK_MB="1"
        )
        self.fill_and_recover(disk, site)
        self.make_read_only_and_recover(disk, site)

    @only_long
    def test_site_reports_a_full_sqlite_disk_and_recovers(self) -> None:
        disk = self.enterContext(SmallDisk(48))
        self.fill_and_recover(
            disk, Site(self.folder, SQLITE_PATH=str(disk.path / "db.sqlite3"))
        )

    @skipUnless(IS_REQUIRED or programs(), "needs PostgreSQL's own programs")
    @only_long
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
        with self.subTest("by the API"):
            answer = site.upload_by_api(path.name, path.read_bytes())
            self.assertEqual(answer.status, 507)
            detail = "The storage is full. Nothing was stored; try again later."
            self.assertEqual(json.loads(answer.text)["detail"], detail)
        if site.media.is_relative_to(disk.path):
            answer = site.get("/readyz")
            self.assertEqual(answer.status, 503)
            self.assertEqual(json.loads(answer.text)["missing"], ["disk"])
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

    def make_read_only_and_recover(self, disk: SmallDisk, site: Site) -> None:
        """Import on a read-only disk by command, page and API, and again afterwards."""
        path = self.folder / "read_only.uff"
        path.write_bytes(large_file(identifier="RO", meters=range(1), days=range(9)))
        self.assertEqual(site.get("/readyz").status, 200)
        disk.make_read_only()
        with self.subTest("by the command"):
            result = site.run("import_d0010", str(path))
            self.assertEqual(result.returncode, 1, result.stderr)
            self.assertIn("The folder of received files cannot be", result.stderr)
            self.assertIn("Check that the disk of MEDIA_ROOT is not", result.stderr)
            self.assertNotIn("Traceback", result.stderr)
        with self.subTest("by the page"):
            answer = site.upload(path.name, path.read_bytes())
            self.assertEqual(answer.status, 503)
            self.assertIn("Interrupted: the storage cannot be written.", answer.text)
            self.assertIn("make the folder of received files writable", answer.text)
        with self.subTest("by the API"):
            answer = site.upload_by_api(path.name, path.read_bytes())
            self.assertEqual(answer.status, 503)
            self.assertEqual(answer.headers["Content-Type"], PROBLEM)
            self.assertIn("cannot be written", json.loads(answer.text)["detail"])
        with self.subTest("not ready"):
            answer = site.get("/readyz")
            self.assertEqual(answer.status, 503)
            self.assertEqual(json.loads(answer.text)["missing"], ["write access"])
        disk.make_writable()
        answer = site.upload_by_api(path.name, path.read_bytes())
        self.assertEqual(answer.status, 201, answer.text)

    def file(self) -> bytes:
        """Return the content of the file to import."""
        return large_file(identifier="FULL", meters=range(_METERS), days=range(_DAYS))
