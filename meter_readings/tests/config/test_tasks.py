"""Background tasks: the backends, and what Celery needs."""

from __future__ import annotations

from unittest.mock import patch

from django.core.exceptions import ImproperlyConfigured
from django.test import SimpleTestCase

from config.tasks import task_settings

BROKER_URL = "amqp://user:secret@10.0.0.5/d0010"


class TaskSettingsTests(SimpleTestCase):
    def backend(self, name: str, url: str = "", *, has_celery: bool = True) -> str:
        spec = object() if has_celery else None
        with patch("config.tasks.find_spec", return_value=spec):
            return str(task_settings(name, url)["default"]["BACKEND"])

    def test_each_backend_has_a_class(self) -> None:
        self.assertIn("ImmediateBackend", self.backend("immediate"))
        self.assertEqual(self.backend("database"), "django_tasks_db.DatabaseBackend")
        self.assertEqual(
            self.backend("celery", BROKER_URL), "config.celery.CeleryBackend"
        )

    def test_celery_needs_the_address_of_rabbitmq(self) -> None:
        for url in "", "redis://:secret@10.0.0.5":
            with self.assertRaisesMessage(
                ImproperlyConfigured, "needs CELERY_BROKER_URL"
            ) as raised:
                self.backend("celery", url)
            self.assertNotIn("secret", str(raised.exception))

    def test_celery_says_what_to_install(self) -> None:
        message = "pip install -r deployment_scripts/requirements-celery.txt"
        with self.assertRaisesMessage(ImproperlyConfigured, message):
            self.backend("celery", BROKER_URL, has_celery=False)
