"""What is packed becomes a site by one command, and stays one by the same again."""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
from importlib.util import find_spec
from pathlib import Path
from typing import ClassVar
from unittest import skipUnless

from meter_readings.tests.deployment.site import SiteTestCase
from meter_readings.tests.robustness.pg_cluster import free_port

IS_REQUIRED = bool(os.environ.get("D0010_DRILLS_REQUIRED"))
IS_POSSIBLE = shutil.which("git") and all(map(find_spec, ("gunicorn", "whitenoise")))


@skipUnless(IS_REQUIRED or IS_POSSIBLE, "git, gunicorn or whitenoise is not here")
class WholeDeploymentTests(SiteTestCase):
    """A package is deployed, and deployed once more; then it is looked at."""

    folder: ClassVar[Path]
    said: ClassVar[list[str]]
    settings_then: ClassVar[list[dict[str, str]]]

    @classmethod
    def setUpClass(cls) -> None:
        super().setUpClass()
        folder = cls.enterClassContext(tempfile.TemporaryDirectory())
        cls.folder = Path(folder)
        cls.unpack()
        port = str(free_port())
        cls.said, cls.settings_then = [], []
        for _ in range(2):
            cls.said.append(cls.deploy(port))
            cls.settings_then.append(cls.settings_of_site())

    def setUp(self) -> None:
        """Leave the site as it was deployed."""

    @classmethod
    def unpack(cls) -> None:
        """Let the site be what its own package holds."""
        author = "-c", "user.name=a", "-c", "user.email=a@example.org"
        author += "-c", "commit.gpgsign=false"
        for words in (["init", "-q"], ["add", "."], [*author, "commit", "-qm", "A"]):
            cls.well("git", *words)
        packed = cls.folder / "packed"
        cls.well("deployment_scripts/create_deployment_tarball.sh", "--output", packed)
        [package] = packed.glob("*.tar.gz")
        shutil.unpack_archive(package, cls.folder, filter="data")
        [cls.site] = cls.folder.glob("d0010-*/")

    @classmethod
    def deploy(cls, port: str) -> str:
        """Deploy, and return what is said."""
        return cls.well(
            *["deployment_scripts/quick_deploy.sh", "production", "--skip-system"],
            *["--domain", "readings.example", "--database", "sqlite"],
            *["--accept-sqlite-risk", "--data", cls.folder / "data", "--port", port],
            *["--output", cls.folder / "files"],
        )

    @classmethod
    def well(cls, *words: object) -> str:
        """Run what must go well; return what it says."""
        ran = cls.run_program(*map(str, words))
        assert ran.returncode == 0, ran.stdout + ran.stderr
        return ran.stdout

    def test_finds_nothing_to_mend(self) -> None:
        for said in self.said:
            self.assertIn("10 good, 0 bad.", said)

    def test_changes_no_setting_when_it_is_done_again(self) -> None:
        self.assertEqual(*self.settings_then)

    def test_makes_secrets_and_shows_none(self) -> None:
        for name in ("SECRET_KEY", "PSEUDONYM_KEY", "METRICS_TOKEN"):
            secret = self.settings_of_site()[name]
            self.assertGreaterEqual(len(secret), 60)
            self.assertNotIn(secret, "".join(self.said))

    def test_keeps_settings_and_data_from_everybody_else(self) -> None:
        data = self.folder / "data"
        for path in (self.site / ".env", *map(data.joinpath, _PRIVATE)):
            self.assertEqual(path.stat().st_mode & 0o077, 0, path)

    def test_takes_files(self) -> None:
        words = ["manage.py", "import_d0010", "sample_data/economy_7.uff"]
        self.assertIn("imported", self.well(sys.executable, *words))

    def test_writes_the_files_of_the_services(self) -> None:
        names = {path.name for path in (self.folder / "files").iterdir()}
        self.assertLessEqual({"d0010-web.service", "d0010.nginx.conf"}, names)


_PRIVATE = ("db.sqlite3", "media", "cache")
