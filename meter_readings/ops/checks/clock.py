"""Check of the clock, by other clocks and by times that cannot be in the future."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

from django.db import connection
from django.utils import timezone

from meter_readings.models import ImportJob

from .programs import output_of
from .results import CheckResult, failed, ok

_TOLERANCE = timedelta(minutes=1)
_SET_CLOCK = (
    "Compare it with another clock, and set it: timedatectl set-ntp true. timedatectl "
    "shows whether a time server is used."
)


def clock() -> CheckResult:
    """Compare the clock with PostgreSQL's, and with times of the past.

    A clock that is ahead is found only if PostgreSQL is on another machine, or if
    systemd says that no time server sets it.
    """
    problem = next(_problems(timezone.now()), "")
    if problem:
        return failed(problem, _SET_CLOCK)
    return ok("no time contradicts it")


def compare(there: datetime, name: str) -> CheckResult:
    """Compare the clock with another one."""
    difference = timezone.now() - there
    if abs(difference) > _TOLERANCE:
        return failed(_difference_text(difference, name), _SET_CLOCK)
    return ok(f"it agrees with {name}")


def _problems(now: datetime) -> Iterator[str]:
    if connection.vendor == "postgresql":  # postgresql only
        with connection.cursor() as cursor:
            cursor.execute("SELECT clock_timestamp()")
            (there,) = cursor.fetchone()
        if abs(now - there) > _TOLERANCE:
            yield _difference_text(now - there, "PostgreSQL's clock")
    for what, time in _past_times():
        if time > now + _TOLERANCE:
            yield f"it is {now:%d %B %Y %H:%M} UTC here, and {what} {time:%d %B %Y}"
    if output_of("timedatectl", "show", "--property=NTPSynchronized") == (
        "NTPSynchronized=no"
    ):
        yield "no time server sets the clock of this machine"


def _past_times() -> Iterator[tuple[str, datetime]]:
    program = datetime.fromtimestamp(Path(__file__).stat().st_mtime, UTC)
    yield "this version was installed or made on", program
    latest = ImportJob.objects.order_by("-started_at").first()
    if latest:
        yield "the latest import started on", latest.started_at


def _difference_text(difference: timedelta, name: str) -> str:
    direction = "ahead of" if difference > timedelta(0) else "behind"
    size = timedelta(seconds=round(abs(difference).total_seconds()))
    return f"the clock here is {size} {direction} {name}"
