"""A receiver of webhooks on this machine that stores the requests."""

from __future__ import annotations

import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import NamedTuple, Self


class Received(NamedTuple):
    path: str
    headers: dict[str, str]
    body: bytes


class WebhookServer:
    """A context manager; it answers with `status`, or as `answer` does."""

    def __init__(self) -> None:
        self.requests: list[Received] = []
        self.status = 204
        self.answer: Callable[[BaseHTTPRequestHandler], None] | None = None

    def __enter__(self) -> Self:
        handler = type("Handler", (_Handler,), {"receiver": self})
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}/hook?a=1"
        threading.Thread(target=self._server.serve_forever, args=(0.05,)).start()
        return self

    def __exit__(self, *error: object) -> None:
        self._server.shutdown()
        self._server.server_close()


class _Handler(BaseHTTPRequestHandler):
    receiver: WebhookServer

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        headers = {name.lower(): value for name, value in self.headers.items()}
        self.receiver.requests.append(Received(self.path, headers, body))
        if self.receiver.answer is not None:
            self.receiver.answer(self)
            return
        self.send_response(self.receiver.status)
        self.send_header("Location", "http://127.0.0.1/elsewhere")
        self.end_headers()

    def log_message(self, *args: object) -> None:
        """Write no log."""
