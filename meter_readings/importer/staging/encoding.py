"""Encoding of values for staging: as text for COPY, or as parameters of the driver."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable
from datetime import UTC, datetime


class Encoder(ABC):
    """Encodes Python values as the bulk loading of a database accepts them."""

    null: object
    true: object
    false: object
    utc_suffix: str

    @abstractmethod
    def encode_ints(self, numbers: Iterable[int]) -> Iterable[object]: ...

    @abstractmethod
    def quote(self, text: str) -> str:
        """Encode a text that may contain line feeds and pipes."""

    def encode_int(self, number: int | None) -> object:
        if number is None:
            return self.null
        (encoded,) = self.encode_ints((number,))
        return encoded

    def encode_boolean(self, value: bool | None) -> object:
        if value is None:
            return self.null
        return self.true if value else self.false

    def encode_timestamp(self, moment: datetime | None) -> object:
        """Encode an aware time as text in UTC."""
        if moment is None:
            return self.null
        return f"{moment.astimezone(UTC):%Y-%m-%d %H:%M:%S}{self.utc_suffix}"
