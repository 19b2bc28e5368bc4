"""Celery over RabbitMQ: a backend of Django's tasks, and its worker.

A message names a task and its arguments; nothing is read back, because the row of a job
says what became of it. It is acknowledged when its task has ended, so RabbitMQ delivers
it again if the worker dies.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from celery import Celery, bootsteps
from django.conf import settings
from django.core.exceptions import SuspiciousOperation
from django.tasks import Task, TaskResult, TaskResultStatus
from django.tasks.backends.base import BaseTaskBackend
from django.tasks.signals import task_enqueued
from django.utils import timezone
from django.utils.module_loading import import_string

# Seconds between two sweeps of a worker
_SWEEP_SECONDS = 10.0

# Workers do not exchange messages: no job needs another worker.
_WORKER_OPTIONS = (
    "--pool=solo",
    "--loglevel=WARNING",
    "--without-gossip",
    "--without-mingle",
    "--without-heartbeat",
)

app = Celery("d0010")
app.conf.update(
    broker_url=settings.CELERY_BROKER_URL,
    task_default_queue=settings.CELERY_QUEUE,
    task_acks_late=True,
    worker_prefetch_multiplier=1,
    # A worker takes no other message while it works, so it cannot send heartbeats.
    broker_heartbeat=0,
    broker_connection_timeout=2.0,
    broker_connection_retry_on_startup=True,
    broker_transport_options={"confirm_publish": True},
    task_publish_retry_policy={"max_retries": 1, "interval_start": 0.2},
    task_ignore_result=True,
    worker_hijack_root_logger=False,
    worker_enable_remote_control=False,
)


@app.task(name="run_task")  # type: ignore[untyped-decorator, unused-ignore]
def run_task(path: str, args: list[Any], kwargs: dict[str, Any]) -> None:
    """Call one of Django's tasks."""
    task = import_string(path)
    if not isinstance(task, Task):
        raise SuspiciousOperation(f"{path} is no task.")
    task.call(*args, **kwargs)


class CeleryBackend(BaseTaskBackend):
    """Sends tasks as messages to RabbitMQ."""

    supports_defer = True

    def enqueue(
        self, task: Task, args: list[Any], kwargs: dict[str, Any]
    ) -> TaskResult:
        """Send a message, after the commit of what it is about."""
        self.validate_task(task)
        message = run_task.apply_async(
            (task.module_path, list(args), kwargs), eta=task.run_after
        )
        result: TaskResult = TaskResult(
            task=task,
            id=message.id,
            status=TaskResultStatus.READY,
            enqueued_at=timezone.now(),
            started_at=None,
            finished_at=None,
            last_attempted_at=None,
            args=list(args),
            kwargs=kwargs,
            backend=self.alias,
            errors=[],
            worker_ids=[],
        )
        task_enqueued.send(type(self), task_result=result)
        return result

    def run_worker(self, *, sweep: Callable[[], None]) -> None:
        """Run tasks, one at a time, until a signal; call `sweep` between them."""

        class Sweep(bootsteps.StartStopStep):  # type: ignore[misc, unused-ignore]
            requires = {"celery.worker.components:Timer"}

            def start(self, worker: Any) -> None:
                sweep()
                worker.timer.call_repeatedly(_SWEEP_SECONDS, sweep)

        app.steps["worker"].add(Sweep)
        app.start(["--quiet", "worker", *_WORKER_OPTIONS])
