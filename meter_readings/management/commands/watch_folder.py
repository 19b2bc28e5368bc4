"""Command watch_folder."""

from __future__ import annotations

import signal
import sys
from argparse import ArgumentParser, ArgumentTypeError
from pathlib import Path
from typing import Any

from meter_readings.importer import ImportOptions
from meter_readings.importer.formatting import pluralise
from meter_readings.management.cli import base_command
from meter_readings.models import ImportJob, Policy
from meter_readings.watched_folders import (
    Destination,
    Handled,
    Stop,
    Watcher,
    WatchOptions,
    forget,
)

_EXIT_CODES = """\
Exit codes: 0 stopped by SIGTERM, or --once has moved every finished file to done or
duplicate; 1 with --once: a file was rejected, or a folder cannot be processed; 2 wrong
usage; 130 stopped by Ctrl-C.
"""

# Seconds to wait for another import. A stop waits for the end of that.
_LOCK_TIMEOUT = 60.0

_SHORTEST_INTERVAL = 0.1


class Command(base_command.BaseCommand):
    """Imports what appears in a folder, and moves it."""

    help = (
        "Watch a folder: import each file that has arrived completely, then move it to "
        "the subfolder done, duplicate or rejected, with a report beside it."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.epilog = _EXIT_CODES
        add = parser.add_argument
        add("folder", type=Path, metavar="DIR", help="the folder")
        add(
            "--subfolders",
            action="store_true",
            help="watch each folder in it too, such as one for each sender; each has "
            "its own done, duplicate and rejected",
        )
        add(
            "--interval",
            type=_seconds,
            default=10.0,
            metavar="SECONDS",
            help="time between two scans of the folder; default: 10",
        )
        add(
            "--settle",
            type=_seconds,
            default=10.0,
            metavar="SECONDS",
            help="for how long a file must be unchanged, six times as long if it has "
            "no trailer (ZPT); default: 10",
        )
        add(
            "--policy",
            choices=Policy.values,
            default=Policy.STANDARD.value,
            help="import policy; default: standard",
        )
        add(
            "--allow-same-name",
            action="store_true",
            help="import a file although another with its name was imported",
        )
        add(
            "--once",
            action="store_true",
            help="scan twice, import the files that are unchanged, and end",
        )
        add(
            "--forget",
            action="store_true",
            help="say that no service watches the folder any more, so that it is not "
            "reported, and end",
        )

    def handle(
        self, *, folder: Path, interval: float, settle: float, **options: Any
    ) -> None:
        if interval < _SHORTEST_INTERVAL:
            raise base_command.UsageError("--interval must be at least 0.1.")
        if options["forget"]:
            count = forget(folder.absolute())
            self.stdout.write(f"{pluralise(count, 'folder')} forgotten.")
            return
        stop = Stop()
        self._is_rejected = False
        watcher = Watcher(
            folder.absolute(),
            WatchOptions(
                ImportOptions(
                    policy=Policy(options["policy"]),
                    channel=ImportJob.Channel.FOLDER,
                    allow_same_name=options["allow_same_name"],
                    lock_timeout=_LOCK_TIMEOUT,
                ),
                interval=interval,
                settle=settle,
                on_moved=self._report,
            ),
            has_subfolders=options["subfolders"],
            stop=stop,
        )
        with stop.handling_signals():
            (watcher.run_once if options["once"] else watcher.run)()
        if stop.signal_number == signal.SIGINT:
            sys.exit(base_command.INTERRUPTED)
        if options["once"] and (watcher.errors or self._is_rejected):
            for error in watcher.errors:
                self.log(f"{error}.")
            sys.exit(base_command.FAILED)

    def _report(self, handled: Handled) -> None:
        """Print a line for each flow file; the log names the file and the folder."""
        self._is_rejected |= handled.destination == Destination.REJECTED
        for message in handled.messages:
            self.stdout.write(f"{message}; moved to {handled.destination}")
        self.stdout.flush()


def _seconds(text: str) -> float:
    try:
        seconds = float(text)
    except ValueError:
        seconds = -1
    if not 0 <= seconds <= 86400:
        raise ArgumentTypeError("a number of seconds, up to 86400")
    return seconds
