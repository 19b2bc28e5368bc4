"""Tests cannot touch what this machine really holds."""

import os
from pathlib import Path

from django.conf import settings
from django.core.files.storage import default_storage
from django.db import connection
from django.test import TestCase

from config.environment import PROJECT_ROOT


class IsolatedRunnerTests(TestCase):
    def test_stores_files_outside_the_project(self) -> None:
        self.assertNotIn(PROJECT_ROOT, Path(default_storage.path("file")).parents)

    def test_tells_child_processes_where_files_go(self) -> None:
        self.assertEqual(os.environ["MEDIA_ROOT"], str(settings.MEDIA_ROOT))

    def test_tells_child_processes_which_database_is_under_test(self) -> None:
        name = "DB_NAME" if connection.vendor == "postgresql" else "SQLITE_PATH"
        self.assertEqual(os.environ[name], str(connection.settings_dict["NAME"]))
