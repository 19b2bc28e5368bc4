"""What is made of a server that answers badly, or not at all."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Thread
from unittest import TestCase

from meter_readings.benchmarks.crowds import Answers, asked_by_all

NOTHING_HERE = b"HTTP/1.1 404 Not Found\r\nContent-Length: 2\r\n"


@contextmanager
def server(*answers: bytes) -> Iterator[int]:
    """Answer one connection after another with one of these each, and hang up."""
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def serve() -> None:
            for answer in answers:
                connection, _ = listening.accept()
                with connection:
                    connection.recv(1 << 16)
                    connection.sendall(answer)

        thread = Thread(target=serve)
        thread.start()
        yield listening.getsockname()[1]
        thread.join()


def asked(port: int, *, requests: int = 1) -> Answers:
    """Let one client ask so often."""
    return asked_by_all(
        port=port, clients=1, addresses=["/"] * requests, headers={"Cookie": "a=b"}
    )


class AskedByAllTests(TestCase):
    def test_counts_what_each_answer_was(self) -> None:
        with server(NOTHING_HERE + b"\r\nno") as port:
            answers = asked(port)
        self.assertEqual(answers.statuses, {404: 1})
        self.assertEqual(len(answers.seconds), 1)

    def test_connects_again_where_the_server_has_said_goodbye(self) -> None:
        goodbye = NOTHING_HERE + b"Connection: close\r\n\r\nno"
        with server(goodbye, goodbye) as port:
            answers = asked(port, requests=2)
        self.assertEqual(answers.statuses, {404: 2})
        self.assertEqual(answers.broken, {})

    def test_counts_an_answer_that_breaks_off_and_goes_on(self) -> None:
        with server(NOTHING_HERE + b"\r\nn", NOTHING_HERE + b"\r\nno") as port:
            answers = asked(port, requests=2)
        self.assertEqual(answers.broken, {"IncompleteReadError": 1})
        self.assertEqual(answers.statuses, {404: 1})

    def test_counts_who_was_not_let_in(self) -> None:
        with socket.create_server(("127.0.0.1", 0)) as listening:
            port = listening.getsockname()[1]
        answers = asked(port)
        self.assertEqual(answers.broken, {"ConnectionRefusedError": 1})
        self.assertEqual([*answers.told()], ["No answer, ConnectionRefusedError: 1"])


class AnswersTests(TestCase):
    def test_tells_how_fast_half_and_nearly_all_were(self) -> None:
        answers = asked_by_all(port=0, clients=0, addresses=[], headers={})
        answers.seconds.extend(number / 10 for number in range(101))
        answers.statuses[200] = 101
        self.assertEqual(
            [*answers.told()],
            ["Status 200: 101", "Half within 5.00 s, 99 of 100 within 9.90 s"],
        )
