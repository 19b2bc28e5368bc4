"""Faults of a production site behind a real nginx, as the command reports them."""

from __future__ import annotations

import os
import subprocess
import sys
from importlib.util import find_spec
from typing import ClassVar
from unittest import skipUnless

from django.test import SimpleTestCase, tag

from config.environment import PROJECT_ROOT
from meter_readings.tests.ops.findings import Finding, findings_in

from .proxy import DOMAIN, NGINX, ProxiedSite

IS_REQUIRED = bool(os.environ.get("D0010_PROGRAMS_REQUIRED"))


@tag("database_independent")
@skipUnless(IS_REQUIRED or NGINX, "nginx is not installed")
@skipUnless(IS_REQUIRED or find_spec("whitenoise"), "whitenoise is not installed")
class NginxFaultTests(SimpleTestCase):
    site: ClassVar[ProxiedSite]

    @classmethod
    def setUpClass(cls) -> None:
        super().setUpClass()
        cls.site = cls.enterClassContext(ProxiedSite())

    def findings(self, **variables: str) -> dict[str, Finding]:
        url = f"https://127.0.0.1:{self.site._https}"
        certificate = str(self.site.folder / "site.pem")
        # The limit of the generated configuration
        variables = {
            "SSL_CERT_FILE": certificate,
            "UPLOAD_MAX_MEGABYTES": "300",
        } | variables
        result = subprocess.run(
            [
                *[sys.executable, "manage.py", "check_installation"],
                *["--url", url, "--host", DOMAIN],
            ],
            cwd=PROJECT_ROOT,
            env=self.site._environment | variables,
            capture_output=True,
            text=True,
            check=False,
        )
        self.assertIn(" ok, ", result.stdout, result.stderr)
        return findings_in(result.stdout)

    def test_faults_of_the_running_site(self) -> None:
        self.assertEqual(self.findings(), {})
        with self.subTest("nginx's limit is lower than UPLOAD_MAX_MEGABYTES"):
            [found] = self.findings(UPLOAD_MAX_MEGABYTES="2048").values()
            self.assertIn("the proxy refuses files of 2048 MB", found.message)
            self.assertIn("client_max_body_size 2048m", found.remedy)
        with self.subTest("a static file is missing"):
            [script, *_] = (self.site.folder / "static/admin/js").glob("theme.*.js")
            script.unlink()
            findings = self.findings()
            found = findings["static files"]
            self.assertIn(f"{script} is missing", found.message)
            self.assertIn("collectstatic", found.remedy)
            self.assertIn("theme", findings["served files"].message)
        with self.subTest("the site behind nginx has stopped"):
            self.site._processes[0].terminate()
            found = self.findings()["site"]
            self.assertIn("/healthz answers 502", found.message)
            self.assertIn("Run: systemctl start d0010-web", found.remedy)
