"""Checks of what works for the site: Redis, systemd's units, the import itself."""

from __future__ import annotations

import io
from collections.abc import Iterator

from django.conf import settings
from django.core.cache import caches
from django.utils import timezone

from meter_readings import importer
from meter_readings.models import ImportJob
from meter_readings.ops import worker_heartbeat
from meter_readings.ops.exceptions import cache_exceptions
from meter_readings.queries import watched_folders as folders

from .programs import output_of
from .results import CheckResult, failed, ok

_SAMPLE_FILE = """\
ZHV|DEPLOYMENT|D0010002|C|TEST|X|TEST|20240401120000||||OPER|
026|1000000000003|V|
028|CHECKED001|R|
030|S|20240401000000|1.0|||T|N|
ZPT|DEPLOYMENT|3||1|20240401120000|
"""


def redis() -> CheckResult:  # redis only
    try:
        caches["default"].set("diagnostics", 1)
        caches["default"].get("diagnostics")
    except cache_exceptions() as error:
        return failed(
            f"Redis cannot be used ({type(error).__name__})",
            "Run: systemctl start redis-server. If it runs, check REDIS_URL in .env: "
            'redis-cli -u "$REDIS_URL" ping. Until it answers, the API answers 503.',
        )
    return ok("Redis answers")


def units() -> CheckResult:
    """Check the systemd units of this site, if systemd runs and has some."""
    stopped = dict(_stopped_units())
    if stopped:
        name, state = min(stopped.items())
        return failed(
            ", ".join(f"{name} is {state}" for name, state in sorted(stopped.items())),
            f"Run: systemctl start {' '.join(sorted(stopped))}. The reason: journalctl "
            f"-u {name} -n 50",
        )
    return ok("none has stopped")


def _stopped_units() -> Iterator[tuple[str, str]]:
    """Yield names and states; a service that a timer starts may be inactive."""
    listed = output_of("systemctl", "list-unit-files", "--no-legend", "d0010*")
    names = [line.split()[0] for line in listed.splitlines()]
    if not names:
        return
    shown = output_of("systemctl", "show", "--property=Id,Type,ActiveState", *names)
    for block in shown.split("\n\n"):
        unit = dict(line.split("=", 1) for line in block.splitlines())
        state = unit["ActiveState"]
        is_started_by_timer = unit.get("Type") == "oneshot" and state == "inactive"
        if state in ("inactive", "failed") and not is_started_by_timer:
            yield unit["Id"], state


def import_jobs() -> CheckResult:
    """Check that each running import has saved its progress lately."""
    stalled = ImportJob.objects.stalled(now=timezone.now()).first()
    if stalled:
        return failed(
            f"import job {stalled.pk} has stopped at {stalled.get_phase_display()}: no "
            f"progress since {stalled.heartbeat_at:%d %B %Y %H:%M} UTC",
            "Import its file again: that closes the job. If its process still runs "
            "(ps), it waits for another import.",
        )
    return ok("none has stopped")


def worker() -> CheckResult:
    """Check that no job waits without a worker."""
    if settings.TASKS_BACKEND == "immediate":
        return ok("no worker is needed")
    if worker_heartbeat.has_living_worker():
        return ok("a worker is running")
    if ImportJob.objects.waiting().exists():
        return failed(
            "import jobs wait, and no worker is running",
            "Start one: systemctl start d0010-worker, or manage.py run_worker. No file "
            "is lost.",
        )
    return ok("no worker is running, and no job waits")


def watched_folders() -> CheckResult:
    """Check that files are taken from each folder that is watched."""
    problems = folders.folder_problems(now=timezone.now())
    if problems:
        return failed(
            "; ".join(
                f"{each.path}: {each.reason}, since {each.since:%d %B %Y %H:%M} UTC"
                for each in problems
            ),
            "Files in it wait. The reason: journalctl -u d0010-watch -n 50. If no "
            "watcher runs: systemctl restart d0010-watch",
        )
    return ok("files are taken from each folder that is watched")


def dry_run() -> CheckResult:
    """Validate a small flow file without storing it."""
    result = importer.import_flow_file(
        stream=io.BytesIO(_SAMPLE_FILE.encode()),
        filename="deployment-check.uff",
        now=timezone.now(),
        dry_run=True,
    )
    if result.outcome != ImportJob.Outcome.CHECKED:
        rules = ", ".join(result.finding_counts)
        return failed(
            f"a valid flow file was not accepted ({result.outcome}: {rules})",
            "The installation is incomplete: unpack the release again.",
        )
    return ok("a flow file was validated and not stored")
