"""Redaction: removes one MPAN from the bytes of a flow file.

The lines of its MPAN blocks (a 026 with its children) become empty, so that all other
lines keep their numbers. The counts of the trailer are reduced. Elsewhere the MPAN is
masked.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import BinaryIO, cast

from . import mpan
from .grammar import D0010, HEADER, TRAILER
from .lines import LONGEST_LINE, PADDING
from .record_reader import RecordReader
from .records import Trailer
from .writer import write_group

_MASK = "*"

# A shorter serial number can occur in text by chance.
_MIN_SERIAL_NUMBER_LENGTH = 5

_MPAN_CODE = D0010.mpan.code.encode()
_TRAILER_CODE = TRAILER.code.encode()
# Groups that are not part of the MPAN block before them
_BLOCK_BOUNDARIES = {_MPAN_CODE, _TRAILER_CODE, HEADER.code.encode()}
_FREE_TEXT_GROUPS = {
    group.code.encode()
    for group in (D0010.mpan_visit, D0010.meter_visit, D0010.reading_visit)
}
_BYTE_ORDER_MARK = b"\xef\xbb\xbf"
_LINE_ENDS = b"\n", *(character.encode() for character in PADDING)
_ENCODINGS = "ascii", "utf-16-le", "utf-16-be"


class Identifiers:
    """An MPAN and the serial numbers that identify it, to be found and masked.

    `serial_numbers` are those that no meter at another MPAN has. The MPAN is found with
    and without spaces. A masked text keeps its length.
    """

    def __init__(self, mpan_core: str, serial_numbers: tuple[str, ...] = ()) -> None:
        self.mpan_core = mpan_core
        self.spellings = mpan_core, mpan.format_mpan(mpan_core)
        self.serial_numbers = tuple(
            number
            for number in serial_numbers
            if len(number) >= _MIN_SERIAL_NUMBER_LENGTH
        )
        self._mpan_bytes = [
            spelling.encode(encoding)
            for spelling in self.spellings
            for encoding in _ENCODINGS
        ]
        self._serial_number_bytes = [
            number.encode("cp1252", "replace") for number in self.serial_numbers
        ]
        words = (rf"(?<!\w){re.escape(n)}(?!\w)" for n in self.serial_numbers)
        self._pattern = re.compile("|".join((*map(re.escape, self.spellings), *words)))

    @property
    def texts(self) -> tuple[str, ...]:
        """The spellings of the MPAN, and the serial numbers."""
        return self.spellings + self.serial_numbers

    def found_in(self, data: bytes) -> bool:
        """Return whether bytes contain the MPAN or a serial number."""
        return any(
            identifier in data
            for identifier in (*self._mpan_bytes, *self._serial_number_bytes)
        )

    def mpan_found_in(self, line: bytes) -> bool:
        return any(spelling in line for spelling in self._mpan_bytes)

    def mask(self, text: str) -> str:
        """Return a text with the MPAN and whole-word serial numbers masked."""
        return self._pattern.sub(lambda found: _MASK * len(found[0]), text)

    def mask_line(self, line: bytes) -> bytes:
        """Return a line with the MPAN masked; serial numbers only in a site visit."""
        if line.partition(b"|")[0] in _FREE_TEXT_GROUPS:
            text = line.decode("cp1252", "surrogateescape")
            return self.mask(text).encode("cp1252", "surrogateescape")
        for spelling in filter(line.__contains__, self._mpan_bytes):
            line = line.replace(spelling, _MASK.encode() * len(spelling))
        return line


@dataclass
class Redaction:
    """The redaction of one file.

    `mpan_blocks` are the first and last line numbers of the removed blocks.
    `removed_lines` are the lines that were removed or masked, with their numbers, if
    `keep_removed_lines` is true.
    """

    identifiers: Identifiers
    keep_removed_lines: bool = False
    mpan_blocks: list[tuple[int, int]] = field(default_factory=list)
    removed_lines: list[tuple[int, str]] = field(default_factory=list)
    is_changed: bool = False
    _removed_group_count: int = 0

    def redacted_chunks(self, stream: BinaryIO) -> Iterator[bytes]:
        """Yield the bytes of the redacted file, none of them empty."""
        is_in_block = False
        number = 0
        while line := stream.readline(LONGEST_LINE + 1):
            number += 1
            text = line.rstrip(b"\r\n")
            if len(line) > LONGEST_LINE and not line.endswith(_LINE_ENDS):
                # An import stops here, so the rest has no known structure.
                self._remember(number, text)
                self.is_changed = True
                return
            code = text.removeprefix(_BYTE_ORDER_MARK).partition(b"|")[0]
            if code in _BLOCK_BOUNDARIES:
                is_in_block = code == _MPAN_CODE and self.identifiers.mpan_found_in(
                    text
                )
                if is_in_block:
                    self.mpan_blocks.append((number, number))
            if is_in_block:
                self._remove(number, text)
                redacted = b""
            else:
                redacted = self._redact_line(code, text)
                if redacted != text and code != _TRAILER_CODE:
                    self._remember(number, text)
            self.is_changed |= redacted != text
            if redacted or line != text:
                yield redacted + line[len(text) :]

    def _remove(self, number: int, text: bytes) -> None:
        first, _ = self.mpan_blocks[-1]
        self.mpan_blocks[-1] = first, number
        self._removed_group_count += bool(text.strip())
        self._remember(number, text)

    def _remember(self, number: int, text: bytes) -> None:
        if self.keep_removed_lines:
            self.removed_lines.append((number, text.decode("cp1252", "replace")))

    def _redact_line(self, code: bytes, text: bytes) -> bytes:
        if code == _TRAILER_CODE and self._removed_group_count:
            text = self._reduce_counts(text)
        return self.identifiers.mask_line(text)

    def _reduce_counts(self, text: bytes) -> bytes:
        """Return a trailer without the removed groups in its counts."""
        line = text.decode("cp1252", "replace").rstrip(PADDING)
        reader = RecordReader(report=lambda _: None)
        trailer = cast(Trailer | None, reader.read(TRAILER, line, 1))
        if trailer is None:
            return text
        reduced = trailer._replace(
            group_count=_subtract(trailer.group_count, self._removed_group_count),
            flow_count=_subtract(trailer.flow_count, len(self.mpan_blocks)),
        )
        return write_group(TRAILER, reduced).encode("cp1252", "replace")


def _subtract(count: int | None, number: int) -> int | None:
    return None if count is None else max(0, count - number)
