"""Requests byte for byte over a connection, as no library would send them."""

from __future__ import annotations

import socket
import time
from contextlib import suppress
from typing import NamedTuple

from meter_readings.benchmarks.gunicorn import HOST
from meter_readings.tests.malicious_values import Request

_PATIENCE_SECONDS = 120


class Answer(NamedTuple):
    """What came back: its status, 0 if nothing did; its head; how long it took."""

    status: int
    head: str
    seconds: float


def sent(request: Request, *, port: int) -> Answer:
    """Send a request on a connection of its own and return what is answered."""
    begin = time.perf_counter()
    with socket.create_connection((HOST, port), _PATIENCE_SECONDS) as connection:
        # Who is refused need not be listened to until the end.
        with suppress(BrokenPipeError, ConnectionResetError):
            connection.sendall(_bytes(request))
        answer = b"".join(iter(lambda: _received(connection), b""))
    # Whoever was told to go on is then answered.
    answer = answer.removeprefix(b"HTTP/1.1 100 Continue\r\n\r\n")
    head = answer.partition(b"\r\n\r\n")[0].decode("latin-1")
    status = int(head.split(" ", 2)[1]) if head.startswith("HTTP/1.1 ") else 0
    return Answer(status, head.lower(), time.perf_counter() - begin)


def _received(connection: socket.socket) -> bytes:
    try:
        return connection.recv(1 << 16)
    except ConnectionResetError:
        return b""


def _bytes(request: Request) -> bytes:
    headers = {"Host": HOST, "Connection": "close", **request.headers}
    if request.body:
        headers.setdefault("Content-Length", str(len(request.body)))
    lines = [f"{request.method} {request.target} HTTP/1.1"]
    lines += [f"{name}: {value}" for name, value in headers.items()]
    return "\r\n".join([*lines, "", ""]).encode("latin-1") + request.body
