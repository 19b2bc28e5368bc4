"""How long requests take, and how many queries, on the database of this process."""

from __future__ import annotations

import time
from collections.abc import Iterable
from typing import Any

from django.conf import settings
from django.contrib.auth.models import User
from django.db import connection
from django.test import Client

_NAME = "benchmark"


def tidy() -> dict[str, Any]:
    """Do what a server does by itself, but some time later: clean up and count."""
    with connection.cursor() as cursor:
        cursor.execute("VACUUM" if connection.vendor == "sqlite" else "VACUUM ANALYZE")
    return {}


def signed_in() -> Client:
    """Return somebody who may do anything."""
    # Else every query would be noted down.
    settings.DEBUG = False
    client = Client(SERVER_NAME="localhost")
    user, _ = User.objects.get_or_create(
        username=_NAME, is_staff=True, is_superuser=True
    )
    client.force_login(user)
    return client


def measured(
    client: Client, addresses: Iterable[tuple[str, str]], *, rounds: int
) -> dict[str, dict[str, float]]:
    """Return the seconds and the number of queries of each address, by its title.

    The seconds are the fewest of some rounds: what else the machine does only adds to
    them. Each is asked for once before, as what is used has been.
    """
    return {title: _measured(client, address, rounds) for title, address in addresses}


def _measured(client: Client, address: str, rounds: int) -> dict[str, float]:
    seconds = []
    queries = _Counter()
    with connection.execute_wrapper(queries):
        _look(client, address)
    for _ in range(rounds):
        begin = time.perf_counter()
        _look(client, address)
        seconds.append(time.perf_counter() - begin)
    return {"seconds": min(seconds), "queries": queries.count}


def _look(client: Client, address: str) -> None:
    status = client.get(address).status_code
    assert status == 200, (address, status)


class _Counter:
    """Counts queries as they pass."""

    count = 0

    def __call__(self, execute: Any, *query: Any) -> Any:
        self.count += 1
        return execute(*query)
