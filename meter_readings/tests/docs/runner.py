"""A reader with a copy of the project, who does all that a page shows, in its order."""

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
from .command_setups import AS_SHOWN, NOT_RUN, Room, is_run_by_another_test
from .terminal import Terminal

# Where something is missing that a page needs, its test is skipped, or else fails.
IS_REQUIRED = bool(os.environ.get("D0010_DRILLS_REQUIRED"))
HAS_WHITENOISE = bool(importlib.util.find_spec("whitenoise"))

# The packages of `.venv` are there: the scripts have nothing to install.
_INSTALL = """
cp programs/there.pth .venv/lib/python*/site-packages
. deployment_scripts/common.sh
for list in requirements.txt deployment_scripts/requirements-*.txt; do
    fingerprint requirements.txt "$list" >".venv/.installed-$(basename "$list")"
done"""

# With PostgreSQL only: who is asked for a database as its administrator.
_ASK = '[ -z "$PGPORT" ] || psql -qX -U postgres -d postgres'
_DROP = f"{_ASK} -c 'DROP DATABASE IF EXISTS d0010 WITH (FORCE)'"
EMPTY_SERVER = f"{_DROP} -c 'DROP ROLE IF EXISTS d0010'"
LOSE_EVERYTHING = (
    f"rm -rf db.sqlite3* media; {_DROP} -c 'CREATE DATABASE d0010 OWNER d0010'"
)
FORGET_EVERYTHING = f"rm -rf .env sessions staticfiles; {LOSE_EVERYTHING}"

# Where the pages say that they are served
_ADDRESSES = {f"127.0.0.1:{port}": "127.0.0.1:{port}" for port in ("8000", "8001")}

# How a block that is not typed word by word is run, and on which database alone.
_BY = {"python": "python -", "sql": "psql -X -v ON_ERROR_STOP=1"}
_ONLY = {"sql": "postgresql"}
_UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")


class ReaderTestCase(ScriptTestCase):
    """One page, in a copy of the project.

    `.venv` has the packages of the environment that the tests run in, because there is
    no network. On PostgreSQL there is a server of its own, with the database `d0010`.
    """

    page: ClassVar[str]
    rooms: ClassVar[Mapping[str, Room]] = {}
    # What is done in each new terminal, and whether there are tables from the first.
    terminal_begins: ClassVar[str] = "source .venv/bin/activate"
    has_tables: ClassVar[bool] = True

    folders = (*ScriptTestCase.folders, "documentation")
    files = (
        *ScriptTestCase.files,
        *(".gitignore", "README.md", "pyproject.toml", "run_demo_server.sh"),
    )
    # Tests are shown too; and what is compiled already need not be compiled again.
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
        if self.has_tables:
            self._do("python manage.py migrate --verbosity 0")

    def begin(self) -> None:
        """Open a terminal at the project."""
        self.terminal.open_anew()
        self._do(self.terminal_begins)

    def test_every_command_does_what_the_page_says(self) -> None:
        for shown in markdown.shown(self.page):
            if shown.command in NOT_RUN or is_run_by_another_test(shown):
                continue
            with self.subTest(line=shown.line_number, command=shown.command):
                self._follow(shown, self.rooms.get(shown.command, AS_SHOWN))

    def _follow(self, shown: Shown, room: Room) -> None:
        only = room.only or _ONLY.get(shown.language)
        if only not in (None, connection.vendor):
            return
        if room.missing and not IS_REQUIRED:
            self.skipTest(room.missing)
        if room.opens_anew:
            self.terminal.stop()
            self.begin()
        self._do(room.before)
        if room.behind:
            self.terminal.serve(self._here(room.behind), self._address("/healthz"))
        command = self._in_room(shown, room)
        if room.serves:
            page = self.terminal.serve(command, self._address(room.serves))
            self.assertRegex(page, room.says or ".")
        else:
            ended = self.terminal.run(command, typed=room.typed)
            self.assertEqual(ended.code, room.code, ended.said)
            if room.says:
                self.assertRegex(ended.said, room.says)
            if shown.output:
                self.assertEqual(_normalised(ended.said), _normalised(shown.output))
        self._do(room.after)

    def _in_room(self, shown: Shown, room: Room) -> str:
        """Return what is done for a command that is shown."""
        text = shown.command
        for there, here in {**_ADDRESSES, **room.instead}.items():
            text = text.replace(there, self._here(here))
        if shown.language not in markdown.WHOLE:
            return text + self._here(room.more)
        does = f"cat >{room.file}" if room.file else _BY[shown.language]
        return f"{does} <<'END'\n{text}{self._here(room.more)}\nEND"

    def _do(self, command: str) -> None:
        """Do what no page shows."""
        if command:
            ended = self.terminal.run(self._here(command))
            self.assertEqual(ended.code, 0, f"{command}\n{ended.said}")

    def _here(self, text: str) -> str:
        return text.replace("{folder}", str(self.site)).replace("{port}", self.port)

    def _address(self, path: str) -> str:
        return f"http://127.0.0.1:{self.port}{path}"

    def _make_environment(self) -> None:
        """Make `.venv`, and a `python3.13` that can make it too."""
        venv.create(self.site / ".venv", symlinks=True)
        gunicorn = Path(sysconfig.get_path("scripts"), "gunicorn")
        (self.site / ".venv/bin/gunicorn").symlink_to(gunicorn)
        there = {sysconfig.get_path("purelib"), sysconfig.get_path("platlib")}
        programs = self.site / "programs"
        programs.mkdir()
        (programs / "there.pth").write_text("".join(f"{path}\n" for path in there))
        base = Path(sys._base_executable).resolve()  # type: ignore[attr-defined]
        (programs / "python3.13").symlink_to(base)

    def _variables(self) -> dict[str, str]:
        """Return what is set for the reader: no `python` but that of `.venv`."""
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
        """Return how a server is reached that is the reader's alone."""
        if not (IS_REQUIRED or programs()):
            self.skipTest("needs PostgreSQL's own programs")
        self.cluster = self.enterContext(Cluster())
        # It goes away with the test, so nothing needs to be safe on a disk.
        self.cluster.tell("ALTER SYSTEM SET fsync = off")
        self.cluster.tell("SELECT pg_reload_conf()")
        port = {"PGHOST": "127.0.0.1", "PGPORT": str(self.cluster.port)}
        names = {"PGUSER": "d0010", "PGDATABASE": "d0010", "PG_ADMIN": "postgres"}
        return port | names | {"DB_PORT": port["PGPORT"]} | self._database()

    def _database(self) -> dict[str, str]:
        """Make the database, and return what is set where it is in use."""
        self.cluster.tell("CREATE ROLE d0010 LOGIN CREATEDB PASSWORD 'secret'")
        self.cluster.tell("CREATE DATABASE d0010 OWNER d0010")
        return {"USE_POSTGRESQL": "1", "DB_PASSWORD": "secret"}


def _normalised(output: str) -> str:
    """Return output without what differs from run to run: UUIDs."""
    return _UUID.sub("…", output.replace("\r\n", "\n")).strip()


class BeginnerTestCase(ReaderTestCase):
    """Somebody who has the project, and has done nothing with it."""

    terminal_begins = ""
    has_tables = False
