"""Names of files that their sender is still writing, and of hidden files."""

from __future__ import annotations

from pathlib import PurePath

_SUFFIXES = {".part", ".partial", ".tmp", ".filepart", ".crdownload", ".download"}


def is_partial_name(name: str) -> bool:
    """Return whether a file of this name in a folder is left alone.

    Programs that copy files give them such a name until they are complete.
    """
    return (
        name.startswith((".", "~"))
        or name.endswith("~")
        or PurePath(name).suffix.lower() in _SUFFIXES
    )
