"""The PII leak check: no MPAN may appear in the logs or on standard error of a run.

Tests use synthetic MPANs with valid check digits, so the check finds any code that
writes one, in any test.
"""

from __future__ import annotations

import copy
import logging
import os
import re
import threading
import time
from typing import Any, Self

from config.logging_config import RedactingFormatter
from meter_readings.d0010.mpan import DISTRIBUTORS, has_valid_check_digit

_THIRTEEN_DIGITS = re.compile(r"(?<![0-9])[0-9]{13}(?![0-9])")
_STDERR = 2
_DAY = 24 * 60 * 60


def mpans_in(text: str) -> set[str]:
    """Return the MPANs in a text."""
    return set(filter(_is_mpan, _THIRTEEN_DIGITS.findall(text)))


def _is_mpan(number: str) -> bool:
    # Milliseconds since 1970 also have 13 digits.
    is_time = abs(int(number) / 1000 - time.time()) < _DAY
    is_issued = number[:2] in DISTRIBUTORS
    return is_issued and not is_time and has_valid_check_digit(number)


class PiiLeakCheck:
    """A context manager that reads every formatted log record and standard error.

    `leaks` describes the MPANs found. Messages of this project's loggers must contain
    no MPAN even before the formatter masks it.
    """

    def __init__(self, file_descriptor: int = _STDERR) -> None:
        self.leaks: list[str] = []
        self._formatter = RedactingFormatter("{message}", style="{")
        self._tee = _Tee(file_descriptor)

    def __enter__(self) -> Self:
        self._make_record = logging.getLogRecordFactory()
        logging.setLogRecordFactory(self._record)
        self._tee.start()
        return self

    def __exit__(self, *_: object) -> None:
        logging.setLogRecordFactory(self._make_record)
        self._search(self._tee.stop(), "standard error")

    def _record(self, *args: Any, **options: Any) -> logging.LogRecord:
        record = self._make_record(*args, **options)
        written = self._formatter.format(copy.copy(record))
        self._search(written, f"the log of {record.name}, line {record.lineno}")
        # logging.makeLogRecord begins without a name.
        if str(record.name).startswith("meter_readings"):
            where = f"the message of {record.name}, line {record.lineno}"
            self._search(record.getMessage(), where)
        return record

    def _search(self, text: str, where: str) -> None:
        self.leaks += [f"{mpan} in {where}" for mpan in sorted(mpans_in(text))]


class _Tee:
    """Copies what is written to a file descriptor."""

    def __init__(self, file_descriptor: int) -> None:
        self._file_descriptor = file_descriptor
        self._pieces: list[bytes] = []

    def start(self) -> None:
        self._original = os.dup(self._file_descriptor)
        self._end, write_end = os.pipe()
        os.dup2(write_end, self._file_descriptor)
        os.close(write_end)
        self._thread = threading.Thread(target=self._forward, daemon=True)
        self._thread.start()

    def _forward(self) -> None:
        while piece := os.read(self._end, 1 << 16):
            os.write(self._original, piece)
            self._pieces.append(piece)

    def stop(self) -> str:
        """Restore the file descriptor; return what was written to it."""
        os.dup2(self._original, self._file_descriptor)
        # A process that a test started may still have the other end open.
        self._thread.join(timeout=5)
        return b"".join(self._pieces).decode(errors="replace")
