"""Remedies for errors of the database, of files and of Redis."""

from __future__ import annotations

import errno
from pathlib import Path

_START_POSTGRESQL = (
    "Run: systemctl start postgresql. If it runs, check DB_HOST and DB_PORT in .env."
)
# Parts of messages of PostgreSQL and SQLite
_DATABASE_REMEDIES = {
    "password authentication failed": "Set DB_PASSWORD in .env to the password of "
    "DB_USER, or replace it: ./deployment_scripts/setup_databases.sh postgresql "
    "--new-password",
    "refused": _START_POSTGRESQL,
    "timeout expired": _START_POSTGRESQL,
    "could not translate host name": "Check DB_HOST in .env.",
    "does not exist": "Run: ./deployment_scripts/setup_databases.sh postgresql",
    "malformed": "Stop the site and restore a backup.",
}
_OTHER_DATABASE_REMEDY = (
    "Check that the database runs, and DB_HOST, DB_PORT, DB_NAME, DB_USER and "
    "DB_PASSWORD, or SQLITE_PATH and its file permissions."
)


def database_remedy(error: Exception) -> str:
    text = str(error)
    remedies = (remedy for part, remedy in _DATABASE_REMEDIES.items() if part in text)
    return next(remedies, _OTHER_DATABASE_REMEDY)


def file_remedy(error: OSError, path: Path | str = "") -> str:
    """Return a remedy for a file or folder that could not be read or written."""
    path = path or error.filename or ""
    if error.errno == errno.EROFS:
        return (
            "Mount its disk for writing: mount -o remount,rw MOUNT; findmnt --target "
            f"{path or 'MEDIA_ROOT'} shows MOUNT. Linux makes a disk with errors "
            "read-only: dmesg shows them."
        )
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return "Free some disk space."
    if not path:
        return "Make the site's user the owner of the folder."
    return f"Make the site's user its owner: chown -R USER {path}; chmod u+rwX {path}"
