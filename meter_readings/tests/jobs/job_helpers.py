"""Enqueues flow files and runs their tasks, with the tasks in the database."""

from __future__ import annotations

import io
import tempfile
from pathlib import Path
from typing import Any

from django.conf import settings
from django.test import TestCase, override_settings
from django_tasks_db.models import DBTaskResult

from config.tasks import task_settings
from meter_readings import jobs
from meter_readings.models import ImportJob
from meter_readings.tests.support.flow_file_builder import EVERY_GROUP
from meter_readings.tests.support.import_helpers import NOW

with_queue = override_settings(
    TASKS_BACKEND="database", TASKS=task_settings("database")
)


@with_queue
class QueueTestCase(TestCase):
    """Tests with tasks in the database, and a folder of files of their own."""

    def setUp(self) -> None:
        super().setUp()
        folder = self.enterContext(tempfile.TemporaryDirectory())
        self.enterContext(override_settings(MEDIA_ROOT=folder))


def enqueue(
    text: str = EVERY_GROUP, filename: str = "a.uff", **options: Any
) -> ImportJob:
    """Enqueue the import of a file with this text."""
    return jobs.enqueue_import(
        stream=io.BytesIO(text.encode()),
        filename=filename,
        channel=ImportJob.Channel.UPLOAD,
        now=NOW,
        **options,
    )


def run_tasks() -> None:
    """Run all tasks that wait, as a worker does, in the transaction of the test."""
    for result in DBTaskResult.objects.ready():
        result.claim("test")
        result.task.call(*result.task_result.args)
        result.set_successful(None)


def waiting_tasks() -> list[Any]:
    """Return the arguments of the tasks that wait."""
    return [task.args_kwargs["args"] for task in DBTaskResult.objects.ready()]


def uploads() -> list[str]:
    """Return the names of the stored uploads."""
    folder = Path(settings.MEDIA_ROOT, "uploads")
    return [path.name for path in folder.iterdir()] if folder.exists() else []
