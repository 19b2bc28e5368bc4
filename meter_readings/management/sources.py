"""What the paths on a command line stand for: files, folders, patterns, a pipe."""

from __future__ import annotations

import glob
import os
import sys
from collections.abc import Iterator
from contextlib import nullcontext
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import BinaryIO, ContextManager

STDIN = "-"

# How those who bring files mark them until they are whole.
_UNFINISHED = {".part", ".tmp", ".filepart"}


@dataclass(frozen=True)
class Source:
    """Something to read: `label` is for people, `filename` what it is imported as."""

    label: str
    filename: str
    path: Path | None = None

    def open(self) -> ContextManager[BinaryIO]:
        """Open it; standard input is left open afterwards."""
        if self.path is None:
            return nullcontext(sys.stdin.buffer)
        return self.path.open("rb")


@dataclass
class Found:
    """The sources that paths stand for, and what stands for nothing.

    `missing` are files that were named and cannot be had, `empty` are folders and
    patterns that hold none; both with the reason.
    """

    sources: list[Source] = field(default_factory=list)
    missing: list[tuple[str, str]] = field(default_factory=list)
    empty: list[tuple[str, str]] = field(default_factory=list)


def find_sources(
    *, paths: list[str], is_recursive: bool, stdin_name: str | None, now: datetime
) -> Found:
    """Return what the paths stand for, in their order; folders are read by name."""
    found = Found()
    for text in paths:
        if text == STDIN:
            name = stdin_name or f"stdin-{now:%Y%m%d-%H%M%S}.uff"
            found.sources.append(Source("standard input", name))
        else:
            _add_path(found, text, is_recursive)
    return found


def _add_path(found: Found, text: str, is_recursive: bool) -> None:
    path = Path(text)
    if not text:
        # A shell's variable that is not set: the current folder was not meant.
        found.missing.append((text, "the path is empty"))
    elif path.is_dir():
        _add_folder(found, path, is_recursive)
    elif path.exists():
        found.sources.append(_source(path))
    elif glob.has_magic(text):
        matched = sorted(glob.glob(text, recursive=True))
        if not matched:
            found.empty.append((text, "no file matches"))
        for name in matched:
            _add_path(found, name, is_recursive)
    else:
        found.missing.append((text, "there is no such file"))


def _add_folder(found: Found, folder: Path, is_recursive: bool) -> None:
    count = len(found.sources)
    try:
        found.sources += map(_source, _files_in(folder, is_recursive))
    except OSError as error:
        found.missing.append((str(error.filename), error.strerror or "cannot be read"))
        return
    if len(found.sources) == count:
        reason = "the folder holds no files"
        if not is_recursive and any(path.is_dir() for path in folder.iterdir()):
            reason += "; -r looks into the folders inside it"
        found.empty.append((str(folder), reason))


def _files_in(folder: Path, is_recursive: bool) -> Iterator[Path]:
    """Yield the files that are meant to be read: whole ones that are not hidden."""
    for path in sorted(folder.iterdir()):
        if path.name.startswith("."):
            continue
        if path.is_dir():
            if is_recursive and not path.is_symlink():
                yield from _files_in(path, is_recursive)
        elif path.is_file() and path.suffix.lower() not in _UNFINISHED:
            yield path


def _source(path: Path) -> Source:
    return Source(printable(str(path)), os.fspath(path.name), path)


def printable(text: str) -> str:
    """Return text that is safe on a terminal, whatever a file is called."""
    return "".join(
        character if character.isprintable() else "\ufffd" for character in text
    )
