"""Background tasks: who runs them.

immediate: the process that enqueues them, at once. database: `manage.py run_worker`,
which finds them in the database. celery: `manage.py run_worker`, to which RabbitMQ
delivers them.
"""

from importlib.util import find_spec
from typing import Any

from django.core.exceptions import ImproperlyConfigured

_BACKENDS = {
    "immediate": "django.tasks.backends.immediate.ImmediateBackend",
    "database": "django_tasks_db.DatabaseBackend",
    "celery": "config.celery.CeleryBackend",
}
CHOICES = tuple(_BACKENDS)


def task_settings(backend: str, broker_url: str = "") -> dict[str, dict[str, Any]]:
    """Return Django's TASKS. Raise ImproperlyConfigured if Celery cannot be used."""
    if backend == "celery":
        _check_celery(broker_url)
    return {"default": {"BACKEND": _BACKENDS[backend]}}


def _check_celery(broker_url: str) -> None:
    """Raise ImproperlyConfigured; the URL is not repeated, it may hold a password."""
    if not broker_url.startswith(("amqp://", "amqps://")):
        raise ImproperlyConfigured(
            "TASKS_BACKEND=celery needs CELERY_BROKER_URL, the address of RabbitMQ, as "
            "amqp://user:password@127.0.0.1:5672/d0010."
        )
    if not find_spec("celery"):
        raise ImproperlyConfigured(
            "TASKS_BACKEND=celery, and Celery is not installed. Run: "
            "pip install -r deployment_scripts/requirements-celery.txt"
        )
