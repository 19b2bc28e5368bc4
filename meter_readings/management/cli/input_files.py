"""Input files of a command: files, folders, patterns and standard input."""

from __future__ import annotations

import glob
import os
import stat
import sys
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from secrets import token_hex

from meter_readings.importer import InputFile, is_partial_name, os_error_reason
from meter_readings.importer.formatting import printable

STDIN = "-"


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
            # Random, because two files may arrive in the same second
            name = stdin_name or f"stdin-{now:%Y%m%d-%H%M%S}-{token_hex(8)}.uff"
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
        return
    try:
        is_folder = stat.S_ISDIR(path.stat().st_mode)
    except FileNotFoundError:
        _add_pattern(inputs, text, is_recursive)
    except OSError as error:
        inputs.missing.append((printable(text), os_error_reason(error)))
    else:
        if is_folder:
            _add_folder(inputs, path, is_recursive)
        else:
            inputs.files.append(_input_file(path))


def _add_pattern(inputs: InputFiles, text: str, is_recursive: bool) -> None:
    if not glob.has_magic(text):
        inputs.missing.append((text, "there is no such file"))
        return
    matched = sorted(glob.glob(text, recursive=True))
    if not matched:
        inputs.empty.append((text, "no file matches"))
    for name in matched:
        _add_path(inputs, name, is_recursive)


def _add_folder(inputs: InputFiles, folder: Path, is_recursive: bool) -> None:
    """Add files that are neither hidden nor unfinished, folder by folder, by name."""
    count = len(inputs.files) + len(inputs.missing)
    has_subfolders = False

    def add_error(error: OSError) -> None:
        label = printable(str(error.filename))
        inputs.missing.append((label, os_error_reason(error)))

    for parent, folders, names in os.walk(folder, onerror=add_error):
        has_subfolders |= bool(folders)
        is_shown = (name for name in folders if not name.startswith("."))
        folders[:] = sorted(is_shown) if is_recursive else []
        for path in (Path(parent, name) for name in sorted(names)):
            if is_partial_name(path.name):
                continue
            try:
                if path.is_file():
                    inputs.files.append(_input_file(path))
            except OSError as error:
                add_error(error)
    if len(inputs.files) + len(inputs.missing) == count:
        reason = "the folder contains no files"
        if has_subfolders and not is_recursive:
            reason += "; -r includes subfolders"
        inputs.empty.append((str(folder), reason))


def _input_file(path: Path) -> InputFile:
    return InputFile(printable(str(path)), os.fspath(path.name), path)
