"""Uploads to a real server: many at once, and those that are refused unread."""

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
from meter_readings.tests.flow_file_builder import flow_file_of_readings

from .upload_helpers import FILES, UPLOAD

RETRIES = 50
LARGE = 500 << 20
TEXT = flow_file_of_readings(
    *(f"030|S|202404{day:02}000000|{day}.0|||T|N|" for day in range(1, 29)),
    "030|S|20240301000000|0.5|||T|N|",
)


class Answer(NamedTuple):
    """What a server said."""

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
            scope=ApiToken.Scope.IMPORT,
            days=1,
            now=timezone.now(),
        )
        self.place = self.server_thread.host, self.server_thread.port


class RetriesAtOnceTests(ServerTestCase):
    """A program that hears nothing asks again, and again."""

    def answers(self) -> list[Answer]:
        """Return what each of many who send the same at once is answered."""
        with ThreadPoolExecutor(RETRIES) as clients:
            answers = [clients.submit(self.sent) for _ in range(RETRIES)]
            return [answer.result() for answer in answers]

    def sent(self) -> Answer:
        server = HTTPConnection(*self.place, timeout=60)
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


class UnreadTests(ServerTestCase):
    """A large body is announced, and only its beginning sent."""

    def first_answer(self, address: str, token: str = "", **headers: str) -> str:
        """Return what comes back before the body is sent."""
        said = {
            "Host": "localhost",
            "Content-Type": "multipart/form-data; boundary=x",
            "Content-Length": str(LARGE),
            **headers,
        }
        if token:
            said["Authorization"] = f"Bearer {token}"
        lines = [f"POST {address} HTTP/1.1", *(f"{n}: {v}" for n, v in said.items())]
        with socket.create_connection(self.place, timeout=20) as client:
            client.sendall("\r\n".join([*lines, "", ""]).encode() + b"--x\r\n")
            return client.recv(4096).split(b"\r\n")[0].decode()

    def test_by_nobody_known(self) -> None:
        for address in [FILES, UPLOAD]:
            self.assertIn(" 401 ", self.first_answer(address))

    def test_with_a_token_that_is_none(self) -> None:
        self.assertIn(" 401 ", self.first_answer(FILES, "d0010_nonsense"))

    def test_with_a_token_that_only_reads(self) -> None:
        ApiToken.objects.update(scope=ApiToken.Scope.READ)
        self.assertIn(" 403 ", self.first_answer(FILES, self.token))

    def test_by_who_may_not_import(self) -> None:
        User.objects.update(is_superuser=False)
        self.assertIn(" 403 ", self.first_answer(FILES, self.token))

    def test_by_somebody_signed_in_whose_page_it_is_not(self) -> None:
        self.client.force_login(User.objects.get())
        cookie = self.client.cookies.output(header="", sep=";").strip()
        self.assertIn(" 403 ", self.first_answer(FILES, Cookie=cookie))

    @override_settings(UPLOAD_MAX_MEGABYTES=LARGE >> 21)
    def test_that_is_too_large(self) -> None:
        self.assertIn(" 413 ", self.first_answer(FILES, self.token))

    def test_where_no_file_is_taken(self) -> None:
        for address in ["readings/", "flow-files/1/", "flow-files/upload/1/"]:
            answer = self.first_answer(f"/api/v1/{address}", self.token)
            self.assertRegex(answer, " (404|413) ")

    def test_whose_parameters_make_no_sense(self) -> None:
        answer = self.first_answer(f"{FILES}?colour=red", self.token)
        self.assertIn(" 400 ", answer)
