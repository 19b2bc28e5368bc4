"""Raw HTTP requests that no client library would send."""

from __future__ import annotations

import socket
import time
from contextlib import suppress
from typing import NamedTuple

from meter_readings.benchmarks.gunicorn import HOST
from meter_readings.tests.support.malicious_values import Request

_TIMEOUT_SECONDS = 120


class Response(NamedTuple):
    """A response: its status (0 without a response), its header, its seconds."""

    status: int
    head: str
    seconds: float


def send(request: Request, *, port: int) -> Response:
    """Send a request on its own connection and return the response."""
    begin = time.perf_counter()
    with socket.create_connection((HOST, port), _TIMEOUT_SECONDS) as connection:
        # The server may reject a request before it has read all of it.
        with suppress(BrokenPipeError, ConnectionResetError):
            connection.sendall(_bytes(request))
        answer = b"".join(iter(lambda: _received(connection), b""))
    # The final response follows an interim one.
    answer = answer.removeprefix(b"HTTP/1.1 100 Continue\r\n\r\n")
    head = answer.partition(b"\r\n\r\n")[0].decode("latin-1")
    status = int(head.split(" ", 2)[1]) if head.startswith("HTTP/1.1 ") else 0
    return Response(status, head.lower(), time.perf_counter() - begin)


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
