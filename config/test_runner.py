"""Run the tests so that they cannot touch what this machine really holds."""

import os
import tempfile
from typing import Any

from django.db import connections
from django.test.runner import DiscoverRunner
from django.test.utils import override_settings


class IsolatedRunner(DiscoverRunner):
    """Keep received files, and processes that tests start, away from real data."""

    def setup_test_environment(self, **kwargs: Any) -> None:
        """Store files in a folder that goes away, and hash passwords quickly."""
        super().setup_test_environment(**kwargs)
        self._media = tempfile.TemporaryDirectory(prefix="test_d0010_media_")
        os.environ["MEDIA_ROOT"] = self._media.name
        self._overrides = override_settings(
            MEDIA_ROOT=self._media.name,
            PASSWORD_HASHERS=["django.contrib.auth.hashers.MD5PasswordHasher"],
        )
        self._overrides.enable()

    def setup_databases(self, **kwargs: Any) -> list[tuple[Any, str, bool]]:
        """Point the processes that tests start at the test database."""
        old_databases = super().setup_databases(**kwargs)
        connection = connections["default"]
        name = "DB_NAME" if connection.vendor == "postgresql" else "SQLITE_PATH"
        os.environ[name] = str(connection.settings_dict["NAME"])
        return old_databases

    def teardown_test_environment(self, **kwargs: Any) -> None:
        """Throw the stored files away."""
        self._overrides.disable()
        self._media.cleanup()
        super().teardown_test_environment(**kwargs)
