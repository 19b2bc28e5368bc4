"""A program that watches a folder and is killed, or fails, at a chosen file call.

A request is {"folder": …, "at": N, "how": …}. A forked process handles it: at its N-th
call that changes files it is killed before or after it, or the call fails. It answers
with the number of its calls, unless it is killed.
"""

from __future__ import annotations

import errno
import json
import logging
import os
import signal
import sys
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any
from unittest.mock import patch

from django.db import connection

from meter_readings.importer import ImportOptions
from meter_readings.models import ImportJob
from meter_readings.watched_folders import Stop, WatchOptions
from meter_readings.watched_folders.folder import WatchedFolder

from .subprocesses import say

# The calls by which the watcher and the importer create, move and delete files
_CALLS = ("link", "mkdir", "open", "rename", "rmdir", "unlink")

KILLS = "killed before it", "killed after it"
FAILURES = {"fails: no space": errno.ENOSPC, "fails: input/output error": errno.EIO}

# Polls: two to see a file, the others to try again after a failure
_POLLS = 6


def main() -> None:
    """Answer requests until there are no more."""
    # The failures are expected.
    logging.disable()
    say(ready=True)
    for line in sys.stdin:
        if os.fork() == 0:
            try:
                say(calls=_watch(**json.loads(line)))
            except Exception:
                say(error=traceback.format_exc())
            connection.close()
            os._exit(0)
        os.wait()
        say(ended=True)


def _watch(*, folder: str, at: int, how: str) -> int:
    calls = 0

    def counting(original: Callable[..., Any]) -> Callable[..., Any]:
        def call(*arguments: Any, **options: Any) -> Any:
            nonlocal calls
            calls += 1
            if calls == at and how in FAILURES:
                raise OSError(FAILURES[how], os.strerror(FAILURES[how]))
            if calls == at and how == "killed before it":
                os.kill(os.getpid(), signal.SIGKILL)
            result = original(*arguments, **options)
            if calls == at and how == "killed after it":
                os.kill(os.getpid(), signal.SIGKILL)
            return result

        return call

    patches = [patch.object(os, name, counting(getattr(os, name))) for name in _CALLS]
    watched = WatchedFolder(
        Path(folder),
        WatchOptions(
            ImportOptions(channel=ImportJob.Channel.FOLDER),
            interval=0,
            settle=0,
            on_moved=lambda handled: None,
        ),
        Stop(),
    )
    for each in patches:
        each.start()
    for _ in range(_POLLS):
        watched.poll()
    watched.close()
    return calls
