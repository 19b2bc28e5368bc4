"""How tests run a shown command: what they change, and which commands they skip."""

from __future__ import annotations

import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from .markdown import Shown

# Commands that no test can run, with the reason.
NOT_RUN = {
    ".ci/run": "runs all tests on both databases, this one among them",
    "LONG=1 .ci/run": "runs all tests on both databases, this one among them",
    "./deployment_scripts/test_deployment.sh": (
        "creates a bare Debian, which takes root, a network and minutes"
    ),
    "systemctl restart d0010-web": (
        "systemd does not run this site; test_deployment.sh restarts one"
    ),
    **{
        command: "the version is one of the reader's; deployment/test_end_to_end.py and"
        " test_deployment.sh run it"
        for command in (
            "/opt/d0010-OLD/deployment_scripts/upgrade.sh /opt/d0010-NEW.tar.gz",
            "/opt/d0010-NEW/deployment_scripts/rollback.sh",
            "/opt/d0010-NEW/deployment_scripts/uninstall.sh",
        )
    },
    "pip install -r deployment_scripts/requirements-tools.txt": "needs a network",
    "pip install -r deployment_scripts/requirements-celery.txt": "needs a network",
    "pip install -r deployment_scripts/requirements-tools.txt && black --check ."
    " && flake8": "needs a network; .ci/run runs the same checks",
    "black . && flake8 && mypy && lint-imports": ".ci/run runs the same checks",
    "python manage.py benchmark import": (
        "100,000 readings take minutes; COMMAND_LINE.md shows it with fewer"
    ),
}

# Commands that another test runs: page, language, how the command begins.
RUN_BY_OTHER_TESTS = {
    (
        "documentation/COMMAND_LINE.md",
        "console",
        "",
    ): "docs/test_command_line_output.py",
} | {
    (
        "documentation/COMMAND_LINE.md",
        "sh",
        f"python manage.py benchmark {benchmark}",
    ): f"benchmarks/{module}.py"
    for benchmark, module in [("api", "test_api"), ("import", "test_imports")]
}
# Commands of README.md that these pages repeat; the test of README.md runs them.
RUN_BY_README = {
    "CONTRIBUTING.md": {"./run_demo_server.sh", "./deployment_scripts/run_tests.sh"},
    "documentation/TESTING_GUIDE.md": {
        "./deployment_scripts/run_tests.sh",
        "coverage run --source='.' manage.py test",
        "coverage report",
        "coverage html",
    },
}


@dataclass(frozen=True, kw_only=True)
class Setup:
    """How one command is run, and what is expected of it.

    In all texts `{folder}` is the copy of the project and `{port}` the server's port.
    """

    # What differs from the page, and why. Required if anything differs.
    reason: str = ""
    # Whether a new terminal is opened, a command that runs first, and a server that is
    # started and goes on running.
    new_terminal: bool = False
    before: str = ""
    served_by: str = ""
    # Replaced parts of the command, text that is appended to it, and the file to which
    # a block is written instead of being run.
    replacements: Mapping[str, str] = field(default_factory=dict)
    suffix: str = ""
    written_to: str = ""
    # The only database on which it runs; what this machine lacks for it
    only_on: str = ""
    missing: str = ""

    # Prompts at the terminal and their answers
    answers: Sequence[tuple[str, str]] = ()
    # For a server: the path that is requested once it runs
    serves: str = ""
    # The exit code, a pattern in the output, and a command that must succeed afterwards
    exit_code: int = 0
    expects: str = ""
    after: str = ""

    def differs(self) -> bool:
        """Return whether the command is run in another way than the page shows."""
        run_options = self.new_terminal, self.before, self.served_by, self.only_on
        return any((*run_options, self.replacements, self.suffix, self.written_to))


AS_SHOWN = Setup()

# Setups that several pages use
NO_CURL = "" if shutil.which("curl") else "curl is missing"
CREATES_SUPERUSER = Setup(
    answers=[
        ("Username", "ada"),
        ("Email", ""),
        ("Password:", "a password for these tests"),
        ("Password (again)", "a password for these tests"),
    ],
    expects="Superuser created",
)
VALIDATES_SITE = Setup(
    reason="there is no proxy in front of the site",
    served_by="gunicorn --config deployment_scripts/gunicorn.conf.py",
    replacements={
        "https://readings.example.org": (
            "http://127.0.0.1:{port} --host readings.example.org"
        )
    },
    expects=" 0 failed",
)
ONE_MODULE = "with one test module, because all tests include this one"
COVERAGE = {
    "coverage run --source='.' manage.py test": Setup(
        reason=ONE_MODULE,
        suffix=" meter_readings.tests.d0010.test_mpan",
        expects="(?m)^OK",
    ),
    "coverage report": Setup(
        reason="one module does not reach everything",
        suffix=" --fail-under=0",
        expects="meter_readings/d0010/writer.py",
    ),
    "coverage html": Setup(
        reason="one module does not reach everything",
        suffix=" --fail-under=0",
        after="[ -s htmlcov/index.html ]",
    ),
}
BILLING = "a user called billing exists"
CREATE_BILLING_USER = (
    "python manage.py shell --command"
    " 'from django.contrib.auth.models import User;"
    ' User.objects.create_user("billing")\''
)


def is_run_by_another_test(shown: Shown) -> bool:
    """Return whether another test reads the command from its page and runs it."""
    return shown.command in RUN_BY_README.get(shown.page, ()) or any(
        (shown.page, shown.language) == (page, language)
        and shown.command.startswith(beginning)
        for page, language, beginning in RUN_BY_OTHER_TESTS
    )
