"""Job locks: they tell the next import which jobs have lost their process.

The process of a job locks a file that is named by the job's id. The operating system
removes the lock when the process ends, however it ends; the file of a killed one stays.
Nothing is known of a job without a file: on Windows, and if files cannot be locked.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterable
from contextlib import suppress
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import IO, Any, NamedTuple

from django.conf import settings

# Windows has no fcntl.
fcntl: Any = import_module("fcntl") if find_spec("fcntl") else None


class JobLock:
    """The lock of one job, which may not be available."""

    def __init__(self) -> None:
        self._file: IO[bytes] | None = None
        self._path: Path | None = None

    def acquire(self, job_id: int) -> None:
        """Lock the file of a job, if that is possible."""
        if fcntl is None:
            return
        with suppress(OSError):
            _folder().mkdir(mode=0o700, parents=True, exist_ok=True)
            # It is named by the id only when it is locked: until then it is ignored.
            self._path = _folder() / f"new-{uuid.uuid4().hex}"
            try:
                self._file = self._path.open("xb")
                fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                self._path = self._path.rename(_folder() / str(job_id))
            except BaseException:
                self.release(is_over=True)
                raise

    def release(self, *, is_over: bool) -> None:
        """Release the lock. Unless the job is over, the next import will close it."""
        if self._path is not None and is_over:
            _delete(self._path)
        if self._file is not None:
            self._file.close()


class LockedJobs(NamedTuple):
    """Ids of jobs: those whose process lives, and those whose process has ended."""

    living: set[int]
    ended: set[int]


def find_locked_jobs() -> LockedJobs:
    """Look at the files of all jobs; a job without a file is in neither set."""
    jobs = LockedJobs(set(), set())
    if fcntl is not None and _folder().is_dir():
        for path in _folder().iterdir():
            # A job that ends meanwhile deletes its file. Other names are files that
            # their job is about to lock, and files that NFS has renamed.
            with suppress(OSError, ValueError):
                job_id = int(path.name)
                (jobs.living if _is_locked(path) else jobs.ended).add(job_id)
    return jobs


def delete_files_of_jobs(job_ids: Iterable[int]) -> None:
    """Delete the files that killed processes have left."""
    for job_id in job_ids:
        _delete(_folder() / str(job_id))


def _is_locked(path: Path) -> bool:
    with path.open("r+b") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
    return False


def _delete(path: Path) -> None:
    with suppress(OSError):
        path.unlink()


def _folder() -> Path:
    return Path(settings.MEDIA_ROOT) / "running_jobs"
