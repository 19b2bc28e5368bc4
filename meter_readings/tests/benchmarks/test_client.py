"""Tests of load test clients against servers that answer badly, or not at all."""

from __future__ import annotations

import socket
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Thread
from unittest import TestCase

from meter_readings.benchmarks.client import LoadTestResult, run_load_test

NOT_FOUND = b"HTTP/1.1 404 Not Found\r\nContent-Length: 2\r\n"


@contextmanager
def server(*answers: bytes) -> Iterator[int]:
    """Send one of the answers on each connection, then close the connection."""
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


def load_test(port: int, *, requests: int = 1) -> LoadTestResult:
    """Send requests of one client."""
    return run_load_test(
        port=port, clients=1, paths=["/"] * requests, headers={"Cookie": "a=b"}
    )


class RunLoadTestTests(TestCase):
    def test_load_test_counts_answers_by_status(self) -> None:
        with server(NOT_FOUND + b"\r\nno") as port:
            result = load_test(port)
        self.assertEqual(result.statuses, {404: 1})
        self.assertEqual(len(result.seconds), 1)

    def test_client_reconnects_when_the_server_closes_the_connection(self) -> None:
        closing = NOT_FOUND + b"Connection: close\r\n\r\nno"
        with server(closing, closing) as port:
            result = load_test(port, requests=2)
        self.assertEqual(result.statuses, {404: 2})
        self.assertEqual(result.errors, {})

    def test_client_counts_an_incomplete_answer_and_continues(self) -> None:
        with server(NOT_FOUND + b"\r\nn", NOT_FOUND + b"\r\nno") as port:
            result = load_test(port, requests=2)
        self.assertEqual(result.errors, {"IncompleteRead": 1})
        self.assertEqual(result.statuses, {404: 1})

    def test_client_counts_a_refused_connection(self) -> None:
        with socket.create_server(("127.0.0.1", 0)) as listening:
            port = listening.getsockname()[1]
        result = load_test(port)
        self.assertEqual(result.errors, {"ConnectionRefusedError": 1})
        self.assertEqual(
            [*result.summary_lines()], ["No answer, ConnectionRefusedError: 1"]
        )


class LoadTestResultTests(TestCase):
    def test_summary_has_median_and_99th_percentile(self) -> None:
        result = LoadTestResult(
            statuses=Counter({200: 101}), seconds=[number / 10 for number in range(101)]
        )
        self.assertEqual(
            [*result.summary_lines()],
            ["Status 200: 101", "Median 5.00 s, 99th percentile 9.90 s"],
        )
