"""The findings of an import, written to a CSV or JSON file as they are found."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Self

from django.core.management.base import CommandError

from meter_readings import exports

from . import base_command


class FindingReportFile(exports.FindingReport):
    """A file with every finding of every file; JSON if its name ends in .json.

    Raises CommandError if the file cannot be written, which ends the import; `log`
    receives its name when it is complete.
    """

    def __init__(self, path: Path, log: Callable[[str], None] | None = None) -> None:
        self._path, self._log = path, log
        is_json = path.suffix.lower() == ".json"
        with self._write_errors(base_command.USAGE):
            # Findings may contain MPANs: only the owner can read them.
            private = partial(os.open, mode=0o600)
            self._file = open(path, "w", encoding="utf-8", newline="", opener=private)
            super().__init__(
                self._file,
                exports.JsonReportFormat() if is_json else exports.CsvReportFormat(),
            )
            self.begin()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: object, *error: object) -> None:
        """Close the file, complete even if an error ended the import."""
        with self._write_errors(), self._file:
            self.end()
        if self._log and kind is None:
            self._log(f"All findings are in {self._path}.")

    def write(self, row: exports.FindingRow) -> None:
        with self._write_errors():
            super().write(row)

    @contextmanager
    def _write_errors(self, returncode: int = base_command.FAILED) -> Iterator[None]:
        """Raise CommandError, which names the file, instead of OSError."""
        try:
            yield
        except OSError as error:
            raise CommandError(
                f"The report cannot be written: {error.strerror} ({self._path}).",
                returncode=returncode,
            ) from error
