"""Stopping: SIGTERM and SIGINT end the watcher between two files, or interrupt one."""

from __future__ import annotations

import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress


class Stop:
    """A request to stop. It interrupts an import and a wait, and nothing else.

    A file is not left between two folders, therefore.
    """

    def __init__(self) -> None:
        self.is_requested = False
        self.signal_number = 0
        self._is_interruptible = False

    @contextmanager
    def handling_signals(self) -> Iterator[None]:
        numbers = signal.SIGTERM, signal.SIGINT
        previous = [signal.signal(number, self._request) for number in numbers]
        try:
            yield
        finally:
            for number, handler in zip(numbers, previous, strict=True):
                signal.signal(number, handler)

    @contextmanager
    def interruptible(self) -> Iterator[None]:
        """Raise KeyboardInterrupt within it when a stop is requested."""
        self._is_interruptible = True
        try:
            if self.is_requested:
                raise KeyboardInterrupt
            yield
        finally:
            self._is_interruptible = False

    def wait(self, seconds: float) -> None:
        """Wait, unless a stop is requested."""
        with suppress(KeyboardInterrupt), self.interruptible():
            time.sleep(seconds)

    def _request(self, number: int, frame: object) -> None:
        self.is_requested, self.signal_number = True, number
        if self._is_interruptible:
            # A second signal does not interrupt what the first one has begun.
            self._is_interruptible = False
            raise KeyboardInterrupt
