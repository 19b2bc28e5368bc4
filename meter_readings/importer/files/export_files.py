"""Files of exports that jobs write, named by random numbers."""

from __future__ import annotations

import os
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

from django.conf import settings

from meter_readings.models import ImportJob

from .disk_space import disk_full_as, require_free_space
from .spooling import create_for_owner

_PARTIAL_SUFFIX = ".partial"


class ExportMissing(Exception):
    """The file of an export is no longer stored."""


def new_export_name() -> str:
    return uuid.uuid4().hex


@contextmanager
def create_export(*, name: str) -> Iterator[Callable[[bytes], None]]:
    """Create the file of an export; yield the function that writes to it.

    It has its name only when it is complete. The row of its job has the name already: a
    file that no row names is deleted. Raises StorageFull.
    """
    _folder().mkdir(mode=0o700, parents=True, exist_ok=True)
    partial = _folder() / f"{name}{_PARTIAL_SUFFIX}"
    try:
        with disk_full_as("the export"):
            with open(partial, "xb", opener=create_for_owner) as file:

                def write(chunk: bytes) -> None:
                    require_free_space()
                    file.write(chunk)

                yield write
                file.flush()
                os.fsync(file.fileno())
            partial.rename(_folder() / name)
    finally:
        partial.unlink(missing_ok=True)


def open_export(*, name: str) -> BinaryIO:
    """Open the file of an export. Raises ExportMissing."""
    try:
        return (_folder() / name).open("rb")
    except OSError as error:
        raise ExportMissing("The export is no longer stored.") from error


def delete_unreferenced_exports() -> None:
    """Delete the files that no job names: of killed workers, and of deleted jobs."""
    if not _folder().is_dir():
        return
    # The files are listed first: the row of a job has the name before the file exists.
    paths = list(_folder().iterdir())
    exports = ImportJob.objects.filter(kind=ImportJob.Kind.EXPORT)
    named = exports.exclude(export_file="")
    names = set(named.values_list("export_file", flat=True))
    for path in paths:
        if path.name.removesuffix(_PARTIAL_SUFFIX) not in names:
            # One that cannot be deleted now is deleted later.
            with suppress(OSError):
                path.unlink()


def _folder() -> Path:
    return Path(settings.MEDIA_ROOT) / "exports"
