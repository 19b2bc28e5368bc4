"""The guide to deployment, followed from its first command to its last."""

from __future__ import annotations

import secrets
import shutil
from importlib.util import find_spec
from unittest import skipUnless

from django.db import connection

from . import markdown, runner
from .command_setups import (
    BILLING,
    BILLING_IS_THERE,
    SITE_IS_LOOKED_AT,
    SUPERUSER_IS_MADE,
    Room,
)

PAGE = "documentation/DEPLOYMENT_GUIDE.md"
ROLE, REPLICA, REDIS, PRODUCTION = (
    markdown.with_words(PAGE, words)
    for words in ("CREATE ROLE", "DB_REPLICA_HOST=", "REDIS_URL=", "SECRET_KEY=")
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


@skipUnless(runner.IS_REQUIRED or shutil.which("git"), "git is not here")
@skipUnless(runner.IS_REQUIRED or runner.HAS_WHITENOISE, "whitenoise is not here")
class DeploymentGuideTests(runner.ReaderTestCase):
    page = PAGE
    has_tables = False
    rooms = {
        "./deployment_scripts/quick_deploy.sh demo": Room(
            words="the demonstration is on SQLite", only="sqlite", serves="/"
        ),
        "./deployment_scripts/quick_deploy.sh production"
        " --domain readings.example.org": Room(
            words="as a plan: further below it is done, from a package",
            more=" --dry-run",
            says="Plan for readings.example.org",
        ),
        "cp .env.example .env": Room(
            words="there are no settings yet", before="rm -f .env"
        ),
        "chmod 600 .env": Room(after="ls -l .env | grep -q '^-rw-------'"),
        "./deployment_scripts/setup_databases.sh postgresql": Room(
            words="the server has no such role and database",
            only="postgresql",
            before=runner.EMPTY_SERVER,
            after="psql -c 'TABLE meter_readings_reading'",
        ),
        ROLE: Room(
            words="asked of the administrator, where there is no such role",
            before=f"{runner.EMPTY_SERVER}; export PGUSER=postgres PGDATABASE=postgres",
        ),
        "export USE_POSTGRESQL=1 DB_NAME=d0010 DB_USER=d0010"
        " DB_PASSWORD='a long random password'": Room(
            words="it is about PostgreSQL, in a terminal for it",
            opens_anew=True,
            only="postgresql",
        ),
        "export DB_HOST=localhost DB_PORT=5432": Room(
            words="at the port of a server that is the reader's alone",
            only="postgresql",
            instead={"5432": "$PGPORT"},
        ),
        "python manage.py check --database default": Room(says="no issues"),
        "pg_basebackup --host=db.example.org --username=replicator"
        " --pgdata=/var/lib/postgresql/15/main --write-recovery-conf": Room(
            words="of a server that is the reader's alone, and without waiting",
            only="postgresql",
            before="psql -U postgres -c 'CREATE ROLE replicator LOGIN REPLICATION'",
            instead={
                "db.example.org": "127.0.0.1",
                "/var/lib/postgresql/15/main": "{folder}/replica",
            },
            more=" --checkpoint=fast",
            after="[ -e replica/standby.signal ]",
        ),
        REPLICA: Room(
            words="there is no such replica: the setting is looked at, and no more",
            only="postgresql",
            file="one.txt",
            after="env $(cat one.txt) python manage.py check",
        ),
        "./deployment_scripts/setup_databases.sh sqlite": Room(
            words="it is about SQLite",
            only="sqlite",
            before="rm db.sqlite3",
            after="ls -l db.sqlite3 | grep -q '^-rw-------'",
        ),
        REDIS: Room(
            words="there is no such Redis: the setting is looked at, and no more",
            missing="" if find_spec("redis") else "redis-py is not here",
            file="one.txt",
            after="env $(cat one.txt) python manage.py check",
        ),
        "./deployment_scripts/create_deployment_tarball.sh --output dist": Room(
            words="the copy is committed", opens_anew=True, before=COMMIT
        ),
        "cd /opt": Room(
            words="the package is taken where it is",
            before=runner.EMPTY_SERVER,
            instead={"/opt": "dist"},
        ),
        "sha256sum --check d0010-*.tar.gz.sha256": Room(says="tar.gz: OK"),
        "deployment_scripts/quick_deploy.sh production"
        " --domain readings.example.org": Room(
            words="this machine's own system and services are left alone; the packages"
            " of Python are those of another folder, because there is no network",
            before='export D0010_VENV="{folder}/.venv"',
            more=UNTOUCHED,
            says="https://readings.example.org is set up.",
            after="ls files/d0010-web.service files/d0010.nginx.conf",
        ),
        "./deployment_scripts/quick_deploy.sh production"
        " --domain readings.example.org --dry-run": Room(
            says="Plan for readings.example.org"
        ),
        "./deployment_scripts/validate_deployment.sh"
        " --url https://readings.example.org": SITE_IS_LOOKED_AT,
        PRODUCTION: Room(
            words="written to .env, with a key, and with the database that is there",
            opens_anew=True,
            before=runner.FORGET_EVERYTHING,
            instead={"SECRET_KEY=…": f"SECRET_KEY={secrets.token_urlsafe(50)}"},
            more=OF_THE_DATABASE[connection.vendor],
            file=".env",
        ),
        'python -c "import secrets; print(secrets.token_urlsafe(50))"': Room(
            says=r"\A[\w-]{67}\n\Z"
        ),
        "python manage.py check --deploy": Room(says="no issues"),
        "python manage.py collectstatic --noinput": Room(says="static files? "),
        "python manage.py createsuperuser": SUPERUSER_IS_MADE,
        "gunicorn --config deployment_scripts/gunicorn.conf.py": Room(
            serves="/readyz", says="true"
        ),
        'python manage.py api_token create "nightly export" --user billing'
        " --scope read": Room(
            words=BILLING,
            before=BILLING_IS_THERE,
            says="(?m)^d0010_[0-9a-f]{64}$",
        ),
        "./deployment_scripts/backup.sh"
        " --output /var/lib/d0010/backups --keep 14": Room(
            words="data are kept in the copy",
            instead={"/var/lib/d0010": "{folder}/kept"},
            says="The backup is complete.",
        ),
        "./deployment_scripts/test_restore.sh": Room(
            says="The backup can be restored."
        ),
        "./deployment_scripts/restore.sh"
        " /var/lib/d0010/backups/d0010-20261124T023000000000Z.tar.gz": Room(
            words="everything was lost but the backup that was made",
            opens_anew=True,
            before=runner.LOSE_EVERYTHING,
            instead={
                "/var/lib/d0010": "{folder}/kept",
                "d0010-20261124T023000000000Z.tar.gz": "d0010-*",
            },
            says="The restore is complete.",
        ),
    }

    def _database(self) -> dict[str, str]:
        """Begin on a server that is empty: the page tells how to fill it."""
        return {}
