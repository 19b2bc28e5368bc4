"""A cache in files in which many processes can count together."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.core.cache.backends.filebased import FileBasedCache
from django.core.files import locks


class CountingFileCache(FileBasedCache):
    """Django's cache in files; what one adds or counts meanwhile, no other does.

    Django's own reads a count and then writes it: of two who do so at once, one is
    lost. As there, counting makes an entry last its TIMEOUT from now.
    """

    def add(self, *args: Any, **kwargs: Any) -> bool:
        """Set what is not there; return whether it was not."""
        with self._alone():
            return super().add(*args, **kwargs)

    def incr(self, *args: Any, **kwargs: Any) -> int:
        """Add to a count and return what it comes to; raises ValueError without one."""
        with self._alone():
            return super().incr(*args, **kwargs)

    @contextmanager
    def _alone(self) -> Iterator[None]:
        """Keep every other process and thread waiting that wants the same."""
        self._createdir()  # type: ignore[attr-defined]
        path = os.path.join(self._dir, "lock")  # type: ignore[attr-defined]
        # Closing it gives it back, and so does dying.
        with open(path, "ab") as file:
            locks.lock(file, locks.LOCK_EX)
            yield
