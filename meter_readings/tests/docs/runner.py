"""Runs every command of a page, in order, in a copy of the project."""

from __future__ import annotations

import importlib.util
import os
import re
import sys
import sysconfig
import venv
from collections.abc import Mapping
from pathlib import Path
from typing import ClassVar

from django.db import connection

from meter_readings.tests.deployment.script_test_case import ScriptTestCase
from meter_readings.tests.robustness.pg_cluster import Cluster, free_port, programs

from . import markdown
from .markdown import Shown
from .command_setups import AS_SHOWN, NOT_RUN, Setup, is_run_by_another_test
from .terminal import Terminal

# Without a program that a page needs its test is skipped, or fails if this is set.
IS_REQUIRED = bool(os.environ.get("D0010_PROGRAMS_REQUIRED"))
HAS_WHITENOISE = bool(importlib.util.find_spec("whitenoise"))

# Marks the packages as installed, because there is no network.
_INSTALL = """
cp programs/packages.pth .venv/lib/python*/site-packages
. deployment_scripts/common.sh
for list in requirements.txt deployment_scripts/requirements-*.txt; do
    fingerprint requirements.txt "$list" >".venv/.installed-$(basename "$list")"
done"""

# Runs psql as the administrator on PostgreSQL; does nothing on SQLite.
_PSQL = '[ -z "$PGPORT" ] || psql -qX -U postgres -d postgres'
_DROP = f"{_PSQL} -c 'DROP DATABASE IF EXISTS d0010 WITH (FORCE)'"
EMPTY_SERVER = f"{_DROP} -c 'DROP ROLE IF EXISTS d0010'"
DELETE_DATA = (
    f"rm -rf db.sqlite3* media; {_DROP} -c 'CREATE DATABASE d0010 OWNER d0010'"
)
DELETE_DATA_AND_SETTINGS = f"rm -rf .env sessions staticfiles; {DELETE_DATA}"

# Addresses that the pages show
_ADDRESSES = {f"127.0.0.1:{port}": "127.0.0.1:{port}" for port in ("8000", "8001")}

# The program that runs a block of a language, and the only database it runs on
_PROGRAMS = {"python": "python -", "sql": "psql -X -v ON_ERROR_STOP=1"}
_ONLY = {"sql": "postgresql"}
_UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")


class PageTestCase(ScriptTestCase):
    """A page whose commands are run in a copy of the project.

    The copy's `.venv` uses the packages of the environment of the tests. On PostgreSQL
    the page has its own server with a database `d0010`.
    """

    page: ClassVar[str]
    setups: ClassVar[Mapping[str, Setup]] = {}
    # The first command in each new terminal; whether the tables exist from the start.
    terminal_setup: ClassVar[str] = "source .venv/bin/activate"
    has_schema: ClassVar[bool] = True

    folders = (*ScriptTestCase.folders, "documentation")
    files = (
        *ScriptTestCase.files,
        *(".gitignore", "README.md", "pyproject.toml", "run_demo_server.sh"),
    )
    # The pages run tests too.
    excluded = ()

    def setUp(self) -> None:
        super().setUp()
        self.port = str(free_port())
        self._make_environment()
        environment = self.base_environment() | self._variables()
        if connection.vendor == "postgresql":
            environment |= self._postgresql()
            environment["PATH"] += f":{programs()}"
        self.terminal = self.enterContext(Terminal(self.site, environment))
        self._do(_INSTALL)
        self.begin()
        if self.has_schema:
            self._do("python manage.py migrate --verbosity 0")

    def begin(self) -> None:
        """Open a terminal in the copy of the project."""
        self.terminal.restart()
        self._do(self.terminal_setup)

    def test_every_command_does_what_the_page_says(self) -> None:
        for shown in markdown.shown(self.page):
            if shown.command in NOT_RUN or is_run_by_another_test(shown):
                continue
            with self.subTest(line=shown.line_number, command=shown.command):
                self._run_shown(shown, self.setups.get(shown.command, AS_SHOWN))

    def _run_shown(self, shown: Shown, setup: Setup) -> None:
        only = setup.only_on or _ONLY.get(shown.language)
        if only not in (None, connection.vendor):
            return
        if setup.missing and not IS_REQUIRED:
            self.skipTest(setup.missing)
        if setup.new_terminal:
            self.terminal.stop()
            self.begin()
        self._do(setup.before)
        if setup.served_by:
            self.terminal.serve(
                self._expand(setup.served_by), self._address("/healthz")
            )
        command = self._adapted(shown, setup)
        if setup.serves:
            page = self.terminal.serve(command, self._address(setup.serves))
            self.assertRegex(page, setup.expects or ".")
        else:
            result = self.terminal.run(command, typed=setup.answers)
            self.assertEqual(result.code, setup.exit_code, result.output)
            if setup.expects:
                self.assertRegex(result.output, setup.expects)
            if shown.output:
                self.assertEqual(_normalised(result.output), _normalised(shown.output))
        self._do(setup.after)

    def _adapted(self, shown: Shown, setup: Setup) -> str:
        """Return the command as it is run."""
        text = shown.command
        for old, new in {**_ADDRESSES, **setup.replacements}.items():
            text = text.replace(old, self._expand(new))
        if shown.language not in markdown.WHOLE:
            return text + self._expand(setup.suffix)
        program = (
            f"cat >{setup.written_to}"
            if setup.written_to
            else _PROGRAMS[shown.language]
        )
        return f"{program} <<'END'\n{text}{self._expand(setup.suffix)}\nEND"

    def _do(self, command: str) -> None:
        """Run a command that no page shows."""
        if command:
            result = self.terminal.run(self._expand(command))
            self.assertEqual(result.code, 0, f"{command}\n{result.output}")

    def _expand(self, text: str) -> str:
        return text.replace("{folder}", str(self.site)).replace("{port}", self.port)

    def _address(self, path: str) -> str:
        return f"http://127.0.0.1:{self.port}{path}"

    def _make_environment(self) -> None:
        """Create `.venv`, and a `python3.13` that the page can create it with."""
        venv.create(self.site / ".venv", symlinks=True)
        gunicorn = Path(sysconfig.get_path("scripts"), "gunicorn")
        (self.site / ".venv/bin/gunicorn").symlink_to(gunicorn)
        folders = {sysconfig.get_path("purelib"), sysconfig.get_path("platlib")}
        programs = self.site / "programs"
        programs.mkdir()
        (programs / "packages.pth").write_text("".join(f"{path}\n" for path in folders))
        base = Path(sys._base_executable).resolve()  # type: ignore[attr-defined]
        (programs / "python3.13").symlink_to(base)
        # The program itself would import the packages of its own folder.
        (programs / "coverage").write_text('#!/bin/sh\nexec python -m coverage "$@"\n')
        (programs / "coverage").chmod(0o755)
        # On a server d0010ctl runs manage.py as the user of the site.
        for name, command in (("sudo", "exec"), ("d0010ctl", "exec python manage.py")):
            (programs / name).write_text(f'#!/bin/sh\n{command} "$@"\n')
            (programs / name).chmod(0o755)

    def _variables(self) -> dict[str, str]:
        """Return variables of the terminal; its only `python` is that of `.venv`."""
        scripts = sysconfig.get_path("scripts")
        path = [part for part in os.environ["PATH"].split(":") if part != scripts]
        return {
            "PATH": ":".join([str(self.site / "programs"), *path]),
            "SERVER_PORT": self.port,
            "GUNICORN_BIND": f"127.0.0.1:{self.port}",
            "GUNICORN_WORKERS": "1",
            "PIP_NO_INDEX": "1",
            "NO_COLOR": "1",
            "TERM": "dumb",
            **{name: os.environ[name] for name in ["CHROMIUM"] if name in os.environ},
        }

    def _postgresql(self) -> dict[str, str]:
        """Start a server for this page; return its variables."""
        if not (IS_REQUIRED or programs()):
            self.skipTest("needs PostgreSQL's own programs")
        self.cluster = self.enterContext(Cluster())
        port = {"PGHOST": "127.0.0.1", "PGPORT": str(self.cluster.port)}
        names = {"PGUSER": "d0010", "PGDATABASE": "d0010", "PG_ADMIN": "postgres"}
        return port | names | {"DB_PORT": port["PGPORT"]} | self._database()

    def _database(self) -> dict[str, str]:
        """Create the database; return the variables that select it."""
        self.cluster.execute("CREATE ROLE d0010 LOGIN CREATEDB PASSWORD 'secret'")
        self.cluster.execute("CREATE DATABASE d0010 OWNER d0010")
        return {"USE_POSTGRESQL": "1", "DB_PASSWORD": "secret"}


def _normalised(output: str) -> str:
    """Return output without UUIDs, which differ from run to run."""
    return _UUID.sub("…", output.replace("\r\n", "\n")).strip()


class NewInstallationTestCase(PageTestCase):
    """A page for a new installation: only the files of the project exist."""

    terminal_setup = ""
    has_schema = False
