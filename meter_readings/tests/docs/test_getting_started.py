"""The first pages that anybody reads, from their first command to their last."""

from __future__ import annotations

from . import runner
from .command_setups import NO_CURL, ONE_MODULE, SUPERUSER_IS_MADE, Room

NO_NETWORK = "the packages are there already, because there is no network"


class ReadmeTests(runner.BeginnerTestCase):
    page = "README.md"
    rooms = {
        "./run_demo_server.sh": Room(
            serves="/", says="Meter readings, kept as they came"
        ),
        "./deployment_scripts/run_tests.sh": Room(
            words=ONE_MODULE,
            more=" meter_readings.tests.d0010.test_mpan",
            says="All tests passed on (sqlite|postgresql)",
        ),
        "python3.13 -m venv .venv && source .venv/bin/activate": Room(
            words="it begins with nothing, for the demonstration is another way;"
            " and by the Python that the tests run by, whatever its version",
            opens_anew=True,
            before=f"{runner.FORGET_EVERYTHING}; rm -r .venv",
            after='[ "$(command -v python)" = "{folder}/.venv/bin/python" ]',
        ),
        "pip install -r requirements.txt": Room(
            words=NO_NETWORK,
            before="cp programs/there.pth .venv/lib/python*/site-packages",
            says="already satisfied: Django==",
        ),
        "python manage.py createsuperuser": SUPERUSER_IS_MADE,
        "python manage.py runserver 8001": Room(
            words="on a port that is free",
            instead={"8001": "{port}"},
            serves="/admin/login/",
            says="Sign in",
        ),
        "python manage.py import_d0010 sample_data/economy_7.uff": Room(
            says="imported as #1: 32 readings"
        ),
        "python manage.py export_readings --mpan 2299728571429 --format csv": Room(
            says="2299728571429,DY 0000000,DY,"
        ),
        "export D0010_TOKEN=$(python manage.py api_token create"
        ' "first look" --user demo_admin --scope read)': Room(
            words="there is the user of the demonstration",
            before="python manage.py create_demo_user",
        ),
        'curl -H "Authorization: Bearer $D0010_TOKEN"'
        ' "http://127.0.0.1:8001/api/v1/readings/?mpan=2299728571429"': Room(
            missing=NO_CURL,
            says='"value":"34228.7"',
        ),
        "export USE_POSTGRESQL=1 DB_NAME=d0010 DB_USER=d0010 DB_PASSWORD=…"
        " DB_HOST=localhost": Room(
            words="with the password",
            only="postgresql",
            instead={"…": "secret"},
        ),
    }


class QuickStartTests(runner.BeginnerTestCase):
    page = "QUICKSTART.md"
    rooms = {
        "./run_demo_server.sh": Room(
            serves="/admin/login/",
            says="Sign in",
        ),
        "python manage.py import_d0010 --dry-run your_file.uff": Room(
            words="your file is made up",
            before="python manage.py generate_d0010 --output your_file.uff",
            says="would be imported",
        ),
        "python manage.py import_d0010 your_file.uff": Room(
            says="imported as #", after="[ -d media ]"
        ),
        "python manage.py import_d0010 --dry-run sample_data/rejected_faults.uff": Room(
            code=1, says="10 errors in 92 lines|What to do:"
        ),
        "python manage.py undo_import your_file.uff": Room(
            typed=[("Type yes:", "yes")], says="your_file.uff: undone:"
        ),
    }
