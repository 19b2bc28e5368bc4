"""Safe keeping: a backup is one folder, and a restore proves that all of it is back.

A backup holds the database at one moment, every received file, and a manifest that
says how many rows each table had and what they came to.
"""

from .copies import (
    Backup,
    BackupBroken,
    NotEmpty,
    RestoreIncomplete,
    ToolFailed,
    back_up,
    complete_backups,
    restore,
)

__all__ = [
    "Backup",
    "BackupBroken",
    "NotEmpty",
    "RestoreIncomplete",
    "ToolFailed",
    "back_up",
    "complete_backups",
    "restore",
]
