"""Where an export goes: to standard output, or to a file that is whole or not there."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from itertools import batched
from pathlib import Path
from typing import BinaryIO, cast

from django.core.management.base import OutputWrapper

STDOUT = "-"

_LINES = 2000


class EmptyOutput(Exception):
    """The lines are too few to be kept: a file with nothing in it is not made."""


def write_lines(
    lines: Iterable[str],
    *,
    encoding: str,
    output: str,
    stdout: OutputWrapper,
    fewest: int,
) -> None:
    """Write lines, which have their ends, to a file or to standard output.

    Raises EmptyOutput where there are fewer lines than `fewest`.
    """
    count = 0
    try:
        with _opened(output, stdout, encoding) as stream:
            for some in batched(lines, _LINES):
                stream.write("".join(some).encode(encoding))
                count += len(some)
            if count < fewest:
                raise EmptyOutput
    except OSError as error:
        # It is the file that was asked for that matters, not the one beside it.
        raise OSError(error.errno, error.strerror, output) from error


@contextmanager
def _opened(output: str, stdout: OutputWrapper, encoding: str) -> Iterator[BinaryIO]:
    path = Path(output)
    if output == STDOUT:
        yield _binary(stdout, encoding)
        stdout.flush()
    elif path.exists() and not path.is_file():
        # A pipe or a device has no place to be put in.
        with path.open("wb") as stream:
            yield stream
    else:
        with atomic_write(path.resolve()) as stream:
            yield stream


@contextmanager
def atomic_write(path: Path) -> Iterator[BinaryIO]:
    """Write a file beside its place, for its owner alone; move it there when whole."""
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name[:50]}.")
    try:
        with os.fdopen(handle, "wb") as stream:
            yield stream
        os.replace(name, path)
    except BaseException:
        os.unlink(name)
        raise


def _binary(stdout: OutputWrapper, encoding: str) -> BinaryIO:
    """Return what takes bytes: lines must not be changed on their way."""
    buffer = getattr(stdout, "buffer", None)
    return cast(BinaryIO, buffer or _Decoded(stdout, encoding))


class _Decoded:
    """Stands in where standard output is a text of Python's own."""

    def __init__(self, stream: OutputWrapper, encoding: str) -> None:
        self._stream = stream
        self._encoding = encoding

    def write(self, data: bytes) -> None:
        self._stream.write(data.decode(self._encoding), ending="")
