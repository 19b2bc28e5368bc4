"""The scripts that deploy with one command, and that pack what a server needs."""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path
from unittest import skipUnless

from meter_readings.tests.deployment.site import SiteTestCase

SYSTEMD_ANALYZE = shutil.which("systemd-analyze")
_BACKUP = "d0010-backup.service"

_NOBODY = {
    "GIT_AUTHOR_NAME": "a",
    "GIT_AUTHOR_EMAIL": "a@example.org",
    "GIT_COMMITTER_NAME": "a",
    "GIT_COMMITTER_EMAIL": "a@example.org",
    "GIT_CONFIG_GLOBAL": "/dev/null",
}


class QuickDeployTests(SiteTestCase):
    def plan(self, *options: str) -> str:
        """Return what a deployment would do."""
        return self.succeed(
            *["quick_deploy.sh", "production", "--domain", "readings.example"],
            *["--dry-run", *options],
        )

    def test_shows_what_it_would_do_and_does_nothing(self) -> None:
        before = sorted(self.site.rglob("*"))
        self.assertIn("Would do this for readings.example", self.plan())
        self.assertEqual(sorted(self.site.rglob("*")), before)

    def test_serves_the_site_by_gunicorn_behind_nginx(self) -> None:
        plan = self.plan("--port", "8123", "--output", str(self.site / "out"))
        self.assertIn("GUNICORN_BIND=127.0.0.1:8123", plan)
        self.assertIn("server 127.0.0.1:8123;", plan)
        self.assertIn(f"{self.site}/deployment_scripts/gunicorn.conf.py", plan)

    def test_answers_to_its_own_name_alone_and_by_https(self) -> None:
        plan = self.plan()
        self.assertIn("ssl_reject_handshake on;\n    return 444;", plan)
        self.assertIn("return 301 https://readings.example$request_uri;", plan)
        self.assertIn(
            "ssl_certificate /etc/letsencrypt/live/readings.example/fullchain.pem;",
            plan,
        )

    def test_believes_nothing_that_a_client_says_of_itself(self) -> None:
        plan = self.plan()
        self.assertIn("proxy_set_header X-Forwarded-For $remote_addr;", plan)
        self.assertIn("proxy_set_header X-Forwarded-Proto $scheme;", plan)

    def limits(self, *paths: str, **settings: str) -> list[str]:
        """Return how large a body nginx lets through to each of these paths."""
        text = "".join(f"{name}={value}\n" for name, value in settings.items())
        (self.site / ".env").write_text(text, "utf-8")
        plan = self.plan()
        doors = re.search(
            r"location ~ (\S+) \{\n +client_max_body_size (\w+);", plan
        ) or self.fail("No door for files.")
        elsewhere = re.search(r"\n    client_max_body_size (\w+);", plan)
        assert elsewhere
        self.assertEqual(plan.count("client_max_body_size"), 2)
        return [
            doors[2] if re.search(doors[1], path) else elsewhere[1] for path in paths
        ]

    def test_lets_large_bodies_through_where_files_come_in(self) -> None:
        doors = "/admin/upload/", "/api/v1/flow-files/"
        self.assertEqual(self.limits(*doors), ["1024m", "1024m"])

    def test_lets_no_more_through_than_the_site_takes(self) -> None:
        limits = self.limits("/admin/upload/", UPLOAD_MAX_MEGABYTES="7")
        self.assertEqual(limits, ["7m"])

    def test_lets_small_bodies_through_to_everything_else(self) -> None:
        others = "/", "/admin/login/", "/api/v1/readings/", "/x/admin/upload/"
        self.assertEqual(set(self.limits(*others)), {"1m"})

    def test_writes_down_nothing_that_people_search_for(self) -> None:
        formats = self.plan().partition("log_format")[2].partition(";")[0]
        self.assertIn("$uri", formats)
        self.assertNotIn("$request ", formats)
        self.assertNotIn("$args", formats)
        for server in self.plan().split("\nserver {")[1:]:
            self.assertIn("access_log /var/log/nginx/d0010.log d0010;", server)
            self.assertIn("error_log /var/log/nginx/d0010-errors.log alert;", server)

    def test_gives_services_no_more_than_they_need(self) -> None:
        plan = self.plan("--data", "/srv/readings", "--user", "readings")
        services = plan.count("\n[Service]\n")
        self.assertEqual(services, 3)
        self.assertEqual(plan.count("User=readings\n"), services)
        self.assertEqual(plan.count("ReadWritePaths=/srv/readings\n"), services)
        self.assertEqual(plan.count("NoNewPrivileges=yes\n"), services)

    def units(self) -> list[Path]:
        """Return the files of systemd, written to a folder that goes away."""
        folder = Path(self.enterContext(tempfile.TemporaryDirectory()))
        paths = []
        for part in self.plan().split("\n==> ")[1:]:
            name, _, text = part.partition("\n")
            if name.endswith((".service", ".target", ".timer")):
                paths.append(folder / name)
                paths[-1].write_text(text)
        return paths

    def test_makes_a_backup_and_removes_what_is_old_every_night(self) -> None:
        names = [unit.name for unit in self.units()]
        for name in ("d0010-backup", "d0010-retention"):
            self.assertIn(f"{name}.service", names)
            self.assertIn(f"{name}.timer", names)

    def test_tells_services_of_an_environment_that_is_kept_by_other_means(self) -> None:
        [backup] = [each for each in self.units() if each.name == _BACKUP]
        self.assertIn(f" D0010_VENV={sys.prefix}\n", backup.read_text())

    @skipUnless(SYSTEMD_ANALYZE, "systemd-analyze is not here")
    def test_writes_services_that_systemd_understands(self) -> None:
        ran = self.run_program(
            *[str(SYSTEMD_ANALYZE), "verify", *map(str, self.units())]
        )
        self.assertEqual((ran.returncode, ran.stderr), (0, ""))

    @skipUnless(SYSTEMD_ANALYZE, "systemd-analyze is not here")
    def test_writes_services_that_systemd_takes_for_safe(self) -> None:
        services = [str(unit) for unit in self.units() if unit.suffix == ".service"]
        ran = self.run_program(
            *[str(SYSTEMD_ANALYZE), "security", "--offline=true", "--threshold=25"],
            *services,
        )
        if "unrecognized option" in ran.stderr:
            self.skipTest("this systemd-analyze does not look at files")
        self.assertEqual(ran.returncode, 0, ran.stdout + ran.stderr)

    def test_refuses_what_makes_no_sense(self) -> None:
        for options in [
            [],
            ["staging"],
            ["production"],
            ["production", "--domain"],
            ["production", "--domain", "https://readings.example"],
            ["production", "--domain", "*.example"],
            ["production", "--domain", "a.example", "--database", "oracle"],
            ["production", "--domain", "a.example", "--port", "http"],
            ["production", "--domain", "a.example", "--data", "here"],
            ["demo", "--domain", "a.example"],
        ]:
            with self.subTest(options):
                result = self.run_script("quick_deploy.sh", *options)
                self.assertEqual(result.returncode, 2, result.stderr)

    def test_makes_no_production_of_a_demonstration(self) -> None:
        (self.site / ".env").write_text("D0010_ENV=development\n")
        said = self.break_off(
            *["quick_deploy.sh", "production", "--domain", "readings.example"],
            *["--skip-system", "--output", str(self.site / "out")],
        )
        self.assertIn("set up for development or a demonstration", said)


class GunicornTests(SiteTestCase):
    def test_is_configured_by_python_that_runs(self) -> None:
        path = self.site / "deployment_scripts" / "gunicorn.conf.py"
        configured: dict[str, object] = {}
        exec(compile(path.read_text(), path, "exec"), configured)
        self.assertEqual(configured["wsgi_app"], "config.wsgi:application")
        self.assertEqual(configured["umask"], 0o077)


@skipUnless(shutil.which("git"), "git is not here")
class TarballTests(SiteTestCase):
    def setUp(self) -> None:
        super().setUp()
        for name in (".git", "dist"):
            shutil.rmtree(self.site / name, ignore_errors=True)
        self.git("init", "-q")
        self.git("add", "manage.py", "config", "deployment_scripts")
        self.git("commit", "-q", "-m", "A version")
        self.addCleanup(shutil.rmtree, self.site / ".git")

    def git(self, *words: str) -> None:
        """Run git in the copy, as nobody in particular."""
        subprocess.run(
            ["git", *words], cwd=self.site, env={**os.environ, **_NOBODY}, check=True
        )

    def pack(self, *options: str, **variables: str) -> Path:
        """Pack, and return where the package is."""
        self.succeed("create_deployment_tarball.sh", *options, **variables)
        [package] = (self.site / "dist").glob("*.tar.gz")
        return package

    def test_gives_the_same_bytes_each_time(self) -> None:
        first = self.pack().read_bytes()
        (self.site / "manage.py").touch()
        self.assertEqual(self.pack(TZ="Asia/Tokyo").read_bytes(), first)

    def test_writes_the_hash_beside_it(self) -> None:
        package = self.pack()
        digest = hashlib.sha256(package.read_bytes()).hexdigest()
        beside = package.with_name(f"{package.name}.sha256").read_text()
        self.assertEqual(beside, f"{digest}  {package.name}\n")

    def test_packs_what_is_committed_and_nothing_else(self) -> None:
        (self.site / ".env").write_text("SECRET_KEY=secret\n")
        with tarfile.open(self.pack()) as package:
            names = {name.partition("/")[2] for name in package.getnames()}
            modes = {m.name.rpartition("/")[2]: m.mode for m in package.getmembers()}
        self.assertIn("deployment_scripts/quick_deploy.sh", names)
        self.assertNotIn(".env", names)
        self.assertNotIn("requirements.txt", names)
        self.assertEqual(modes["quick_deploy.sh"], 0o755)

    def test_refuses_a_commit_with_a_secret_in_it(self) -> None:
        key = f"-----BEGIN {'RSA'} PRIVATE KEY-----\n"
        for name, text in [
            (".env", "SECRET_KEY=secret\n"),
            ("config/.env.production", "SECRET_KEY=secret\n"),
            ("live.env", "SECRET_KEY=secret\n"),
            ("db.sqlite3-wal", ""),
            ("certificate.txt", key),
        ]:
            with self.subTest(name):
                (self.site / name).write_text(text)
                self.git("add", "-f", name)
                self.git("commit", "-q", "-m", "Oh dear")
                said = self.break_off("create_deployment_tarball.sh")
                self.assertIn("looks like a secret", said)
                self.assertIn(name, said)
                self.git("rm", "-q", name)
                self.git("commit", "-q", "-m", "It is gone")
        self.pack()

    def test_packs_the_example_of_settings(self) -> None:
        self.git("add", "-f", ".env.example")
        self.git("commit", "-q", "-m", "An example")
        with tarfile.open(self.pack()) as package:
            names = {name.partition("/")[2] for name in package.getnames()}
        self.assertIn(".env.example", names)

    def test_refuses_what_is_no_commit(self) -> None:
        said = self.break_off("create_deployment_tarball.sh", "no-such-version")
        self.assertIn('"no-such-version" is no commit', said)

    def test_says_that_changes_are_not_in_it(self) -> None:
        (self.site / "manage.py").write_text("# Changed\n")
        self.addCleanup(self.git, "checkout", "-q", "manage.py")
        result = self.run_script("create_deployment_tarball.sh")
        self.assertIn("not committed", result.stderr)
