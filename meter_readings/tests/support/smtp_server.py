"""A mail server on this machine that stores what it accepts."""

from __future__ import annotations

import email
import email.policy
import socketserver
import threading
from email.message import EmailMessage
from typing import Any, Self


class SmtpServer:
    """A context manager; `stop` and `start` make it unavailable for a while.

    `refused` are the recipients that it does not accept, `loses_next` is whether it
    ends the next connection in the place of an answer to a message.
    """

    def __init__(self) -> None:
        self.messages: list[EmailMessage] = []
        self.refused: set[str] = set()
        self.loses_next = False
        self.port = 0
        self._lock = threading.Lock()

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *error: object) -> None:
        self.stop()

    def start(self) -> None:
        handler = type("Handler", (_Handler,), {"mail": self})
        self._server = _Server(("127.0.0.1", self.port), handler)
        self.port = self._server.server_address[1]
        threading.Thread(target=self._server.serve_forever, args=(0.05,)).start()

    def stop(self) -> None:
        self._server.shutdown()
        self._server.server_close()

    def accept(self, content: bytes) -> None:
        with self._lock:
            message = email.message_from_bytes(content, policy=email.policy.default)
            assert isinstance(message, EmailMessage)
            self.messages.append(message)

    @property
    def mailers(self) -> dict[str, Any]:
        """The setting MAILERS for this server."""
        return {
            "default": {
                "BACKEND": "django.core.mail.backends.smtp.EmailBackend",
                "OPTIONS": {"host": "127.0.0.1", "port": self.port, "timeout": 5},
            }
        }


class _Server(socketserver.ThreadingTCPServer):
    allow_reuse_address = True
    daemon_threads = True
    block_on_close = False


class _Handler(socketserver.StreamRequestHandler):
    """One connection (RFC 5321), with what a client of ours needs."""

    mail: SmtpServer

    def handle(self) -> None:
        self._answer("220 test")
        for line in iter(self.rfile.readline, b""):
            words = line.decode().split()
            match words[0].upper():
                case "EHLO" | "HELO" | "MAIL" | "RSET" | "NOOP":
                    self._answer("250 ok")
                case "RCPT":
                    address = words[1].partition(":")[2].strip("<>")
                    is_refused = address in self.mail.refused
                    self._answer(f"550 no {address}" if is_refused else "250 ok")
                case "DATA":
                    if not self._receive():
                        return
                case _:
                    self._answer("221 bye")
                    return

    def _receive(self) -> bool:
        """Store a message; return False if the connection is lost instead."""
        self._answer("354 go")
        lines = []
        while (line := self.rfile.readline()) != b".\r\n":
            lines.append(line.removeprefix(b".") if line.startswith(b"..") else line)
        if self.mail.loses_next:
            self.mail.loses_next = False
            return False
        self.mail.accept(b"".join(lines))
        self._answer("250 stored")
        return True

    def _answer(self, text: str) -> None:
        self.wfile.write(f"{text}\r\n".encode())
