"""Input files of a command: files, folders, patterns and standard input."""

from __future__ import annotations

import glob
import os
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from meter_readings.importer import InputFile

STDIN = "-"

# Suffixes of files that another program is still writing
_UNFINISHED = {".part", ".tmp", ".filepart"}


@dataclass
class InputFiles:
    """The files that paths match, and the paths that match none, with the reason.

    `missing` are files that do not exist or cannot be read, `empty` are folders and
    patterns without files.
    """

    files: list[InputFile] = field(default_factory=list)
    missing: list[tuple[str, str]] = field(default_factory=list)
    empty: list[tuple[str, str]] = field(default_factory=list)


def find_input_files(
    *, paths: list[str], is_recursive: bool, stdin_name: str | None, now: datetime
) -> InputFiles:
    """Return the files that paths match, in order; those of a folder by name."""
    inputs = InputFiles()
    for text in paths:
        if text == STDIN:
            name = stdin_name or f"stdin-{now:%Y%m%d-%H%M%S}.uff"
            file = InputFile("standard input", name, sys.stdin.buffer)
            inputs.files.append(file)
        else:
            _add_path(inputs, text, is_recursive)
    return inputs


def _add_path(inputs: InputFiles, text: str, is_recursive: bool) -> None:
    path = Path(text)
    if not text:
        # Path("") is the current folder, but an unset shell variable was meant.
        inputs.missing.append((text, "the path is empty"))
    elif path.is_dir():
        _add_folder(inputs, path, is_recursive)
    elif path.exists():
        inputs.files.append(_input_file(path))
    elif glob.has_magic(text):
        matched = sorted(glob.glob(text, recursive=True))
        if not matched:
            inputs.empty.append((text, "no file matches"))
        for name in matched:
            _add_path(inputs, name, is_recursive)
    else:
        inputs.missing.append((text, "there is no such file"))


def _add_folder(inputs: InputFiles, folder: Path, is_recursive: bool) -> None:
    count = len(inputs.files)
    try:
        inputs.files += map(_input_file, _files_in(folder, is_recursive))
    except OSError as error:
        inputs.missing.append((str(error.filename), error.strerror or "cannot be read"))
        return
    if len(inputs.files) == count:
        reason = "the folder contains no files"
        if not is_recursive and any(path.is_dir() for path in folder.iterdir()):
            reason += "; -r includes subfolders"
        inputs.empty.append((str(folder), reason))


def _files_in(folder: Path, is_recursive: bool) -> Iterator[Path]:
    """Yield files that are neither hidden nor unfinished, sorted by name."""
    for path in sorted(folder.iterdir()):
        if path.name.startswith("."):
            continue
        if path.is_dir():
            if is_recursive and not path.is_symlink():
                yield from _files_in(path, is_recursive)
        elif path.is_file() and path.suffix.lower() not in _UNFINISHED:
            yield path


def _input_file(path: Path) -> InputFile:
    return InputFile(sanitise(str(path)), os.fspath(path.name), path)


def sanitise(text: str) -> str:
    """Replace characters that would control a terminal."""
    return "".join(
        character if character.isprintable() else "\ufffd" for character in text
    )
