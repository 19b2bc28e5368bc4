"""Signals that stop a worker: the job in hand is given back."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

from meter_readings import importer

# Set by the first signal to stop
stop_requested = threading.Event()


def stop_if_requested(*_: object) -> None:
    if stop_requested.is_set():
        raise importer.JobReleased


@contextmanager
def stopping_by_signal() -> Iterator[None]:
    """Let SIGTERM and SIGINT stop the job as well as what they stop without it."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    signals = signal.SIGTERM, signal.SIGINT
    previous = {each: signal.getsignal(each) for each in signals}

    def stop(number: int, frame: FrameType | None) -> None:
        stop_requested.set()
        handler = previous[signal.Signals(number)]
        if callable(handler):
            handler(number, frame)

    for each in signals:
        signal.signal(each, stop)
    try:
        yield
    finally:
        for each, handler in previous.items():
            signal.signal(each, handler)
