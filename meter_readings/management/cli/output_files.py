"""Output of exports: standard output, or a file that is written atomically."""

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

_CHUNK_LINES = 2000


class EmptyOutput(Exception):
    """There are fewer lines than required; no file was written."""


def write_lines(
    lines: Iterable[str],
    *,
    encoding: str,
    output: str,
    stdout: OutputWrapper,
    min_lines: int,
) -> None:
    """Write lines, which include their line endings, to a file or standard output.

    Raises EmptyOutput if there are fewer lines than `min_lines`.
    """
    count = 0
    try:
        with _opened(output, stdout, encoding) as stream:
            for chunk in batched(lines, _CHUNK_LINES):
                stream.write("".join(chunk).encode(encoding))
                count += len(chunk)
            if count < min_lines:
                raise EmptyOutput
    except OSError as error:
        # The message names the requested file, not the temporary one.
        raise OSError(error.errno, error.strerror, output) from error


@contextmanager
def _opened(output: str, stdout: OutputWrapper, encoding: str) -> Iterator[BinaryIO]:
    path = Path(output)
    if output == STDOUT:
        # A text stream could change line endings.
        buffer = getattr(stdout, "buffer", None)
        yield cast(BinaryIO, buffer or _DecodingStream(stdout, encoding))
        stdout.flush()
    elif path.exists() and not path.is_file():
        # A pipe or a device cannot be replaced by another file.
        with path.open("wb") as stream:
            yield stream
    else:
        with atomic_write(path.resolve()) as stream:
            yield stream


@contextmanager
def atomic_write(path: Path) -> Iterator[BinaryIO]:
    """Write a temporary file that only its owner can read; rename it when complete."""
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name[:50]}.")
    try:
        with os.fdopen(handle, "wb") as stream:
            yield stream
        os.replace(name, path)
    except BaseException:
        os.unlink(name)
        raise


class _DecodingStream:
    """A binary stream over a text stream without a buffer, such as StringIO."""

    def __init__(self, stream: OutputWrapper, encoding: str) -> None:
        self._stream = stream
        self._encoding = encoding

    def write(self, data: bytes) -> None:
        self._stream.write(data.decode(self._encoding), ending="")
