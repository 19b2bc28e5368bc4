"""Line reader: decodes a binary stream in blocks of lines.

A line ends with a line feed, with or without a carriage return before it. The other
line boundaries of `str.splitlines` are data. The encoding is ASCII, or Windows-1252
where a block is not ASCII.
"""

from __future__ import annotations

import codecs
from collections.abc import Iterator
from typing import BinaryIO, NamedTuple

# In bytes; the objects made of one block fit into the processor's cache.
BLOCK_SIZE = 1 << 16

# In bytes, with a carriage return. The longest group, a 027 with 200 characters of
# text, has 208.
LONGEST_LINE = 4096

# Ctrl-Z and NUL, by which some systems end a file or fill its last block
PADDING = "\x1a\0"
_PADDING_BYTES = PADDING.encode()

_PLAIN_BYTES = bytes(range(0x20, 0x7F)) + b"\n"


class Block(NamedTuple):
    """Consecutive lines; the last one has no line feed."""

    text: str
    is_printable_ascii: bool  # line feeds aside

    @property
    def lines(self) -> list[str]:
        return self.text.split("\n")


class LineReader:
    """Iterator over the blocks of a binary stream.

    After the last block `line_ending` is the end of the first line, and
    `ends_with_newline` is false if the last line has no end. A line longer than
    LONGEST_LINE is truncated to LONGEST_LINE + 1 characters and is the last block, but
    long padding at its end is read as one character.
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
            end = _last_line_end(data)
            if end:
                lines = data[: end - 1]
                if is_first and lines.partition(b"\n")[0].endswith(b"\r"):
                    self.line_ending = "\r\n"
                is_first = False
                yield _block(lines)
            rest = data[end:]
            if len(rest) > LONGEST_LINE:
                rest = _shorten_padding(rest)
            if len(rest) > LONGEST_LINE:
                # No group is so long: the rest of the file is not D0010.
                yield Block(_decode(rest[: LONGEST_LINE + 1]), False)
                return
        if rest:
            self.ends_with_newline = rest.endswith(b"\n")
            yield _block(rest.removesuffix(b"\n"))

    def _first_bytes(self) -> bytes:
        """Return the first three bytes, or b"" if they are a byte order mark."""
        start = self._stream.read(len(codecs.BOM_UTF8))
        self.byte_count = len(start)
        if start == codecs.BOM_UTF8:
            self.has_byte_order_mark = True
            return b""
        return start


def lines_between(
    stream: BinaryIO, *, first: int, last: int
) -> Iterator[tuple[int, str]]:
    """Yield line numbers and lines, both ends included, decoded as by an import.

    The stream is read block by block, up to the last of these lines.
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


def _last_line_end(data: bytes) -> int:
    """Return the position after the last complete line, or before one too long."""
    end = 0
    while (newline := data.rfind(b"\n", end, end + LONGEST_LINE + 1)) >= 0:
        end = newline + 1
    return end


def _shorten_padding(line: bytes) -> bytes:
    """Return a line with at most one of the padding characters at its end."""
    text = line.rstrip(_PADDING_BYTES)
    return line[: len(text) + 1]


def _block(data: bytes) -> Block:
    """Return a block of lines; the last line feed of `data` has been removed."""
    if b"\r" in data:
        data = data.removesuffix(b"\r").replace(b"\r\n", b"\n")
    if not data.translate(None, delete=_PLAIN_BYTES):
        return Block(data.decode("ascii"), True)
    return Block(_decode(data), False)


def _decode(data: bytes) -> str:
    try:
        return data.decode("ascii")
    except UnicodeDecodeError:
        # Five bytes are undefined in Windows-1252; they become U+FFFD.
        return data.decode("cp1252", errors="replace")
