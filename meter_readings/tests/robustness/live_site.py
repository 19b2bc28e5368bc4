"""A site in its own processes: management commands and served pages."""

from __future__ import annotations

import subprocess
import sys
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from email.message import Message
from http.cookiejar import CookieJar
from pathlib import Path
from typing import NamedTuple

from config.environment import PROJECT_ROOT
from meter_readings.tests.support.environments import environment_without_coverage

from .pg_cluster import free_port

_NAME, _PASSWORD = "admin", "a password for these tests"
_BOUNDARY = "-----part-----"


class Answer(NamedTuple):
    """A response of the site."""

    status: int
    headers: Message
    text: str


class Site:
    """A site with one user; its files are in `folder`."""

    def __init__(self, folder: Path, **environment: str) -> None:
        self.media = Path(environment.get("MEDIA_ROOT", folder / "media"))
        variables = {
            "D0010_ENV": "test",
            "USE_POSTGRESQL": "0",
            "SQLITE_PATH": str(folder / "db.sqlite3"),
            "MEDIA_ROOT": str(self.media),
            "SESSION_FILE_PATH": str(folder / "sessions"),
            "DJANGO_SUPERUSER_PASSWORD": _PASSWORD,
        }
        self._environment = environment_without_coverage() | variables | environment
        self._cookies = CookieJar()
        jar = urllib.request.HTTPCookieProcessor(self._cookies)
        self._browser = urllib.request.build_opener(jar)
        self._address = ""

    def prepare(self) -> None:
        """Create the tables and the user."""
        for arguments in (
            ["migrate", "--verbosity", "0"],
            [
                "createsuperuser",
                "--noinput",
                "--username",
                _NAME,
                "--email",
                "admin@example.org",
            ],
        ):
            result = self.run(*arguments)
            assert not result.returncode, result.stderr

    def start(self, *arguments: str) -> subprocess.Popen[str]:
        """Start a command."""
        return subprocess.Popen(
            [sys.executable, "manage.py", *arguments],
            cwd=PROJECT_ROOT,
            env=self._environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def run(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run a command to its end."""
        with self.start(*arguments) as process:
            out, err = process.communicate()
        return subprocess.CompletedProcess(arguments, process.returncode, out, err)

    @contextmanager
    def serving(self) -> Iterator[None]:
        """Serve the pages by one thread, which keeps its database connection."""
        port = free_port()
        self.connect(port)
        options = ["--noreload", "--nothreading", "--skip-checks", f"127.0.0.1:{port}"]
        with subprocess.Popen(
            [sys.executable, "manage.py", "runserver", *options],
            cwd=PROJECT_ROOT,
            env=self._environment,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        ) as process:
            try:
                self._wait_until_ready()
                yield
            finally:
                process.kill()

    def connect(self, port: int) -> None:
        """Send the requests to a server of this machine."""
        self._address = f"http://127.0.0.1:{port}"

    def sign_in(self) -> None:
        """Sign the user in."""
        self.get("/admin/login/")
        form = {"username": _NAME, "password": _PASSWORD, **self._token()}
        answer = self._request(
            "/admin/login/?next=/", urllib.parse.urlencode(form).encode()
        )
        assert answer.status == 200 and "Sign out" in answer.text, answer

    def get(self, path: str) -> Answer:
        """Request a page."""
        return self._request(path)

    def upload(self, filename: str, data: bytes) -> Answer:
        """Upload a flow file by the upload page."""
        fields = {"policy": "standard", "import": "1", **self._token()}
        parts = [f'name="{name}"\r\n\r\n{value}' for name, value in fields.items()]
        parts.append(
            f'name="flow_files"; filename="{filename}"\r\n'
            f"Content-Type: text/plain\r\n\r\n{data.decode()}"
        )
        disposition = "Content-Disposition: form-data; "
        body = "".join(f"--{_BOUNDARY}\r\n{disposition}{part}\r\n" for part in parts)
        return self._request("/admin/upload/", f"{body}--{_BOUNDARY}--\r\n".encode())

    def upload_by_api(self, filename: str, data: bytes) -> Answer:
        """Upload a flow file as the body of a request to the API."""
        headers = {
            "Content-Type": "text/plain",
            "Content-Disposition": f'attachment; filename="{filename}"',
            "X-CSRFToken": self._token()["csrfmiddlewaretoken"],
        }
        return self._request("/api/v1/flow-files/", data, headers)

    def _token(self) -> dict[str, str]:
        [token] = [
            cookie.value for cookie in self._cookies if cookie.name == "csrftoken"
        ]
        return {"csrfmiddlewaretoken": str(token)}

    def _request(
        self,
        path: str,
        body: bytes | None = None,
        headers: dict[str, str] | None = None,
    ) -> Answer:
        request = urllib.request.Request(self._address + path, body, headers or {})
        if body and body.startswith(b"--"):
            kind = f"multipart/form-data; boundary={_BOUNDARY}"
            request.add_header("Content-Type", kind)
        try:
            with self._browser.open(request, timeout=60) as answer:
                return Answer(answer.status, answer.headers, answer.read().decode())
        except urllib.error.HTTPError as answer:
            with answer:
                return Answer(answer.code, answer.headers, answer.read().decode())

    def _wait_until_ready(self) -> None:
        """Wait until the server answers."""
        deadline = time.monotonic() + 60
        while True:
            try:
                self.get("/healthz")
                return
            except urllib.error.URLError:
                assert time.monotonic() < deadline, "The site does not answer."
                time.sleep(0.1)
