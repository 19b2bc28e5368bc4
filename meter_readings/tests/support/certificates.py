"""Certificates that openssl makes, and a TLS server that presents one."""

from __future__ import annotations

import ssl
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from threading import Thread

_CA = """
[ca]
default_ca = made
[made]
database = {folder}/index
new_certs_dir = {folder}
rand_serial = yes
default_md = sha256
policy = any
copy_extensions = copy
[any]
commonName = supplied
"""


def make_certificate(folder: Path, name: str, *, first_day: str, last_day: str) -> Path:
    """Make a certificate for a host name; days are YYYYMMDD. Return its file.

    The file has the private key too. It is its own issuer.
    """
    key, request, certificate = (
        folder / f"made.{kind}" for kind in ("key", "csr", "pem")
    )
    (folder / "index").touch()
    (folder / "ca.cnf").write_text(_CA.format(folder=folder))
    _openssl(
        *["req", "-new", "-newkey", "rsa:2048", "-nodes", "-subj", f"/CN={name}"],
        *["-addext", f"subjectAltName=DNS:{name}"],
        *["-keyout", str(key), "-out", str(request)],
    )
    _openssl(
        *["ca", "-batch", "-selfsign", "-notext", "-config", str(folder / "ca.cnf")],
        *["-keyfile", str(key), "-in", str(request), "-out", str(certificate)],
        *["-startdate", f"{first_day}000000Z", "-enddate", f"{last_day}000000Z"],
    )
    certificate.write_text(certificate.read_text() + key.read_text())
    return certificate


@contextmanager
def tls_server(certificate: Path) -> Iterator[str]:
    """Serve an empty page by HTTPS; yield the URL."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    server = HTTPServer(("127.0.0.1", 0), _NoSite)
    server.handle_error = lambda *_: None  # type: ignore[method-assign]
    server.socket = context.wrap_socket(server.socket, server_side=True)
    thread = Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"https://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


class _NoSite(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_response_only(404)
        self.send_header("Content-Length", "0")
        self.end_headers()

    do_POST = do_GET


def _openssl(*arguments: str) -> None:
    subprocess.run(["openssl", *arguments], check=True, capture_output=True)
