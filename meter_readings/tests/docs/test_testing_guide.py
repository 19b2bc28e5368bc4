"""The guide to the tests, followed from its first command to its last."""

from __future__ import annotations

from meter_readings.tests.browser.base import missing_requirement

from . import markdown, runner
from .command_setups import ONE_MODULE, Room

FEW = "with a few of its tests, because these are among those that run already"
KEPT, KEEP = "the database of the tests is kept from one to the next", " --keepdb"

# The one example of a test is written to a file of its own.
EXAMPLE = markdown.with_words(
    "documentation/TESTING_GUIDE.md", "class NegativeReadingTests"
)
EXAMPLE_MODULE = "meter_readings.tests.test_example"


class TestingGuideTests(runner.ReaderTestCase):
    page = "documentation/TESTING_GUIDE.md"
    has_tables = False
    rooms = {
        "./deployment_scripts/run_tests.sh": Room(
            words=ONE_MODULE,
            more=" meter_readings.tests.d0010.test_mpan",
            says="All tests passed on",
        ),
        "USE_POSTGRESQL=1 DB_NAME=d0010 DB_USER=d0010 DB_PASSWORD=secret \\\n"
        "DB_HOST=localhost DB_PORT=5432 ./deployment_scripts/run_tests.sh": Room(
            words=f"{ONE_MODULE}; at the port of a server that is the reader's alone",
            only="postgresql",
            instead={"5432": "$PGPORT"},
            more=" meter_readings.tests.d0010.test_mpan",
            says="All tests passed on postgresql",
        ),
        "python manage.py test meter_readings.tests.d0010": Room(
            words=FEW, more=" -k CheckDigit", says="(?m)^OK"
        ),
        "python manage.py test meter_readings.tests.importer.test_undo": Room(
            words=KEPT, more=KEEP, says="(?m)^OK"
        ),
        "python manage.py test meter_readings.tests.importer -k withdraw": Room(
            words=KEPT, more=KEEP, says="(?m)^OK"
        ),
        "python -m coverage html": Room(
            words="one module does not reach everything",
            more=" --fail-under=0",
            after="[ -s htmlcov/index.html ]",
        ),
        "D0010_MUTATIONS=200 D0010_EXAMPLES=20"
        " python manage.py test meter_readings.tests.robustness": Room(
            words=f"{FEW}; {KEPT}", more=f"{KEEP} -k test_mutations", says="(?m)^OK"
        ),
        "python manage.py test meter_readings.tests.http_server": Room(
            words=f"{FEW}; {KEPT}",
            before="export D0010_CLIENTS=5",
            more=f"{KEEP} -k test_crowds",
            says="(?m)^OK",
        ),
        "python manage.py generate_d0010 --meter-points 1000 --readings 50000"
        " --output big.uff": Room(
            after="[ $(grep -c '^030' big.uff) -eq 50000 ]",
        ),
        "python manage.py test meter_readings.tests.browser": Room(
            words=f"{FEW}; {KEPT}",
            more=f"{KEEP} -k test_search_box_shows_no_key",
            says="(?m)^OK",
        ),
        "./deployment_scripts/update_screenshots.sh": Room(
            words="they are the same on both databases",
            only="sqlite",
            missing=missing_requirement(),
            before="rm documentation/images/*",
            after="[ -s documentation/images/home.png ]",
        ),
        EXAMPLE: Room(
            words="in a file of its own, which is run",
            file=f"{EXAMPLE_MODULE.replace('.', '/')}.py",
            after=f"python manage.py test {EXAMPLE_MODULE}{KEEP}",
        ),
    }
