"""Command run_worker."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.conf import settings
from django.core.management.base import CommandError

from meter_readings.jobs import worker
from meter_readings.management.cli import base_command

_EXIT_CODES = """\
Exit codes: 0 stopped by Ctrl-C or SIGTERM; 1 TASKS_BACKEND is immediate; 2 wrong usage.
"""


class Command(base_command.BaseCommand):
    help = (
        "Run background jobs until Ctrl-C or SIGTERM, which give the job in hand back "
        "to the queue. It needs TASKS_BACKEND=database or celery. Several may run."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.epilog = _EXIT_CODES
        parser.add_argument(
            "--until-idle",
            action="store_true",
            help="stop when no job waits; not for celery",
        )

    def handle(self, *args: Any, until_idle: bool, **options: Any) -> None:
        if settings.TASKS_BACKEND == "immediate":
            raise CommandError(
                "TASKS_BACKEND is immediate: no job waits for this worker. Set "
                "TASKS_BACKEND=database in .env."
            )
        if settings.TASKS_BACKEND == "celery":
            if until_idle:
                raise base_command.UsageError("Celery does not know when it is idle.")
            worker.work_for_broker()
        else:
            worker.work(until_idle=until_idle)
