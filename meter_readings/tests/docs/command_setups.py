"""What is other than on the page where a command is run; and what no test runs."""

from __future__ import annotations

import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from .markdown import Shown

# What no test can run, in the words of its page, and why.
NOT_RUN = {
    ".ci/run": "runs all tests on both databases, this one among them",
    "LONG=1 .ci/run": "runs all tests on both databases, this one among them",
    "./deployment_scripts/test_deployment.sh": (
        "makes a Debian of its own: that takes root, a network and minutes"
    ),
    "pip install -r deployment_scripts/requirements-tools.txt": "needs a network",
    "python manage.py benchmark import": (
        "a million readings take minutes; COMMAND_LINE.md shows it with fewer"
    ),
}

# What other tests take from a page and run: page, language, how a command begins.
BY_OTHER_TESTS = {
    (
        "documentation/COMMAND_LINE.md",
        "console",
        "",
    ): "docs/test_command_line_output.py",
    ("documentation/OPERATIONS.md", "yaml", ""): "docs/test_runbook.py",
} | {
    (
        "documentation/COMMAND_LINE.md",
        "sh",
        f"python manage.py benchmark {benchmark}",
    ): f"benchmarks/{module}.py"
    for benchmark, module in [("api", "test_api"), ("import", "test_imports")]
}


@dataclass(frozen=True, kw_only=True)
class Room:
    """Where a command is run; `words` say what is other than on the page, and why.

    `{folder}` is where the copy of the project is, `{port}` where pages are served.
    """

    words: str = ""
    # A new terminal, what is done in it beforehand, and what serves from then on.
    opens_anew: bool = False
    before: str = ""
    behind: str = ""
    # Other words in the command, more of them, and the file that a block is written to.
    instead: Mapping[str, str] = field(default_factory=dict)
    more: str = ""
    file: str = ""
    # The one database that it is about; what it needs and this machine has not
    only: str = ""
    missing: str = ""

    # What is asked at the terminal, and what is answered.
    typed: Sequence[tuple[str, str]] = ()
    # The address that is asked where a command serves until it is stopped
    serves: str = ""
    # How it ends, what it says, and what is looked at afterwards
    code: int = 0
    says: str = ""
    after: str = ""

    def is_other(self) -> bool:
        """Return whether anything is other than on the page."""
        place = self.opens_anew, self.before, self.behind, self.only
        return any((*place, self.instead, self.more, self.file))


AS_SHOWN = Room()

# What more than one page has
NO_CURL = "" if shutil.which("curl") else "curl is not here"
SUPERUSER_IS_MADE = Room(
    typed=[
        ("Username", "ada"),
        ("Email", ""),
        ("Password:", "a password for readers alone"),
        ("Password (again)", "a password for readers alone"),
    ],
    says="Superuser created",
)
SITE_IS_LOOKED_AT = Room(
    words="asked without the proxy before it",
    behind="gunicorn --config deployment_scripts/gunicorn.conf.py",
    instead={
        "https://readings.example.org": (
            "http://127.0.0.1:{port} --host readings.example.org"
        )
    },
    says=" 0 failed",
)
ONE_MODULE = "with one module, because all tests are these too"
BILLING = "there is a user called billing"
BILLING_IS_THERE = (
    "python manage.py shell --command"
    " 'from django.contrib.auth.models import User;"
    ' User.objects.create_user("billing")\''
)


def is_run_by_another_test(shown: Shown) -> bool:
    """Return whether a test of something else takes a command from its page."""
    return any(
        (shown.page, shown.language) == (page, language)
        and shown.command.startswith(beginning)
        for page, language, beginning in BY_OTHER_TESTS
    )
