"""A program that starts workers on request of a test, which kills them.

{"do": "work"} forks a worker, and {"do": "reap"} waits for its end. With "crash_at" the
worker kills itself when it reaches that point; with "stop_at" it stops, until it is
told to continue, and {"do": "await stop"} waits for that.
"""

from __future__ import annotations

import json
import logging
import os
import signal
import sys
from collections.abc import Callable
from datetime import timedelta
from importlib import import_module
from typing import Any
from unittest.mock import patch

from meter_readings.jobs import queue, worker

from .subprocesses import say

# A module, a function or method, and whether the worker dies before or after it.
IMPORT_CRASH_POINTS = {
    "task taken": ("meter_readings.jobs.tasks", "run", False),
    "claimed": ("meter_readings.importer.pipeline", "spool", False),
    "received": ("meter_readings.importer.jobs", "JobTracker.set_file", True),
    "validated": ("meter_readings.importer.pipeline", "validate_file", True),
    "original stored": ("meter_readings.importer.pipeline", "store", True),
    "loaded": ("meter_readings.importer.pipeline", "merge_staged_rows", True),
    "before the commit": ("meter_readings.importer.jobs", "JobTracker.finish", True),
    "after the commit": ("meter_readings.importer", "delete_upload", False),
}
UNDO_CRASH_POINTS = {
    "undo taken": ("meter_readings.jobs.tasks", "run", False),
    "undo claimed": ("meter_readings.importer.undo", "close_lost_jobs", False),
    "rows deleted": ("meter_readings.importer.undo", "resolve_versions", True),
    "undo finished": ("meter_readings.importer.jobs", "JobTracker.finish", True),
    "undo committed": ("meter_readings.models", "FlowFile.refresh_from_db", False),
}
CRASH_POINTS = IMPORT_CRASH_POINTS | UNDO_CRASH_POINTS


def main() -> None:
    """Answer requests until there are no more."""
    logging.disable()
    say(ready=True)
    for line in sys.stdin:
        request = json.loads(line)
        if request["do"] == "reap":
            os.wait()
            say(ended=True)
        elif request["do"] == "await stop":
            _, status = os.waitpid(-1, os.WUNTRACED)
            say(stopped=os.WIFSTOPPED(status))
        else:
            _start_worker(request)


def _start_worker(request: dict[str, Any]) -> None:
    if pid := os.fork():
        say(worker=pid)
        return
    # A task that is lost is sent again at once.
    patch.object(queue, "_SEND_AGAIN_AFTER", timedelta()).start()
    if point := request.get("crash_at"):
        send_at(signal.SIGKILL, point)
    if point := request.get("stop_at"):
        send_at(signal.SIGSTOP, point)
    worker.work(until_idle=request.get("until_idle", False))
    os._exit(0)


def send_at(number: signal.Signals, point: str) -> None:
    """Let this process send itself a signal at a point."""
    module, name, is_after = CRASH_POINTS[point]
    owner: Any = import_module(module)
    *parents, last = name.split(".")
    for parent in parents:
        owner = getattr(owner, parent)
    function: Callable[..., Any] = getattr(owner, last)

    def send(*args: Any, **options: Any) -> Any:
        result = function(*args, **options) if is_after else None
        os.kill(os.getpid(), number)
        return result if is_after else function(*args, **options)

    setattr(owner, last, send)
