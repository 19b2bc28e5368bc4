"""Many clients at once, each with a connection of its own."""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

from .serving import HOST

_PATIENCE_SECONDS = 600


class Answers(NamedTuple):
    """What a crowd was answered: how often each status, how fast, how many not at all.

    `broken` counts connections that were refused or reset, and answers that never came.
    """

    statuses: Counter[int]
    seconds: list[float]
    broken: Counter[str]

    def within(self, percent: int) -> float:
        """Return in how many seconds so many of a hundred were answered."""
        return sorted(self.seconds)[(len(self.seconds) - 1) * percent // 100]

    def told(self) -> Iterator[str]:
        """Yield it in words."""
        for status, number in sorted(self.statuses.items()):
            yield f"Status {status}: {number}"
        for reason, number in self.broken.items():
            yield f"No answer, {reason}: {number}"
        if self.seconds:
            half, nearly_all = self.within(50), self.within(99)
            yield f"Half within {half:.2f} s, 99 of 100 within {nearly_all:.2f} s"


def asked_by_all(
    *, port: int, clients: int, addresses: Sequence[str], headers: Mapping[str, str]
) -> Answers:
    """Let so many clients ask at the same time, each for each address in turn."""
    answers = Answers(Counter(), [], Counter())
    lines = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
    requests = [
        f"GET {address} HTTP/1.1\r\nHost: {HOST}\r\n{lines}\r\n".encode()
        for address in addresses
    ]
    asyncio.run(_all_at_once(port, clients, requests, answers))
    return answers


async def _all_at_once(
    port: int, clients: int, requests: list[bytes], answers: Answers
) -> None:
    async with asyncio.TaskGroup() as crowd:
        for _ in range(clients):
            crowd.create_task(_client(port, requests, answers))


async def _client(port: int, requests: list[bytes], answers: Answers) -> None:
    """Ask all on one connection, or on another where the server ends it."""
    connection = _Connection(port)
    for request in requests:
        begin = time.perf_counter()
        try:
            async with asyncio.timeout(_PATIENCE_SECONDS):
                status = await connection.ask(request)
        except (OSError, EOFError) as error:
            answers.broken[type(error).__name__] += 1
            connection.close()
        else:
            answers.statuses[status] += 1
            answers.seconds.append(time.perf_counter() - begin)
    connection.close()


class _Connection:
    """One that is kept for as long as the server keeps it."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._streams: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None

    async def ask(self, request: bytes) -> int:
        """Return the status of the answer, once all of it has come."""
        if self._streams is None:
            self._streams = await asyncio.open_connection(HOST, self._port)
        reader, writer = self._streams
        writer.write(request)
        head = (await reader.readuntil(b"\r\n\r\n")).lower()
        _, _, length = head.partition(b"\r\ncontent-length: ")
        await reader.readexactly(int(length.split(b"\r\n", 1)[0]))
        if b"\r\nconnection: close\r\n" in head:
            self.close()
        return int(head.split(b" ", 2)[1])

    def close(self) -> None:
        """Let it go."""
        if self._streams is not None:
            self._streams[1].close()
            self._streams = None
