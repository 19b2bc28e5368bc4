"""Requests in a second of a few clients, as a share of those of a view without rows.

What is asked again comes from the cache of answers. What is not cached is asked with
other parameters each time.
"""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import count, islice
from urllib.parse import urlencode

from django.urls import reverse

from meter_readings.models import Reading

from .client import request_all

CLIENTS = 8
REQUESTS_PER_CLIENT = 40
READINGS_ON_PAGE = 100

_INDEX = "Index, which reads no rows"

# Titles and paths; {number} is another one in each request.
type Cases = Mapping[str, str]


def throughput_cases() -> Cases:
    """Return what is requested; the latest import has one meter point's readings."""
    mpan = Reading.objects.latest("flow_file_id", "pk").meter.meter_point.mpan
    page = {"page_size": READINGS_ON_PAGE}
    query = urlencode({"mpan": mpan, **page})
    readings, latest = reverse("api:reading-list"), reverse("api:reading-latest")
    detail, history, advances = (
        reverse(f"api:meter-point-{name}", args=[mpan])
        for name in ("detail", "readings", "advances")
    )
    # Before all readings: it filters none of them.
    not_cached = "date_from=1980-01-01T00:00:00.{number:06}"
    return {
        _INDEX: reverse("api:versions"),
        "Meter point asked again": detail,
        "Its latest readings asked again": f"{latest}?mpan={mpan}",
        "Its readings by MPAN asked again": f"{readings}?{query}",
        "Its history asked again": f"{history}?{urlencode(page)}",
        "Its advances asked again": advances,
        "Its history, not cached": f"{history}?{urlencode(page)}&{not_cached}",
        "List of readings": f"{readings}?{urlencode(page)}",
    }


def measure_throughput(
    *, port: int, cases: Cases, headers: Mapping[str, str], rounds: int
) -> Iterator[str]:
    """Yield a line for each case: requests in a second, and the share."""
    numbers = count()
    rates: defaultdict[str, list[float]] = defaultdict(list)
    for _ in range(rounds):
        for title, path in cases.items():
            paths = (path.format(number=number) for number in numbers)
            lists = [[*islice(paths, REQUESTS_PER_CLIENT)] for _ in range(CLIENTS)]
            rates[title].append(_rate(port, lists, headers))
    best = {title: max(measured) for title, measured in rates.items()}
    yield f"{CLIENTS} clients, {READINGS_ON_PAGE} readings on a page"
    yield f"{'':<40} {'requests/s':>11} {'share':>7}"
    for title, rate in best.items():
        yield f"{title:<40} {rate:>11,.0f} {rate / best[_INDEX]:>7.2f}"


def _rate(
    port: int, lists: Sequence[Sequence[str]], headers: Mapping[str, str]
) -> float:
    """Return how many requests of all clients are answered in a second."""
    start = time.perf_counter()
    with ThreadPoolExecutor(max_workers=len(lists)) as pool:
        results = [*pool.map(lambda paths: request_all(port, paths, headers), lists)]
    seconds = time.perf_counter() - start
    answers = sum(result.statuses[200] for result in results)
    assert answers == sum(map(len, lists)), results
    return answers / seconds
