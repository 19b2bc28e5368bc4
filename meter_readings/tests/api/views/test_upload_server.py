"""Uploads to a real server: concurrent ones, and refusals before a body is read."""

from __future__ import annotations

import json
import socket
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from http.client import HTTPConnection
from typing import Any, NamedTuple

from django.contrib.auth.models import User
from django.core.servers.basehttp import ThreadedWSGIServer
from django.test import LiveServerTestCase, override_settings
from django.test.testcases import LiveServerThread
from django.utils import timezone

from meter_readings.accounts import api_tokens
from meter_readings.models import ApiToken, FlowFile, Reading
from meter_readings.tests.api.upload_helpers import FILES, UPLOAD
from meter_readings.tests.support.flow_file_builder import flow_file_of_readings

RETRIES = 50
LARGE = 500 << 20
TEXT = flow_file_of_readings(
    *(f"030|S|202404{day:02}000000|{day}.0|||T|N|" for day in range(1, 29)),
    "030|S|20240301000000|0.5|||T|N|",
)


class Answer(NamedTuple):
    """A response of the server."""

    status: int
    body: dict[str, Any]


class RoomyServer(ThreadedWSGIServer):
    # Django's own lets ten wait to be let in, and may reset the eleventh.
    request_queue_size = 2 * RETRIES


class RoomyServerThread(LiveServerThread):
    server_class = RoomyServer


class ServerTestCase(LiveServerTestCase):
    server_thread_class = RoomyServerThread

    def setUp(self) -> None:
        user = User.objects.create_superuser("program")
        _, self.token = api_tokens.create_token(
            user=user,
            name="test",
            scope=ApiToken.Scope.BOTH,
            days=1,
            now=timezone.now(),
        )
        self.place = self.server_thread.host, self.server_thread.port


class ConcurrentUploadTests(ServerTestCase):
    """A client sends the same file again before it has a response."""

    def answers(self) -> list[Answer]:
        """Return the responses to concurrent uploads of the same file."""
        with ThreadPoolExecutor(RETRIES) as clients:
            answers = [clients.submit(self.sent) for _ in range(RETRIES)]
            return [answer.result() for answer in answers]

    def sent(self) -> Answer:
        server = HTTPConnection(*self.place, timeout=600)
        headers = {
            "Authorization": f"Bearer {self.token}",
            "Content-Type": "text/plain",
        }
        server.request("POST", f"{FILES}?filename=a.uff", TEXT.encode(), headers)
        response = server.getresponse()
        answer = Answer(response.status, json.loads(response.read()))
        server.close()
        return answer

    def test_one_of_fifty_equal_uploads_imports_and_the_others_are_duplicates(
        self,
    ) -> None:
        answers = self.answers()
        statuses = Counter(answer.status for answer in answers)
        self.assertEqual(statuses, {201: 1, 200: RETRIES - 1})
        files = {answer.body["flow_file"]["id"] for answer in answers}
        self.assertEqual(len(files), 1)
        self.assertEqual(FlowFile.objects.count(), 1)
        self.assertEqual(Reading.objects.count(), 29)


class UnreadBodyTests(ServerTestCase):
    """Content-Length announces a large body; only its start is sent."""

    def first_answer(self, url: str, token: str = "", **headers: str) -> str:
        """Return what comes back before the body is sent."""
        said = {
            "Host": "localhost",
            "Content-Type": "multipart/form-data; boundary=x",
            "Content-Length": str(LARGE),
            **headers,
        }
        if token:
            said["Authorization"] = f"Bearer {token}"
        lines = [f"POST {url} HTTP/1.1", *(f"{n}: {v}" for n, v in said.items())]
        with socket.create_connection(self.place, timeout=20) as client:
            client.sendall("\r\n".join([*lines, "", ""]).encode() + b"--x\r\n")
            return client.recv(4096).split(b"\r\n")[0].decode()

    def test_an_anonymous_upload_is_401_before_the_body_is_read(self) -> None:
        for url in [FILES, UPLOAD]:
            self.assertIn(" 401 ", self.first_answer(url))

    def test_an_invalid_token_is_401_before_the_body_is_read(self) -> None:
        self.assertIn(" 401 ", self.first_answer(FILES, "d0010_nonsense"))

    def test_a_read_token_is_403_before_the_body_is_read(self) -> None:
        ApiToken.objects.update(scope=ApiToken.Scope.READ)
        self.assertIn(" 403 ", self.first_answer(FILES, self.token))

    def test_a_missing_permission_is_403_before_the_body_is_read(self) -> None:
        User.objects.update(is_superuser=False)
        self.assertIn(" 403 ", self.first_answer(FILES, self.token))

    def test_a_session_without_csrf_token_is_403_before_the_body_is_read(self) -> None:
        self.client.force_login(User.objects.get())
        cookie = self.client.cookies.output(header="", sep=";").strip()
        self.assertIn(" 403 ", self.first_answer(FILES, Cookie=cookie))

    @override_settings(UPLOAD_MAX_MEGABYTES=LARGE >> 21)
    def test_a_body_above_the_limit_is_413_before_it_is_read(self) -> None:
        self.assertIn(" 413 ", self.first_answer(FILES, self.token))

    def test_a_large_body_to_another_url_is_refused_before_it_is_read(self) -> None:
        for url in ["readings/", "flow-files/1/", "flow-files/upload/1/"]:
            answer = self.first_answer(f"/api/v1/{url}", self.token)
            self.assertRegex(answer, " (404|413) ")

    def test_an_invalid_parameter_is_400_before_the_body_is_read(self) -> None:
        answer = self.first_answer(f"{FILES}?colour=red", self.token)
        self.assertIn(" 400 ", answer)
