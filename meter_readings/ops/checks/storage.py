"""Checks of the disks and folders: free space, owner, rights."""

from __future__ import annotations

import os
import stat
import tempfile
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

from django.conf import settings

from meter_readings import importer

from .database import database_files
from .remedies import file_remedy
from .results import CheckResult, failed, ok

_ACCESS_BY_OTHERS = stat.S_IRWXG | stat.S_IRWXO
_MEDIA_FOLDERS = "incoming", "uploads", "exports", "flow_files", "running_jobs"

# The check of the owner looks at so many files of each folder below MEDIA_ROOT.
_MAX_FILES_OF_FOLDER = 100


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
    for folder in {_nearest_existing(path) for path in _folders()}:
        try:
            with tempfile.TemporaryFile(dir=folder):
                pass
        except OSError as error:
            return failed(
                f"{folder} is not writable: {error.strerror}",
                file_remedy(error, folder),
            )
    for path in database_files():
        if path.exists() and not os.access(path, os.W_OK):
            return failed(
                f"{path} is not writable", f"Run: chown USER {path}; chmod u+rw {path}"
            )
    media, session_dir = Path(settings.MEDIA_ROOT), Path(settings.SESSION_FILE_PATH)
    private = [Path(settings.BASE_DIR) / ".env", session_dir]
    private += [*(media / name for name in _MEDIA_FOLDERS), *database_files()]
    for path in private:
        if path.exists() and path.stat().st_mode & _ACCESS_BY_OTHERS:
            return failed(f"other users can open {path}", f"Run: chmod go= {path}")
    return ok("writable by this user, closed to others")


def owner() -> CheckResult:
    """Check that all data belongs to one user.

    That is the user of this process; root's commands act for the owner of .env.
    """
    user = _site_user()
    for path in _data_paths():
        if path.stat().st_uid != user:
            media = Path(settings.MEDIA_ROOT)
            whole = f"-R {_name_of(user)} {media}" if media in path.parents else ""
            return failed(
                f"{path} belongs to {_name_of(path.stat().st_uid)}, and the site runs "
                f"as {_name_of(user)}",
                f"Run: chown {whole or f'{_name_of(user)} {path}'}",
            )
    return ok(f"the data belongs to {_name_of(user)}")


def _folders() -> list[Path]:
    """Return the folders that the site writes to."""
    media = Path(settings.MEDIA_ROOT)
    folders = [*importer.data_directories().values()]
    folders += [media / name for name in _MEDIA_FOLDERS]
    if settings.SESSION_ENGINE.endswith(".file"):
        folders.append(Path(settings.SESSION_FILE_PATH))
    return folders


def _data_paths() -> Iterator[Path]:
    """Yield the files and folders of the data, but not all files of a large folder."""
    media = Path(settings.MEDIA_ROOT)
    fixed = [Path(settings.BASE_DIR) / ".env", media, Path(settings.SESSION_FILE_PATH)]
    for path in database_files():
        fixed += [path, Path(f"{path}-wal"), Path(f"{path}-shm")]
    yield from (path for path in fixed if path.exists())
    for name in _MEDIA_FOLDERS:
        if (media / name).exists():
            yield media / name
            yield from _some_of(media / name)


def _some_of(folder: Path) -> Iterator[Path]:
    for path in folder.iterdir():
        yield path
        if path.is_dir():
            yield from islice(path.iterdir(), _MAX_FILES_OF_FOLDER)


def _site_user() -> int:
    # Windows has no numbers of users; there all files have the number 0.
    user = os.geteuid() if hasattr(os, "geteuid") else 0
    env_file = Path(settings.BASE_DIR) / ".env"
    return env_file.stat().st_uid if user == 0 and env_file.exists() else user


def _name_of(user: int) -> str:
    try:
        import pwd

        return pwd.getpwuid(user).pw_name
    except (ImportError, KeyError):
        return str(user)


def _nearest_existing(path: Path) -> Path:
    return path if path.exists() else _nearest_existing(path.parent)
