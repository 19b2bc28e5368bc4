"""Background tasks: who runs them.

immediate: the process that enqueues them, at once. database: `manage.py run_worker`,
which finds them in the database.
"""

from typing import Any

_BACKENDS = {
    "immediate": "django.tasks.backends.immediate.ImmediateBackend",
    "database": "django_tasks_db.DatabaseBackend",
}
CHOICES = tuple(_BACKENDS)


def task_settings(backend: str) -> dict[str, dict[str, Any]]:
    """Return Django's TASKS."""
    return {"default": {"BACKEND": _BACKENDS[backend]}}
