"""TESTING_GUIDE.md: every command does what the page says."""

from __future__ import annotations

from meter_readings.tests.browser.base import missing_requirement
from meter_readings.tests.robustness import only_long

from . import markdown, runner
from .command_setups import ONE_MODULE, Setup

FEW = "with a few tests, because all of them run already"
KEPT, KEEP = "the next command uses the same test database", " --keepdb"

# The one example of a test is written to a file of its own.
EXAMPLE = markdown.command_with(
    "documentation/TESTING_GUIDE.md", "class NegativeReadingTests"
)
EXAMPLE_MODULE = "meter_readings.tests.test_example"


@only_long
class TestingGuideTests(runner.PageTestCase):
    page = "documentation/TESTING_GUIDE.md"
    has_schema = False
    setups = {
        "USE_POSTGRESQL=1 DB_NAME=d0010 DB_USER=d0010 DB_PASSWORD=secret \\\n"
        "DB_HOST=localhost DB_PORT=5432 ./deployment_scripts/run_tests.sh": Setup(
            reason=f"{ONE_MODULE}; at the port of a server that is the reader's alone",
            only_on="postgresql",
            replacements={"5432": "$PGPORT"},
            suffix=" meter_readings.tests.d0010.test_mpan",
            expects="All tests passed on postgresql",
        ),
        "python manage.py test meter_readings.tests.d0010": Setup(
            reason=FEW, suffix=" -k CheckDigit", expects="(?m)^OK"
        ),
        "python manage.py test meter_readings.tests.importer.test_undo": Setup(
            reason=KEPT, suffix=KEEP, expects="(?m)^OK"
        ),
        "python manage.py test meter_readings.tests.importer -k withdraw": Setup(
            reason=KEPT, suffix=KEEP, expects="(?m)^OK"
        ),
        "D0010_MUTATIONS=200 D0010_EXAMPLES=20"
        " python manage.py test meter_readings.tests.robustness": Setup(
            reason=f"{FEW}; {KEPT}",
            suffix=f"{KEEP} -k test_mutations",
            expects="(?m)^OK",
        ),
        "python manage.py test meter_readings.tests.http_server": Setup(
            reason=f"{FEW}; {KEPT}",
            before="export D0010_CLIENTS=5",
            suffix=f"{KEEP} -k test_concurrent_clients",
            expects="(?m)^OK",
        ),
        "python manage.py generate_d0010 --meter-points 1000 --readings 50000"
        " --output big.uff": Setup(
            after="[ $(grep -c '^030' big.uff) -eq 50000 ]",
        ),
        "python manage.py test meter_readings.tests.browser": Setup(
            reason=f"{FEW}; {KEPT}",
            suffix=f"{KEEP} -k test_search_box_shows_no_key",
            expects="(?m)^OK",
        ),
        "./deployment_scripts/update_screenshots.sh": Setup(
            reason="they are the same on both databases",
            only_on="sqlite",
            missing=missing_requirement(),
            before="rm documentation/images/*",
            after="[ -s documentation/images/home.png ]",
        ),
        EXAMPLE: Setup(
            reason="in a file of its own, which is run",
            written_to=f"{EXAMPLE_MODULE.replace('.', '/')}.py",
            after=f"python manage.py test {EXAMPLE_MODULE}{KEEP}",
        ),
    }
