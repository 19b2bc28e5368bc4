"""The program starts without the modules and functions that Windows lacks."""

from __future__ import annotations

import subprocess
import sys

from django.test import SimpleTestCase

from config.environment import PROJECT_ROOT

# asyncio chooses its own modules by the platform, so it is imported first.
START_WITHOUT_POSIX = """
import asyncio, multiprocessing, subprocess
import os, pkgutil, sys
from importlib import import_module

for name in ("resource", "fcntl", "pwd", "grp", "termios", "tty", "pty", "syslog"):
    sys.modules[name] = None
for name in ("fork", "getuid", "geteuid", "getgid", "getpgid", "getpgrp", "setsid",
             "killpg", "nice", "getloadavg", "statvfs", "mkfifo", "chown", "fchmod"):
    delattr(os, name)

from config import environment
environment.setup_environment(default_environment="development")
import django
django.setup()
import config, meter_readings

count = 0
for package in (config, meter_readings):
    for module in pkgutil.walk_packages(package.__path__, package.__name__ + "."):
        name = module.name
        # Celery is an optional package, whose server is Linux.
        is_optional = name == "config.celery"
        if not is_optional and ".tests" not in name and not name.endswith("__main__"):
            import_module(name)
            count += 1

from django.core.management import call_command
call_command("check")
print(count, "modules")
"""


class WindowsTests(SimpleTestCase):
    def test_every_module_is_imported_without_posix_only_modules(self) -> None:
        ran = subprocess.run(
            [sys.executable, "-c", START_WITHOUT_POSIX],
            cwd=PROJECT_ROOT,
            capture_output=True,
            text=True,
            check=False,
        )
        self.assertEqual(ran.returncode, 0, ran.stderr)
        self.assertRegex(ran.stdout, r"\d\d\d modules")
