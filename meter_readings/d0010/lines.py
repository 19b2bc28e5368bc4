"""From bytes to lines, without ever holding more than a block of the file.

Only a line feed ends a line (with or without a carriage return before it); Python's
other line boundaries are data. ASCII is tried first, Windows-1252 is the fallback.
"""

from __future__ import annotations

import codecs
from collections.abc import Iterator
from typing import BinaryIO, NamedTuple

BLOCK_SIZE = 1 << 18

# The longest group, 027 with 200 characters of text, needs 208.
LONGEST_LINE = 4096

_PLAIN_BYTES = bytes(range(0x20, 0x7F)) + b"\n"


class Block(NamedTuple):
    """Lines read together. `plain`: nothing but printable ASCII stands in them."""

    lines: list[str]
    plain: bool


class LineReader:
    """Blocks of lines from a binary stream, and how the file ended its lines.

    After the last block, `line_end` is what ended the first line, and
    `ends_with_newline` whether the last line was ended too.
    """

    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream
        self.line_end = "\n"
        self.ends_with_newline = True
        self.has_byte_order_mark = False
        self.byte_count = 0

    def __iter__(self) -> Iterator[Block]:
        rest = self._first_bytes()
        is_first = True
        while data := self._stream.read(BLOCK_SIZE):
            self.byte_count += len(data)
            lines, newline, tail = (rest + data).rpartition(b"\n")
            if newline:
                if is_first and lines.partition(b"\n")[0].endswith(b"\r"):
                    self.line_end = "\r\n"
                is_first = False
                yield _block(lines)
            if len(tail) > LONGEST_LINE:
                # No group is so long: what follows cannot be a flow file either.
                yield _block(tail[: LONGEST_LINE + 1])
                return
            rest = tail
        if rest:
            self.ends_with_newline = False
            yield _block(rest)

    def _first_bytes(self) -> bytes:
        """Return the start of the file without its byte order mark, if it has one."""
        start = self._stream.read(len(codecs.BOM_UTF8))
        self.byte_count = len(start)
        if start == codecs.BOM_UTF8:
            self.has_byte_order_mark = True
            return b""
        return start


def _block(data: bytes) -> Block:
    """Return the lines of `data`, whose last line feed has been taken away."""
    if b"\r" in data:
        data = data.removesuffix(b"\r").replace(b"\r\n", b"\n")
    if not data.translate(None, delete=_PLAIN_BYTES):
        return Block(data.decode("ascii").split("\n"), True)
    try:
        text = data.decode("ascii")
    except UnicodeDecodeError:
        # Five bytes mean nothing in Windows-1252; they become U+FFFD.
        text = data.decode("cp1252", errors="replace")
    return Block(text.split("\n"), False)
