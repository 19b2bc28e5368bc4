"""A flow file without one MPAN: what stands under it is taken out, line for line.

The lines stay, empty, so that every other line keeps its number. The trailer's counts
are lowered by what was taken out. Whatever else mentions the MPAN is masked.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import BinaryIO, cast

from . import mpan
from .grammar import D0010, HEADER, TRAILER
from .lines import LONGEST_LINE
from .record_reader import RecordReader
from .records import Trailer
from .writer import write_group

_MASK = "*"

# A serial number of fewer characters can be a part of other words and numbers.
_SHORTEST_SERIAL_NUMBER = 5

_PASSAGE = D0010.mpan.code.encode()
_TRAILER = TRAILER.code.encode()
_STARTS = {_PASSAGE, _TRAILER, HEADER.code.encode()}
# Where the market's people write what they like.
_FREE_TEXT = {
    group.code.encode()
    for group in (D0010.mpan_visit, D0010.meter_visit, D0010.reading_visit)
}
_BYTE_ORDER_MARK = b"\xef\xbb\xbf"
_ENCODINGS = "ascii", "utf-16-le", "utf-16-be"


class Identifiers:
    """What tells that something is about an MPAN, and how it is made unreadable.

    That is the MPAN, as digits or spaced as people write it, and the serial numbers of
    its meters where no other meter point has one of the same. Masked text is as long
    as it was.
    """

    def __init__(self, mpan_core: str, serial_numbers: tuple[str, ...] = ()) -> None:
        self.mpan_core = mpan_core
        self.forms = mpan_core, mpan.format_mpan(mpan_core)
        self.serial_numbers = tuple(
            each for each in serial_numbers if len(each) >= _SHORTEST_SERIAL_NUMBER
        )
        self._named = [
            form.encode(encoding) for form in self.forms for encoding in _ENCODINGS
        ]
        self._mentioned = self._named + [
            each.encode("cp1252", "replace") for each in self.serial_numbers
        ]
        self._in_text = _pattern(self.forms, self.serial_numbers)

    @property
    def texts(self) -> tuple[str, ...]:
        """Return every text to look for."""
        return self.forms + self.serial_numbers

    def are_in(self, data: bytes) -> bool:
        """Return whether bytes can be about the MPAN, or its meters."""
        return any(each in data for each in self._mentioned)

    def name(self, line: bytes) -> bool:
        """Return whether a line has the MPAN in it."""
        return any(each in line for each in self._named)

    def masked(self, text: str) -> str:
        """Return a text without any of it."""
        return self._in_text.sub(lambda found: _MASK * len(found[0]), text)

    def mask_line(self, line: bytes) -> bytes:
        """Return a line without the MPAN; serial numbers are masked in free text."""
        if line.partition(b"|")[0] in _FREE_TEXT:
            text = line.decode("cp1252", "surrogateescape")
            return self.masked(text).encode("cp1252", "surrogateescape")
        for form in filter(line.__contains__, self._named):
            line = line.replace(form, _MASK.encode() * len(form))
        return line


def _pattern(
    forms: tuple[str, ...], serial_numbers: tuple[str, ...]
) -> re.Pattern[str]:
    """Return what finds the MPAN anywhere, and serial numbers as words of their own."""
    words = (rf"(?<!\w){re.escape(each)}(?!\w)" for each in serial_numbers)
    return re.compile("|".join((*map(re.escape, forms), *words)))


@dataclass
class Redaction:
    """Takes one MPAN out of the bytes of one file; `pieces` are what is left.

    `passages` are the first and last line of all that stood under it, and `lines` what
    they said, with their numbers, where `remembers` asks for that.
    """

    traces: Identifiers
    remembers: bool = False
    passages: list[tuple[int, int]] = field(default_factory=list)
    lines: list[tuple[int, str]] = field(default_factory=list)
    is_changed: bool = False
    _groups: int = 0

    def pieces(self, stream: BinaryIO) -> Iterator[bytes]:
        """Yield the bytes that stay, none of them empty."""
        is_inside = False
        number = 0
        while line := stream.readline(LONGEST_LINE + 1):
            number += 1
            text = line.rstrip(b"\r\n")
            if len(line) > LONGEST_LINE and not line.endswith(b"\n"):
                # No import reads on from here, and no line can be told from another.
                self._note(number, text)
                self.is_changed = True
                return
            code = text.removeprefix(_BYTE_ORDER_MARK).partition(b"|")[0]
            if code in _STARTS:
                is_inside = code == _PASSAGE and self.traces.name(text)
                self.passages += [(number, number)] if is_inside else []
            if is_inside:
                self._take_out(number, text)
                left = b""
            else:
                left = self._left_of(code, text)
                if left != text and code != _TRAILER:
                    self._note(number, text)
            self.is_changed |= left != text
            if left or line != text:
                yield left + line[len(text) :]

    def _take_out(self, number: int, text: bytes) -> None:
        first, _ = self.passages[-1]
        self.passages[-1] = first, number
        self._groups += bool(text.strip())
        self._note(number, text)

    def _note(self, number: int, text: bytes) -> None:
        if self.remembers:
            self.lines.append((number, text.decode("cp1252", "replace")))

    def _left_of(self, code: bytes, text: bytes) -> bytes:
        if code == _TRAILER and self._groups:
            text = self._trailer(text)
        return self.traces.mask_line(text)

    def _trailer(self, text: bytes) -> bytes:
        """Return a trailer that counts what was taken out no longer."""
        line = text.decode("cp1252", "replace")
        reader = RecordReader(report=lambda _: None)
        trailer = cast(Trailer | None, reader.read(TRAILER, line, 1))
        if trailer is None:
            return text
        lowered = trailer._replace(
            group_count=_less(trailer.group_count, self._groups),
            flow_count=_less(trailer.flow_count, len(self.passages)),
        )
        return write_group(TRAILER, lowered).encode("cp1252", "replace")


def _less(count: int | None, number: int) -> int | None:
    return None if count is None else max(0, count - number)
