"""Tests of quick_deploy.sh and the files that it writes."""

from __future__ import annotations

import re
import shutil
import sys
import tempfile
from pathlib import Path
from unittest import skipUnless

from meter_readings.tests.deployment.script_test_case import ScriptTestCase

SYSTEMD_ANALYZE = shutil.which("systemd-analyze")
_BACKUP = "d0010-backup.service"
_WATCH = "d0010-watch.service"


class QuickDeployTests(ScriptTestCase):
    def plan(self, *options: str) -> str:
        """Return the output of a dry run."""
        return self.assert_succeeds(
            *["quick_deploy.sh", "production", "--domain", "readings.example"],
            *["--dry-run", *options],
        )

    def test_dry_run_prints_the_plan_and_changes_nothing(self) -> None:
        before = sorted(self.site.rglob("*"))
        self.assertIn("Plan for readings.example", self.plan())
        self.assertEqual(sorted(self.site.rglob("*")), before)

    def test_nginx_forwards_to_the_port_of_gunicorn(self) -> None:
        plan = self.plan("--port", "8123", "--output", str(self.site / "out"))
        self.assertIn("ListenStream=127.0.0.1:8123", plan)
        self.assertIn("GUNICORN_BIND=127.0.0.1:8123", plan)
        self.assertIn("server 127.0.0.1:8123;", plan)
        self.assertIn(f"{self.site}/deployment_scripts/gunicorn.conf.py", plan)

    def test_nginx_serves_one_host_name_over_https_only(self) -> None:
        plan = self.plan()
        self.assertIn("ssl_reject_handshake on;\n    return 444;", plan)
        self.assertIn("return 301 https://readings.example$request_uri;", plan)
        self.assertIn(
            "ssl_certificate /etc/letsencrypt/live/readings.example/fullchain.pem;",
            plan,
        )

    def test_nginx_overwrites_forwarded_headers_of_clients(self) -> None:
        plan = self.plan()
        self.assertIn("proxy_set_header X-Forwarded-For $remote_addr;", plan)
        self.assertIn("proxy_set_header X-Forwarded-Proto $scheme;", plan)

    def limits(self, *paths: str, **settings: str) -> list[str]:
        """Return the maximum body size that nginx allows for each path."""
        text = "".join(f"{name}={value}\n" for name, value in settings.items())
        (self.site / ".env").write_text(text, "utf-8")
        plan = self.plan()
        uploads = re.findall(
            r"location [~=] (\S+) \{\n +client_max_body_size (\w+);",
            plan.replace("location = /admin/upload/ ", "location ~ ^/admin/upload/$ "),
        )
        elsewhere = re.search(r"\n    client_max_body_size (\w+);", plan)
        assert elsewhere
        return [
            next(
                (limit for pattern, limit in uploads if re.search(pattern, path)),
                elsewhere[1],
            )
            for path in paths
        ]

    def test_upload_addresses_accept_large_bodies(self) -> None:
        paths = "/admin/upload/", "/api/v1/flow-files/"
        self.assertEqual(self.limits(*paths), ["1024m", "1024m"])

    def test_upload_limit_of_nginx_equals_the_setting(self) -> None:
        limits = self.limits("/admin/upload/", UPLOAD_MAX_MEGABYTES="7")
        self.assertEqual(limits, ["7m"])

    def test_other_addresses_accept_small_bodies_only(self) -> None:
        others = "/", "/admin/meter_readings/reading/", "/x/admin/upload/"
        self.assertEqual(set(self.limits(*others)), {"128k"})

    def test_access_log_contains_no_query_strings(self) -> None:
        formats = self.plan().partition("log_format")[2].partition(";")[0]
        self.assertIn("$d0010_uri", formats)
        self.assertNotIn("$request ", formats)
        self.assertNotIn("$args", formats)
        for server in self.plan().split("\nserver {")[1:]:
            self.assertIn("access_log /var/log/nginx/d0010.log d0010;", server)
            self.assertIn("error_log /var/log/nginx/d0010-errors.log emerg;", server)

    def test_every_service_is_sandboxed(self) -> None:
        plan = self.plan("--data", "/srv/readings", "--user", "readings")
        services = plan.count("\n[Service]\n")
        self.assertEqual(services, 6)
        self.assertEqual(plan.count("User=readings\n"), services)
        self.assertEqual(plan.count("ReadWritePaths=/srv/readings\n"), services)
        self.assertEqual(plan.count("NoNewPrivileges=yes\n"), services)

    def units(self) -> list[Path]:
        """Write the systemd units to a temporary folder, and return their paths."""
        folder = Path(self.enterContext(tempfile.TemporaryDirectory()))
        paths = []
        for part in self.plan("--watch-folder", "/srv/drop").split("\n==> ")[1:]:
            name, _, text = part.partition("\n")
            if name.endswith((".service", ".socket", ".target", ".timer")):
                paths.append(folder / name)
                paths[-1].write_text(text)
        return paths

    def test_folder_is_watched_only_if_one_is_named(self) -> None:
        self.assertNotIn("watch_folder", self.plan())
        plan = self.plan(
            *("--watch-folder", "/srv/drop", "--watch-options", "--subfolders")
        )
        self.assertIn("manage.py watch_folder /srv/drop --subfolders\n", plan)
        self.assertIn("\nReadWritePaths=/srv/drop\n", plan)
        self.assertIn("\nRequiresMountsFor=/srv/drop\n", plan)

    def test_watcher_writes_no_filename_to_the_log_of_its_unit(self) -> None:
        [watch] = [unit for unit in self.units() if unit.name == _WATCH]
        self.assertIn("\nStandardOutput=null\n", watch.read_text())

    def test_nightly_tasks_and_notifications_run_on_timers(self) -> None:
        names = [unit.name for unit in self.units()]
        for task in ("backup", "retention", "overdue-readings", "notifications"):
            name = f"d0010-{task}"
            self.assertIn(f"{name}.service", names)
            self.assertIn(f"{name}.timer", names)

    def test_backup_service_uses_the_virtual_environment_of_the_deployment(
        self,
    ) -> None:
        [backup] = [unit for unit in self.units() if unit.name == _BACKUP]
        self.assertIn(f" D0010_VENV={sys.prefix}\n", backup.read_text())

    @skipUnless(SYSTEMD_ANALYZE, "systemd-analyze is not installed")
    def test_systemd_accepts_every_unit(self) -> None:
        ran = self.run_program(
            *[str(SYSTEMD_ANALYZE), "verify", *map(str, self.units())]
        )
        self.assertEqual((ran.returncode, ran.stderr), (0, ""))

    @skipUnless(SYSTEMD_ANALYZE, "systemd-analyze is not installed")
    def test_systemd_rates_every_service_as_safe(self) -> None:
        services = [str(unit) for unit in self.units() if unit.suffix == ".service"]
        ran = self.run_program(
            *[str(SYSTEMD_ANALYZE), "security", "--offline=true", "--threshold=25"],
            *services,
        )
        if "unrecognized option" in ran.stderr:
            self.skipTest("this systemd-analyze cannot rate files")
        self.assertEqual(ran.returncode, 0, ran.stdout + ran.stderr)

    def test_invalid_options_are_usage_errors(self) -> None:
        for options in [
            ["staging"],
            ["production"],
            ["production", "--domain"],
            ["production", "--domain", "https://readings.example"],
            ["production", "--domain", "*.example"],
            ["production", "--domain", "a.example", "--database", "oracle"],
            ["production", "--domain", "a.example", "--port", "http"],
            ["production", "--domain", "a.example", "--data", "here"],
            ["production", "--domain", "a.example", "--watch-folder", "drop"],
            ["production", "--domain", "a.example", "--watch-folder", "/a b"],
            ["production", "--domain", "a.example", "--watch-options", "--a; b"],
            ["demo", "--domain", "a.example"],
        ]:
            with self.subTest(options):
                result = self.run_script("quick_deploy.sh", *options)
                self.assertEqual(result.returncode, 2, result.stderr)

    def test_production_is_refused_in_the_folder_of_a_demonstration(self) -> None:
        (self.site / ".env").write_text("D0010_ENV=development\n")
        output = self.assert_fails(
            *["quick_deploy.sh", "production", "--domain", "readings.example"],
            *["--skip-system", "--output", str(self.site / "out")],
        )
        self.assertIn("set up for development or a demonstration", output)


class GunicornTests(ScriptTestCase):
    def test_gunicorn_configuration_can_be_executed(self) -> None:
        path = self.site / "deployment_scripts" / "gunicorn.conf.py"
        configured: dict[str, object] = {}
        exec(compile(path.read_text(), path, "exec"), configured)
        self.assertEqual(configured["wsgi_app"], "config.wsgi:application")
        self.assertEqual(configured["umask"], 0o077)
