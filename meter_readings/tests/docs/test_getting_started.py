"""README.md, QUICKSTART.md, CONTRIBUTING.md: commands do what the pages say."""

from __future__ import annotations

from . import runner
from .command_setups import COVERAGE, CREATES_SUPERUSER, NO_CURL, ONE_MODULE, Setup

NO_NETWORK = "the packages are installed already, because there is no network"


class ReadmeTests(runner.NewInstallationTestCase):
    page = "README.md"
    setups = {
        "./run_demo_server.sh": Setup(serves="/", expects="D0010 meter reading system"),
        "./deployment_scripts/run_tests.sh": Setup(
            reason=ONE_MODULE,
            suffix=" meter_readings.tests.d0010.test_mpan",
            expects="All tests passed on (sqlite|postgresql)",
        ),
        "python3.13 -m venv .venv && source .venv/bin/activate": Setup(
            reason="the installation starts from nothing, without the demonstration;"
            " and with the version of Python that runs the tests",
            new_terminal=True,
            before=f"{runner.DELETE_DATA_AND_SETTINGS}; rm -r .venv",
            after='[ "$(command -v python)" = "{folder}/.venv/bin/python" ]',
        ),
        "pip install -r requirements.txt": Setup(
            reason=NO_NETWORK,
            before="cp programs/packages.pth .venv/lib/python*/site-packages",
            expects="already satisfied: Django==",
        ),
        "python manage.py createsuperuser": CREATES_SUPERUSER,
        "python manage.py runserver 8001": Setup(
            reason="on a port that is free",
            replacements={"8001": "{port}"},
            serves="/admin/login/",
            expects="Sign in",
        ),
        "python manage.py import_d0010 sample_data/test.uff --dry-run": Setup(
            expects="would be imported: 4 readings"
        ),
        "python manage.py import_d0010 sample_data/commercial_properties.uff": Setup(
            expects="imported as #1: 31 readings"
        ),
        "python manage.py export_readings --mpan 1299721428570 --format csv": Setup(
            expects="1299721428570,DX 0000000,TO,"
        ),
        "export D0010_TOKEN=$(python manage.py api_token create"
        ' "first look" --user demo_admin --scope read)': Setup(
            reason="there is the user of the demonstration",
            before="python manage.py create_demo_user",
        ),
        'curl -H "Authorization: Bearer $D0010_TOKEN"'
        ' "http://127.0.0.1:8001/api/v1/readings/?mpan=1299721428570"': Setup(
            missing=NO_CURL,
            expects='"value":"25961.4"',
        ),
        **COVERAGE,
        "export USE_POSTGRESQL=1 DB_NAME=d0010 DB_USER=d0010 DB_PASSWORD=…"
        " DB_HOST=localhost": Setup(
            reason="with the password",
            only_on="postgresql",
            replacements={"…": "secret"},
        ),
    }


class QuickStartTests(runner.NewInstallationTestCase):
    page = "QUICKSTART.md"
    setups = {
        "./run_demo_server.sh": Setup(
            serves="/admin/login/",
            expects="Sign in",
        ),
        "python manage.py import_d0010 --dry-run your_file.uff": Setup(
            reason="your file is made up",
            before="python manage.py generate_d0010 --output your_file.uff",
            expects="would be imported",
        ),
        "python manage.py import_d0010 your_file.uff": Setup(
            expects="imported as #", after="[ -d media ]"
        ),
        "python manage.py import_d0010 sample_data/commercial_properties.uff": Setup(
            expects="already imported as #"
        ),
        "python manage.py import_d0010 sample_data/test.uff --dry-run": Setup(
            expects="already imported as #|would be imported"
        ),
        "python manage.py import_d0010 --dry-run"
        " sample_data/rejected_with_issues.uff": Setup(
            exit_code=1, expects="10 errors in 92 lines|What to do:"
        ),
        "python manage.py undo_import your_file.uff": Setup(
            answers=[("Type yes:", "yes")], expects="your_file.uff: undone:"
        ),
    }


class ContributingTests(runner.NewInstallationTestCase):
    page = "CONTRIBUTING.md"
    setups = {
        "python manage.py test meter_readings.tests.importer": Setup(
            reason="with a few tests, because all of them run already",
            suffix=" -k test_originals",
            expects="(?m)^OK",
        ),
    }
