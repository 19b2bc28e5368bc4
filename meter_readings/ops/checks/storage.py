"""Checks of the disks and folders: free space, owner, rights."""

from __future__ import annotations

import os
import stat
from pathlib import Path

from django.conf import settings

from meter_readings import importer

from .database import database_files
from .results import CheckResult, failed, ok

_ACCESS_BY_OTHERS = stat.S_IRWXG | stat.S_IRWXO


def disk() -> CheckResult:
    minimum = settings.MIN_FREE_DISK_MB
    free = {
        name: importer.free_bytes(path) >> 20
        for name, path in importer.data_directories().items()
    }
    message = ", ".join(f"{size:,} MB free for {name}" for name, size in free.items())
    if min(free.values()) < minimum:
        return failed(
            f"{message}; the minimum is {minimum:,} MB",
            "Free some disk space, or set MIN_FREE_DISK_MB lower.",
        )
    return ok(message)


def write_access() -> CheckResult:
    """Check that this user can write to the folders of the data, without writing.

    A disk may be mounted read-only.
    """
    folders = [*importer.data_directories().values()]
    if settings.SESSION_ENGINE.endswith(".file"):
        folders.append(Path(settings.SESSION_FILE_PATH))
    for folder in map(_nearest_existing, folders):
        if not os.access(folder, os.W_OK):
            return failed(
                f"{folder} is not writable by this user",
                "Run check_installation, which names the cause.",
            )
    return ok("the data is writable by this user")


def sessions() -> CheckResult:
    """Check that session files, if they are used, can be written."""
    folder = Path(settings.SESSION_FILE_PATH)
    if settings.SESSION_ENGINE.endswith(".file") and not os.access(folder, os.W_OK):
        return failed(
            f"{folder} does not exist or is not writable by this user",
            "Create the folder, with the site's user as its owner, or set "
            "SESSION_FILE_PATH to another folder.",
        )
    return ok("sessions can be stored")


def permissions() -> CheckResult:
    """Check that this user can write the data, and that other users cannot read it."""
    media, session_dir = Path(settings.MEDIA_ROOT), Path(settings.SESSION_FILE_PATH)
    directories = [*importer.data_directories().values()]
    if settings.SESSION_ENGINE.endswith(".file"):
        directories.append(session_dir)
    for path in map(_nearest_existing, [*directories, *database_files()]):
        if not os.access(path, os.W_OK):
            return failed(
                f"{path} is not writable by this user",
                f"Make the site's user its owner: chown USER {path}",
            )
    private = [Path(settings.BASE_DIR) / ".env", session_dir]
    private += [media / "incoming", media / "flow_files", *database_files()]
    for path in private:
        if path.exists() and path.stat().st_mode & _ACCESS_BY_OTHERS:
            return failed(f"other users can open {path}", f"Run: chmod go= {path}")
    return ok("writable by this user, closed to others")


def _nearest_existing(path: Path) -> Path:
    return path if path.exists() else _nearest_existing(path.parent)
