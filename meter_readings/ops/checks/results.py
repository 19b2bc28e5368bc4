"""The result of a check, with a remedy if it failed, and how checks are run."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import NamedTuple

from django.db import DatabaseError, InterfaceError

from meter_readings import importer


class CheckResult(NamedTuple):
    """What one check found, and the remedy if it failed."""

    name: str
    is_failure: bool
    message: str
    remedy: str = ""


type Check = Callable[[], CheckResult]


def ok(message: str, *, name: str = "") -> CheckResult:
    return CheckResult(name, False, message)


def failed(message: str, remedy: str, *, name: str = "") -> CheckResult:
    return CheckResult(name, True, message, remedy)


def run(*checks: Check) -> Iterator[CheckResult]:
    """Yield the result of each check; one that raises an error has failed."""
    for check in checks:
        name = check.__name__.replace("_", " ")
        try:
            yield check()._replace(name=name)
        except importer.StorageFull as error:
            yield failed(str(error), "Free some disk space.", name=name)
        except (DatabaseError, InterfaceError, OSError) as error:
            text = str(error).strip().partition("\n")[0] or type(error).__name__
            yield failed(
                f"the check failed: {text}",
                "Check that the database runs, and DB_HOST, DB_PORT, DB_NAME, DB_USER "
                "and DB_PASSWORD, or SQLITE_PATH and its file permissions.",
                name=name,
            )
