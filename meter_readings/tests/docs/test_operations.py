"""OPERATIONS.md: every command does what the page says, on a production site."""

from __future__ import annotations

import secrets
from unittest import skipUnless

from django.db import connection

from meter_readings.tests.robustness import IS_LONG

from . import markdown, runner
from .command_setups import NO_CURL, VALIDATES_SITE, Setup

PAGE = "documentation/OPERATIONS.md"
MPAN = "2299828571424"
SITE = f"""
cat >.env <<'END'
D0010_ENV=production
SECRET_KEY={secrets.token_urlsafe(50)}
METRICS_TOKEN={secrets.token_urlsafe(30)}
ALLOWED_HOSTS=readings.example.org
BEHIND_PROXY=1
ACCEPT_SQLITE_RISK=1
END
chmod 600 .env
python manage.py migrate --verbosity 0
python manage.py collectstatic --noinput --verbosity 0
python manage.py import_d0010 sample_data/history_2025_10_first_year.uff"""

ADD_YEAR = markdown.command_with(PAGE, "reading_create_year_partition")
DETACH_YEAR = markdown.command_with(PAGE, "DETACH PARTITION")
FILE_OF_2015 = """
python manage.py generate_d0010 --from 2015-01-01 --months 1 --output old.uff
python manage.py import_d0010 old.uff"""


@skipUnless(IS_LONG or connection.vendor == "postgresql", "LONG=1 also runs SQLite")
@skipUnless(runner.IS_REQUIRED or runner.HAS_WHITENOISE, "whitenoise is not installed")
class OperationsTests(runner.PageTestCase):
    page = PAGE
    has_schema = False
    setups = {
        "./deployment_scripts/validate_deployment.sh"
        " --url https://readings.example.org": VALIDATES_SITE,
        "curl http://127.0.0.1:8000/readyz": Setup(expects="true, ", missing=NO_CURL),
        'curl -H "Authorization: Bearer $METRICS_TOKEN"'
        " http://127.0.0.1:8000/metrics": Setup(
            reason="with the token of the settings",
            missing=NO_CURL,
            before="export $(grep ^METRICS_TOKEN .env)",
            expects="(?m)^d0010_readings 103.0$",
        ),
        "sudo d0010ctl apply_retention --dry-run": Setup(expects="Would be deleted"),
        "sudo d0010ctl apply_retention --yes": Setup(expects="Deleted"),
        "sudo d0010ctl export_personal_data - --output /var/lib/d0010/subject.zip"
        ' --reason "Request 18"': Setup(
            reason="data are stored in the copy",
            replacements={"/var/lib/d0010": "{folder}"},
            answers=[("", MPAN)],
            after="python -m zipfile -l subject.zip | grep -q original_lines.csv",
        ),
        'sudo d0010ctl erase_mpan - --reason "Request 17"': Setup(
            reason="no other process uses the site",
            new_terminal=True,
            answers=[("", MPAN), ("Type yes:", "yes")],
            expects="Erased: ",
        ),
        ADD_YEAR: Setup(after="psql -c 'TABLE meter_readings_reading_2027'"),
        DETACH_YEAR: Setup(
            reason="the year needs readings",
            before=FILE_OF_2015,
            after="""
            psql -c 'TABLE old_years.meter_readings_reading_2015' | grep 2015-01
            ! python manage.py export_readings --file old.uff""",
        ),
    }

    def setUp(self) -> None:
        super().setUp()
        self._do(SITE)
