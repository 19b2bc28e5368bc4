"""The production site behind a real nginx with the generated configuration."""

from __future__ import annotations

import http.client
import os
import re
import shutil
import socket
import ssl
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from email.message import Message
from pathlib import Path
from typing import NamedTuple, Self

from config.environment import PROJECT_ROOT
from meter_readings.tests.robustness.pg_cluster import free_port
from meter_readings.tests.support.environments import environment_without_coverage

DOMAIN = "readings.example"
# A load balancer on this machine
BALANCER = "127.0.0.9"

NGINX = shutil.which("nginx", path=f"{os.environ['PATH']}:/usr/sbin:/usr/local/sbin")

# The main configuration of nginx, which includes the generated file
_NGINX_CONF = """
daemon off;
{user}
pid {folder}/nginx.pid;
error_log {folder}/error.log;
events {{}}
http {{
    access_log off;
    client_body_temp_path {folder}/body;
    proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
    include {folder}/d0010.nginx.conf;
}}
"""

# The site. Its responses repeat the X-Forwarded headers that it received.
_SERVER = """
import io, sys
from wsgiref.simple_server import make_server
from config.wsgi import application

def echo_headers(environ, start_response):
    # Closing a connection with an unread body could discard the response.
    size = int(environ.get("CONTENT_LENGTH") or 0)
    environ["wsgi.input"] = io.BytesIO(environ["wsgi.input"].read(size))
    def start(status, headers, exc_info=None):
        for name in ("FOR", "PROTO"):
            value = environ.get(f"HTTP_X_FORWARDED_{name}", "")
            headers.append((f"X-Seen-{name}", value))
        return start_response(status, headers, exc_info)
    return application(environ, start)

make_server("127.0.0.1", int(sys.argv[1]), echo_headers).serve_forever()
"""


class Response(NamedTuple):
    status: int
    headers: Message
    text: str


def _response(connection: http.client.HTTPConnection) -> Response:
    response = connection.getresponse()
    return Response(
        response.status, response.headers, response.read().decode(errors="replace")
    )


class ProxiedSite:
    """A context manager that runs the site and nginx, each in a process."""

    def __enter__(self) -> Self:
        self._folder = tempfile.TemporaryDirectory(prefix="d0010_nginx_")
        self.folder = Path(self._folder.name)
        self._port, self._http, self._https = free_port(), free_port(), free_port()
        self._processes: list[subprocess.Popen[bytes]] = []
        self._make_certificate()
        self._write_files()
        self._prepare()
        self._start(sys.executable, "-c", _SERVER, str(self._port))
        self._start(str(NGINX), "-c", str(self.folder / "nginx.conf"))
        for port in (self._port, self._http, self._https):
            self._wait_for(port)
        return self

    def __exit__(self, *error: object) -> None:
        for process in reversed(self._processes):
            process.terminate()
            process.wait()
        self._folder.cleanup()

    @property
    def error_log(self) -> str:
        return (self.folder / "errors.log").read_text()

    @property
    def access_log(self) -> str:
        return (self.folder / "access.log").read_text()

    def request(
        self,
        method: str,
        path: str,
        *,
        https: bool = True,
        host: str = DOMAIN,
        address: str = "127.0.0.1",
        source: str = "",
        body: bytes | None = None,
        headers: dict[str, str] | None = None,
    ) -> Response:
        with self._connected(https, host, address, source) as connection:
            connection.request(method, path, body, {"Host": host} | (headers or {}))
            return _response(connection)

    def announce(
        self,
        path: str,
        *,
        length: int,
        source: str = "",
        headers: dict[str, str] | None = None,
    ) -> Response:
        """Send the headers of an upload and none of its body; return the response."""
        with self._connected(True, DOMAIN, source=source) as connection:
            connection.putrequest("POST", path, skip_host=True)
            connection.putheader("Host", DOMAIN)
            sizes = {"Content-Type": "text/plain", "Content-Length": str(length)}
            for name, value in (sizes | (headers or {})).items():
                connection.putheader(name, value)
            connection.endheaders()
            return _response(connection)

    @contextmanager
    def _connected(
        self, https: bool, host: str, address: str = "127.0.0.1", source: str = ""
    ) -> Iterator[http.client.HTTPConnection]:
        port = self._https if https else self._http
        connection = http.client.HTTPConnection(
            address, port, timeout=30, source_address=(source, 0)
        )
        with closing(connection):
            connection.connect()
            if https:
                trusted = ssl.create_default_context(cafile=self.folder / "site.pem")
                connection.sock = trusted.wrap_socket(
                    connection.sock, server_hostname=host
                )
            yield connection

    def send_slowly(self, source: str = "") -> socket.socket:
        """Open a connection, send the first byte of a form, and stop."""
        with self._connected(True, DOMAIN, source=source) as connection:
            connection.putrequest("POST", "/", skip_host=True)
            connection.putheader("Host", DOMAIN)
            connection.putheader("Content-Length", "1000")
            connection.endheaders(b"a")
            slow = connection.sock
            connection.sock = None
        return slow

    def add_user(self, username: str, password: str) -> None:
        self._manage(
            "createsuperuser",
            "--noinput",
            "--email",
            "a@example.org",
            DJANGO_SUPERUSER_USERNAME=username,
            DJANGO_SUPERUSER_PASSWORD=password,
        )

    def add_token(self, username: str, scope: str) -> dict[str, str]:
        """Return the headers of a request with a new token."""
        words = ["api_token", "create", scope, "--user", username, "--scope", scope]
        [secret] = re.findall("d0010_[0-9a-f]{64}", self._manage(*words))
        return {"Authorization": f"Bearer {secret}"}

    def _make_certificate(self) -> None:
        subprocess.run(
            [
                *["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes"],
                *["-days", "2", "-subj", f"/CN={DOMAIN}"],
                *["-addext", f"subjectAltName=DNS:{DOMAIN}"],
                *[
                    "-keyout",
                    self.folder / "site.key",
                    "-out",
                    self.folder / "site.pem",
                ],
            ],
            check=True,
            capture_output=True,
        )

    def _write_files(self) -> None:
        """Generate the configuration, and replace its ports and log paths."""
        plan = subprocess.run(
            [
                *[PROJECT_ROOT / "deployment_scripts/quick_deploy.sh", "production"],
                *["--domain", DOMAIN, "--port", str(self._port), "--dry-run"],
                *["--output", self.folder, "--certificate", self.folder / "site.pem"],
                *["--certificate-key", self.folder / "site.key"],
            ],
            env={
                **os.environ,
                "D0010_VENV": sys.prefix,
                "TRUSTED_PROXIES": BALANCER,
                "UPLOAD_MAX_MEGABYTES": "300",
            },
            check=True,
            capture_output=True,
            text=True,
        ).stdout
        text = plan.partition("==> d0010.nginx.conf\n")[2].partition("\n==> ")[0]
        for port, free in [("80", self._http), ("443", self._https)]:
            text = text.replace(f"listen {port}", f"listen 127.0.0.1:{free}")
            text = text.replace(f"listen [::]:{port}", f"listen [::1]:{free}")
        text = text.replace("/var/log/nginx/d0010.log", str(self.folder / "access.log"))
        text = text.replace(
            "/var/log/nginx/d0010-errors.log", str(self.folder / "errors.log")
        )
        (self.folder / "d0010.nginx.conf").write_text(text)
        user = "user root;" if os.geteuid() == 0 else ""
        main = _NGINX_CONF.format(folder=self.folder, user=user)
        (self.folder / "nginx.conf").write_text(main)

    def _prepare(self) -> None:
        for words in (["migrate"], ["collectstatic", "--noinput"]):
            self._manage(*words)

    def _manage(self, *words: str, **variables: str) -> str:
        return subprocess.run(
            [sys.executable, "manage.py", words[0], "--verbosity", "0", *words[1:]],
            cwd=PROJECT_ROOT,
            env=self._environment | variables,
            check=True,
            stdout=subprocess.PIPE,
            text=True,
        ).stdout

    @property
    def _environment(self) -> dict[str, str]:
        folder = self.folder
        return environment_without_coverage() | {
            "D0010_ENV": "production",
            "DEBUG": "",
            "SECRET_KEY": "made up for the tests of the proxy, and used nowhere else",
            "ALLOWED_HOSTS": DOMAIN,
            "BEHIND_PROXY": "1",
            "USE_POSTGRESQL": "0",
            "SQLITE_PATH": str(folder / "db.sqlite3"),
            "ACCEPT_SQLITE_RISK": "1",
            "MEDIA_ROOT": str(folder / "media"),
            "SESSION_FILE_PATH": str(folder / "sessions"),
            "STATIC_ROOT": str(folder / "static"),
            "METRICS_TOKEN": "",
            "MIN_FREE_DISK_MB": "1",
            "API_RATE_ANONYMOUS": "20",
        }

    def _start(self, *words: str) -> None:
        self._processes.append(
            subprocess.Popen(
                words,
                cwd=PROJECT_ROOT,
                env=self._environment,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
            )
        )

    def _wait_for(self, port: int) -> None:
        deadline = time.monotonic() + 60
        while True:
            try:
                with socket.create_connection(("127.0.0.1", port)):
                    return
            except OSError:
                assert time.monotonic() < deadline, self._error_log()
                time.sleep(0.1)

    def _error_log(self) -> str:
        path = self.folder / "error.log"
        return path.read_text() if path.exists() else "The site does not answer."
