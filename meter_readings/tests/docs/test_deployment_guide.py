"""DEPLOYMENT_GUIDE.md: every command does what the page says."""

from __future__ import annotations

import secrets
import shutil
from importlib.util import find_spec
from unittest import skipUnless

from django.db import connection

from meter_readings.tests.robustness import IS_LONG

from . import markdown, runner
from .command_setups import (
    BILLING,
    CREATE_BILLING_USER,
    CREATES_SUPERUSER,
    VALIDATES_SITE,
    Setup,
)

PAGE = "documentation/DEPLOYMENT_GUIDE.md"
ROLE, REPLICA, REDIS, PRODUCTION = (
    markdown.command_with(PAGE, text)
    for text in ("CREATE ROLE", "DB_REPLICA_HOST=", "REDIS_URL=", "SECRET_KEY=")
)
ON_SQLITE = " --database sqlite --accept-sqlite-risk"
UNTOUCHED = (
    " --skip-system --output files --port {port}"
    f"{ON_SQLITE if connection.vendor == 'sqlite' else ''}"
)
OF_THE_DATABASE = {
    "sqlite": "ACCEPT_SQLITE_RISK=1",
    "postgresql": "USE_POSTGRESQL=1\nDB_PASSWORD=unused",
}
COMMIT = """
git init -q && git add --all -- ':!programs'
GIT_CONFIG_GLOBAL=/dev/null git -c user.name=a -c user.email=a@example.org \
    commit -q -m 'A version'"""


@skipUnless(IS_LONG or connection.vendor == "postgresql", "LONG=1 also runs SQLite")
@skipUnless(runner.IS_REQUIRED or shutil.which("git"), "git is not installed")
@skipUnless(runner.IS_REQUIRED or runner.HAS_WHITENOISE, "whitenoise is not installed")
class DeploymentGuideTests(runner.PageTestCase):
    page = PAGE
    has_schema = False
    setups = {
        "./deployment_scripts/quick_deploy.sh demo": Setup(
            reason="the demonstration is on SQLite", only_on="sqlite", serves="/"
        ),
        "./deployment_scripts/quick_deploy.sh production"
        " --domain readings.example.org": Setup(
            reason="as a dry run: a later command deploys from a package",
            suffix=" --dry-run",
            expects="Plan for readings.example.org",
        ),
        "cp .env.example .env": Setup(
            reason="there are no settings yet", before="rm -f .env"
        ),
        "chmod 600 .env": Setup(after="ls -l .env | grep -q '^-rw-------'"),
        "./deployment_scripts/setup_databases.sh postgresql": Setup(
            reason="the server has no such role and database",
            only_on="postgresql",
            before=runner.EMPTY_SERVER,
            after="psql -c 'TABLE meter_readings_reading'",
        ),
        ROLE: Setup(
            reason="the administrator runs it on a server without the role",
            before=f"{runner.EMPTY_SERVER}; export PGUSER=postgres PGDATABASE=postgres",
        ),
        "export USE_POSTGRESQL=1 DB_NAME=d0010 DB_USER=d0010"
        " DB_PASSWORD='a long random password'": Setup(
            reason="it is about PostgreSQL, in a terminal for it",
            new_terminal=True,
            only_on="postgresql",
        ),
        "export DB_HOST=localhost DB_PORT=5432": Setup(
            reason="at the port of a server that is the reader's alone",
            only_on="postgresql",
            replacements={"5432": "$PGPORT"},
        ),
        "python manage.py check --database default": Setup(expects="no issues"),
        "pg_basebackup --host=db.example.org --username=replicator"
        " --pgdata=/var/lib/postgresql/15/main --write-recovery-conf": Setup(
            reason="of a server that is the reader's alone, and without waiting",
            only_on="postgresql",
            before="psql -U postgres -c 'CREATE ROLE replicator LOGIN REPLICATION'",
            replacements={
                "db.example.org": "127.0.0.1",
                "/var/lib/postgresql/15/main": "{folder}/replica",
            },
            suffix=" --checkpoint=fast",
            after="[ -e replica/standby.signal ]",
        ),
        REPLICA: Setup(
            reason="there is no such replica: the setting is looked at, and no more",
            only_on="postgresql",
            written_to="one.txt",
            after="env $(cat one.txt) python manage.py check",
        ),
        "./deployment_scripts/setup_databases.sh sqlite": Setup(
            reason="it is about SQLite",
            only_on="sqlite",
            before="rm db.sqlite3",
            after="ls -l db.sqlite3 | grep -q '^-rw-------'",
        ),
        REDIS: Setup(
            reason="there is no such Redis: only the setting is checked",
            missing="" if find_spec("redis") else "redis-py is not installed",
            written_to="one.txt",
            after="env $(cat one.txt) python manage.py check",
        ),
        "./deployment_scripts/create_deployment_tarball.sh --output dist": Setup(
            reason="the copy is committed", new_terminal=True, before=COMMIT
        ),
        "cd /opt": Setup(
            reason="the package is deployed from the folder dist",
            before=runner.EMPTY_SERVER,
            replacements={"/opt": "dist"},
        ),
        "sha256sum --check d0010-*.tar.gz.sha256": Setup(expects="tar.gz: OK"),
        "deployment_scripts/quick_deploy.sh production"
        " --domain readings.example.org": Setup(
            reason="services and system packages of this machine are not changed; the"
            " Python packages are in another folder, because there is no network",
            before='export D0010_VENV="{folder}/.venv"',
            suffix=UNTOUCHED,
            expects="https://readings.example.org is set up.",
            after="ls files/d0010-web.service files/d0010.nginx.conf",
        ),
        "deployment_scripts/quick_deploy.sh production"
        " --domain readings.example.org --watch-folder /srv/d0010/incoming": Setup(
            reason="the services of this machine are not changed",
            suffix=" --dry-run",
            expects="manage.py watch_folder /srv/d0010/incoming",
        ),
        "./deployment_scripts/quick_deploy.sh production"
        " --domain readings.example.org --dry-run": Setup(
            expects="Plan for readings.example.org"
        ),
        "./deployment_scripts/validate_deployment.sh"
        " --url https://readings.example.org": VALIDATES_SITE,
        PRODUCTION: Setup(
            reason="written to .env, with a key and the database of this test",
            new_terminal=True,
            before=runner.DELETE_DATA_AND_SETTINGS,
            replacements={"SECRET_KEY=…": f"SECRET_KEY={secrets.token_urlsafe(50)}"},
            suffix=OF_THE_DATABASE[connection.vendor],
            written_to=".env",
        ),
        'python -c "import secrets; print(secrets.token_urlsafe(50))"': Setup(
            expects=r"\A[\w-]{67}\n\Z"
        ),
        "python manage.py check --deploy": Setup(expects="no issues"),
        "python manage.py collectstatic --noinput": Setup(expects="static files? "),
        "python manage.py createsuperuser": CREATES_SUPERUSER,
        "gunicorn --config deployment_scripts/gunicorn.conf.py": Setup(
            serves="/readyz", expects="true"
        ),
        'sudo d0010ctl api_token create "nightly export" --user billing'
        " --scope read": Setup(
            reason=BILLING,
            before=CREATE_BILLING_USER,
            expects="(?m)^d0010_[0-9a-f]{64}$",
        ),
        "./deployment_scripts/backup.sh"
        " --output /var/lib/d0010/backups --keep 14": Setup(
            reason="data are stored in the copy",
            replacements={"/var/lib/d0010": "{folder}/data"},
            expects="The backup is complete.",
        ),
        "./deployment_scripts/test_restore.sh": Setup(
            expects="The backup can be restored."
        ),
        "./deployment_scripts/restore.sh"
        " /var/lib/d0010/backups/d0010-20261124T023000000000Z.tar.gz": Setup(
            reason="all data except the backup were deleted",
            new_terminal=True,
            before=runner.DELETE_DATA,
            replacements={
                "/var/lib/d0010": "{folder}/data",
                "d0010-20261124T023000000000Z.tar.gz": "d0010-*",
            },
            expects="The restore is complete.",
        ),
    }

    def _database(self) -> dict[str, str]:
        """Start with an empty server: the page creates the database."""
        return {}
