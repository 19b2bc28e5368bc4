"""The result of a check, with a remedy if it failed, and how checks are run."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import NamedTuple

from django.db import DatabaseError, InterfaceError

from meter_readings import importer

from .remedies import database_remedy, file_remedy


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
        except importer.StorageNotWritable as error:
            yield failed(str(error), "Do what the row permissions says.", name=name)
        except (DatabaseError, InterfaceError) as error:
            yield failed(_message(error), database_remedy(error), name=name)
        except OSError as error:
            yield failed(_message(error), file_remedy(error), name=name)


def _message(error: Exception) -> str:
    text = str(error).strip().partition("\n")[0] or type(error).__name__
    return f"the check failed: {text}"
