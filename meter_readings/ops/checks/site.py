"""The running site as its users reach it: one HTTP request at a time."""

from __future__ import annotations

import http.client
import ssl
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from email.message import Message
from typing import NamedTuple
from urllib.parse import urlsplit

_TIMEOUT_SECONDS = 10
_PORTS = {"http": 80, "https": 443}


class Response(NamedTuple):
    status: int
    headers: Message
    text: str


@dataclass(frozen=True)
class Site:
    """A site at the scheme, name and port of `url`.

    `host` is the name in the Host header and in the certificate, if the site has
    another name than that of `url`.
    """

    url: str
    host: str = ""
    verifies_certificate: bool = True

    @property
    def name(self) -> str:
        return self.host or urlsplit(self.url).hostname or ""

    @property
    def is_https(self) -> bool:
        return urlsplit(self.url).scheme == "https"

    @contextmanager
    def connected(self) -> Iterator[http.client.HTTPConnection]:
        parts = urlsplit(self.url)
        port = parts.port or _PORTS.get(parts.scheme, 80)
        client = http.client.HTTPConnection(
            parts.hostname or "", port, timeout=_TIMEOUT_SECONDS
        )
        with closing(client):
            client.connect()
            if self.is_https:
                client.sock = self._context().wrap_socket(
                    client.sock, server_hostname=self.name
                )
            yield client

    def headers(self) -> dict[str, str]:
        """Return the headers of a request, as a proxy sends it."""
        host = self.host or urlsplit(self.url).netloc
        return {"Host": host, "X-Forwarded-Proto": "https"}

    def get(self, path: str) -> Response:
        with self.connected() as client:
            client.request("GET", path, headers=self.headers())
            response = client.getresponse()
            text = response.read().decode(errors="replace")
            return Response(response.status, response.headers, text)

    def _context(self) -> ssl.SSLContext:
        context = ssl.create_default_context()
        if not self.verifies_certificate:
            context.check_hostname = False
            context.verify_mode = ssl.CERT_NONE
        return context
