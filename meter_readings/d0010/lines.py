"""From bytes to lines, without ever holding more than a block of the file.

Only a line feed ends a line (with or without a carriage return before it); Python's
other line boundaries are data. ASCII is tried first, Windows-1252 is the fallback.
"""

from __future__ import annotations

import codecs
from collections.abc import Iterator
from typing import BinaryIO, NamedTuple

# Small enough for what is made of a block to stay in the processor's cache
BLOCK_SIZE = 1 << 16

# The longest group, 027 with 200 characters of text, needs 208. In bytes, a carriage
# return included.
LONGEST_LINE = 4096

_PLAIN_BYTES = bytes(range(0x20, 0x7F)) + b"\n"


class Block(NamedTuple):
    """Lines read together, the last without its line feed.

    `plain`: nothing but printable ASCII and line feeds stands in them.
    """

    text: str
    plain: bool

    @property
    def lines(self) -> list[str]:
        """Return the lines one by one."""
        return self.text.split("\n")


class LineReader:
    """Blocks of lines from a binary stream, and how the file ended its lines.

    After the last block, `line_ending` is what ended the first line, and
    `ends_with_newline` whether the last line was ended too. A line longer than
    LONGEST_LINE is cut, stands in a block of its own and is the last.
    """

    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream
        self.line_ending = "\n"
        self.ends_with_newline = True
        self.has_byte_order_mark = False
        self.byte_count = 0

    def __iter__(self) -> Iterator[Block]:
        rest = self._first_bytes()
        is_first = True
        while data := self._stream.read(BLOCK_SIZE):
            self.byte_count += len(data)
            data = rest + data
            end = _end_of_lines(data)
            if end:
                lines = data[: end - 1]
                if is_first and lines.partition(b"\n")[0].endswith(b"\r"):
                    self.line_ending = "\r\n"
                is_first = False
                yield _block(lines)
            rest = data[end:]
            if len(rest) > LONGEST_LINE:
                # No group is so long: what follows cannot be a flow file either.
                yield Block(_decoded(rest[: LONGEST_LINE + 1]), False)
                return
        if rest:
            self.ends_with_newline = rest.endswith(b"\n")
            yield _block(rest.removesuffix(b"\n"))

    def _first_bytes(self) -> bytes:
        """Return the start of the file without its byte order mark, if it has one."""
        start = self._stream.read(len(codecs.BOM_UTF8))
        self.byte_count = len(start)
        if start == codecs.BOM_UTF8:
            self.has_byte_order_mark = True
            return b""
        return start


def lines_between(
    stream: BinaryIO, *, first: int, last: int
) -> Iterator[tuple[int, str]]:
    """Yield the lines from one number to another with their numbers, as an import
    reads them.

    Reads no further than it must, and never holds more than a block.
    """
    number = 1
    for block in LineReader(stream):
        line_count = block.text.count("\n") + 1
        if number + line_count > first:
            for line_number, line in enumerate(block.lines, number):
                if first <= line_number <= last:
                    yield line_number, line
        number += line_count
        if number > last:
            return


def _end_of_lines(data: bytes) -> int:
    """Return where the first line begins that is not whole, or is too long."""
    end = 0
    while (newline := data.rfind(b"\n", end, end + LONGEST_LINE + 1)) >= 0:
        end = newline + 1
    return end


def _block(data: bytes) -> Block:
    """Return the lines of `data`, whose last line feed has been taken away."""
    if b"\r" in data:
        data = data.removesuffix(b"\r").replace(b"\r\n", b"\n")
    if not data.translate(None, delete=_PLAIN_BYTES):
        return Block(data.decode("ascii"), True)
    return Block(_decoded(data), False)


def _decoded(data: bytes) -> str:
    try:
        return data.decode("ascii")
    except UnicodeDecodeError:
        # Five bytes mean nothing in Windows-1252; they become U+FFFD.
        return data.decode("cp1252", errors="replace")
