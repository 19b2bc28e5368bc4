"""Clients of the API: one that times requests, and many for a load test."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Container, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from http.client import HTTPConnection, HTTPException
from statistics import median, quantiles
from typing import Any

from django.contrib.auth.models import User
from django.core.cache import caches
from django.db import connection
from django.test import Client
from django.utils import timezone

from meter_readings.accounts import api_tokens
from meter_readings.models import ApiToken

from .gunicorn import HOST

_TIMEOUT_SECONDS = 600

# The seconds and the number of queries of each request, by its title
type Timings = Mapping[str, Mapping[str, float]]


def superuser_client() -> Client:
    client = Client(SERVER_NAME="localhost")
    client.force_login(_superuser())
    return client


def auth_headers() -> dict[str, str]:
    """Return the header with a new API token of a superuser."""
    _, secret = api_tokens.create_token(
        user=_superuser(),
        name="benchmark",
        scope=ApiToken.Scope.BOTH,
        days=1,
        now=timezone.now(),
    )
    return {"Authorization": f"Bearer {secret}"}


def _superuser() -> User:
    return User.objects.get_or_create(
        username="benchmark", is_staff=True, is_superuser=True
    )[0]


def time_requests(
    paths: Mapping[str, str], *, rounds: int, cached: Container[str]
) -> Timings:
    """Return the timing of each path, by the titles of `paths`.

    The seconds are the median of the rounds, after one request that fills the caches.
    They are without cached answers, unless the title is one of `cached`.
    """
    client = superuser_client()
    return {
        title: _time_request(client, path, rounds, is_cached=title in cached)
        for title, path in paths.items()
    }


def _time_request(
    client: Client, path: str, rounds: int, *, is_cached: bool
) -> dict[str, float]:
    if is_cached:
        _get(client, path)
    else:
        caches["answers"].clear()
    queries = _QueryCounter()
    with connection.execute_wrapper(queries):
        _get(client, path)
    seconds = []
    for _ in range(rounds):
        if not is_cached:
            caches["answers"].clear()
        start = time.perf_counter()
        _get(client, path)
        seconds.append(time.perf_counter() - start)
    return {"seconds": median(seconds), "queries": queries.count}


def _get(client: Client, path: str) -> None:
    status = client.get(path).status_code
    # The search redirects to the page of the only row that it finds.
    assert status in (200, 302), (path, status)


class _QueryCounter:
    count = 0

    def __call__(self, execute: Any, *query: Any) -> Any:
        self.count += 1
        return execute(*query)


@dataclass(frozen=True)
class LoadTestResult:
    """Answers by status, their seconds, and requests without an answer by error."""

    statuses: Counter[int] = field(default_factory=Counter)
    seconds: list[float] = field(default_factory=list)
    errors: Counter[str] = field(default_factory=Counter)

    def add(self, other: LoadTestResult) -> None:
        self.statuses.update(other.statuses)
        self.seconds.extend(other.seconds)
        self.errors.update(other.errors)

    def summary_lines(self) -> Iterator[str]:
        for status, count in sorted(self.statuses.items()):
            yield f"Status {status}: {count}"
        for error, count in self.errors.items():
            yield f"No answer, {error}: {count}"
        if self.seconds:
            percentiles = quantiles(self.seconds, n=100, method="inclusive")
            median, slowest = percentiles[49], percentiles[98]
            yield f"Median {median:.2f} s, 99th percentile {slowest:.2f} s"


def run_load_test(
    *, port: int, clients: int, paths: Sequence[str], headers: Mapping[str, str]
) -> LoadTestResult:
    """Let `clients` clients request all paths at the same time, each in turn.

    Each client has one connection, and opens another if the server closes it.
    """
    with ThreadPoolExecutor(max_workers=clients) as pool:
        results = [
            pool.submit(request_all, port, paths, headers) for _ in range(clients)
        ]
    total = LoadTestResult()
    for result in results:
        total.add(result.result())
    return total


def request_all(
    port: int, paths: Sequence[str], headers: Mapping[str, str]
) -> LoadTestResult:
    """Request all paths in turn, as one client."""
    result = LoadTestResult()
    connection = HTTPConnection(HOST, port, timeout=_TIMEOUT_SECONDS)
    for path in paths:
        start = time.perf_counter()
        try:
            connection.request("GET", path, headers=dict(headers))
            response = connection.getresponse()
            response.read()
        except (OSError, HTTPException) as error:
            result.errors[type(error).__name__] += 1
            connection.close()
        else:
            result.statuses[response.status] += 1
            result.seconds.append(time.perf_counter() - start)
    connection.close()
    return result
