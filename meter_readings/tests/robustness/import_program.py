"""A program that imports and undoes files on request of a test.

A request is {"do": "import", "path": …, "filename": …} or {"do": "undo", "sha256": …}.
"at" is the start time, so that several programs can start at once. With "in_child" a
forked process handles the request. It reports its process id and phases, and the test
may kill it; {"do": "reap"} then waits for its end.
"""

from __future__ import annotations

import json
import os
import sys
import time
import traceback
from pathlib import Path
from typing import Any

from django.db import connection

from meter_readings import importer
from meter_readings.models import FlowFile

from . import NOW
from .subprocesses import say


def main() -> None:
    """Answer requests until there are no more."""
    say(ready=True)
    for line in sys.stdin:
        request = json.loads(line)
        if request["do"] == "reap":
            os.wait()
            say(ended=True)
        elif request.get("in_child"):
            _answer_in_child(request)
        else:
            time.sleep(max(0, request.get("at", 0) - time.time()))
            _answer(request)


def _answer_in_child(request: dict[str, Any]) -> None:
    if os.fork() == 0:
        say(child=os.getpid(), phase="receiving")
        _answer(request)
        connection.close()
        os._exit(0)


def _answer(request: dict[str, Any]) -> None:
    try:
        say(**_ACTIONS[request["do"]](request))
    except Exception:
        say(error=traceback.format_exc())


def _import(request: dict[str, Any]) -> dict[str, Any]:
    phases: list[str] = []

    def report_phase(phase: str, done: int, size: int) -> None:
        if phase not in phases:
            phases.append(phase)
            say(phase=phase)

    with Path(request["path"]).open("rb") as stream:
        result = importer.import_flow_file(
            stream=stream,
            filename=request["filename"],
            now=NOW,
            on_progress=report_phase if request.get("in_child") else None,
        )
    flow_file = result.flow_file
    return {"outcome": result.outcome, "flow_file": flow_file and flow_file.pk}


def _undo(request: dict[str, Any]) -> dict[str, Any]:
    flow_file = FlowFile.objects.get(sha256=request["sha256"])
    try:
        importer.undo_import(flow_file=flow_file, now=NOW)
    except importer.NotImported:
        return {"outcome": "not-imported", "flow_file": flow_file.pk}
    return {"outcome": "undone", "flow_file": flow_file.pk}


_ACTIONS = {"import": _import, "undo": _undo}
