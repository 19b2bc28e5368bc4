"""The worker: runs jobs until a signal stops it."""

from __future__ import annotations

import logging
import signal
import time
from types import FrameType
from typing import Any

from django.core.management import call_command
from django.db import Error, close_old_connections
from django.tasks import default_task_backend
from django.utils import timezone
from django_tasks_db.models import DBTaskResult

from meter_readings.ops.worker_heartbeat import beating

from . import exports, queue
from .stopping import stop_requested

logger = logging.getLogger(__name__)

_POLL_SECONDS = 0.5
# After an error of the database
_WAIT_SECONDS = 5.0
_CLEANING_SECONDS = 60 * 60


def work_for_broker() -> None:
    """Run the jobs that the broker of the backend delivers, until a signal."""
    backend: Any = default_task_backend
    with beating():
        backend.run_worker(sweep=_sweep)


def _sweep() -> None:
    try:
        close_old_connections()
        queue.sweep(now=timezone.now())
        _delete_old_files()
    except Error as error:
        logger.warning("The worker could not sweep: %s.", type(error).__name__)


def work(*, until_idle: bool = False) -> None:
    """Run the jobs in the database until SIGTERM or SIGINT, or until none waits."""
    stop_requested.clear()
    next_cleaning = 0.0
    logger.info("The worker has started.")
    with beating():
        while not stop_requested.is_set():
            for each in (signal.SIGTERM, signal.SIGINT):
                signal.signal(each, _stop)
            try:
                if time.monotonic() >= next_cleaning:
                    _clean()
                    next_cleaning = time.monotonic() + _CLEANING_SECONDS
                is_idle = not _run_tasks()
            except Error as error:
                # The database is away, or locked by a long import of a command.
                logger.warning("The worker waits: %s.", type(error).__name__)
                close_old_connections()
                stop_requested.wait(_WAIT_SECONDS)
                continue
            if is_idle:
                if until_idle:
                    break
                stop_requested.wait(_POLL_SECONDS)
    logger.info("The worker has stopped.")


def _run_tasks() -> bool:
    """Run the tasks that wait; return whether there were any."""
    close_old_connections()
    queue.sweep(now=timezone.now())
    # A look locks nothing; on SQLite, taking a task locks the database.
    if not DBTaskResult.objects.ready().exists():
        return False
    call_command(
        "db_worker", batch=True, startup_delay=False, reload=False, verbosity=0
    )
    return True


def _clean() -> None:
    _delete_old_files()
    call_command("prune_db_task_results", min_age_days=1, verbosity=0)


def _delete_old_files() -> None:
    queue.delete_old_uploads()
    exports.delete_old_exports(now=timezone.now())


def _stop(number: int, frame: FrameType | None) -> None:
    stop_requested.set()
