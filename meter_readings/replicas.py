"""A replica of the database, for those who only look and may see it a moment old.

They say so by `may_be_old`. What they then ask of readings, and of what is beside them,
is asked of one database to the end: the replica where it can be used, or else the
primary. Everything else, and everybody else, asks the primary.
"""

from __future__ import annotations

import logging
import math
import time
from collections import deque
from collections.abc import Generator, Iterator
from contextlib import closing, contextmanager
from contextvars import ContextVar
from typing import Any

from django.conf import settings
from django.db import (
    DEFAULT_DB_ALIAS,
    DatabaseError,
    InterfaceError,
    connection,
    connections,
)
from django.db.models import Model

logger = logging.getLogger(__name__)

REPLICA = "replica"
# Who may look, and by which token, is always asked of the primary.
_READ_THERE = frozenset({"flowfile", "meter", "meterpoint", "reading", "sitevisit"})
# How long one that was away is not asked again: to be told so can take seconds.
_REST_SECONDS = 10

# What is safe on the primary, as a number that only grows.
_SAFE = "SELECT pg_wal_lsn_diff(pg_current_wal_flush_lsn(), '0/0')::bigint"
# What the replica has of it, and how long ago the latest commit was that it knows. One
# that has become a primary itself has nothing.
_REPLAYED = """
SELECT
    CASE WHEN pg_is_in_recovery()
        THEN pg_wal_lsn_diff(pg_last_wal_replay_lsn(), '0/0')::bigint
    END,
    GREATEST(EXTRACT(EPOCH FROM now() - pg_last_xact_replay_timestamp()), 0)::float
"""


class _Choice:
    """Which database is asked; it is chosen when the first question comes."""

    def __init__(self) -> None:
        self._alias = ""

    @property
    def alias(self) -> str:  # postgresql only
        """Return the name of the connection."""
        if not self._alias:
            self._alias = REPLICA if _is_good() else DEFAULT_DB_ALIAS
        return self._alias


_choice: ContextVar[_Choice | None] = ContextVar("choice", default=None)
_asked_again_at = 0.0
# When this process saw what on the primary, a second and more apart
_seen: deque[tuple[float, int]] = deque(maxlen=100)


@contextmanager
def may_be_old() -> Iterator[None]:
    """Let what is asked inside be answered by the replica."""
    with _kept(_Choice()):
        yield


def throughout(lines: Generator[bytes]) -> Generator[bytes]:
    """Return lines that ask, whenever they are fetched, what would be asked now."""
    return _fetched(lines, _choice.get())


def _fetched(lines: Generator[bytes], choice: _Choice | None) -> Generator[bytes]:
    with closing(lines):
        while True:
            # Not around the yield: whoever fetches asks for himself.
            with _kept(choice):
                line = next(lines, None)
            if line is None:
                return
            yield line


@contextmanager
def _kept(choice: _Choice | None) -> Iterator[None]:
    token = _choice.set(choice)
    try:
        yield
    finally:
        _choice.reset(token)


class Router:  # postgresql only
    """Tells Django which database to ask."""

    def db_for_read(self, model: type[Model], **hints: Any) -> str | None:
        """Return the one that was chosen, for what may be old."""
        choice = _choice.get()
        if choice is None or model._meta.model_name not in _READ_THERE:
            return DEFAULT_DB_ALIAS
        return choice.alias

    def db_for_write(self, model: type[Model], **hints: Any) -> str:
        """Return the primary."""
        return DEFAULT_DB_ALIAS

    def allow_relation(self, one: Model, other: Model, **hints: Any) -> bool:
        """Return that rows of both may be set beside each other: they are the same."""
        return True

    def allow_migrate(self, db: str, app_label: str, **hints: Any) -> bool:
        """Return that tables are made on the primary alone."""
        return db == DEFAULT_DB_ALIAS


def is_set_up() -> bool:
    """Return whether somebody is sent to a replica."""
    return bool(settings.DATABASE_ROUTERS)


def seconds_behind() -> float:  # postgresql only
    """Return how far the replica is behind at most; infinity where it cannot be used.

    During a long load nothing is committed: that the latest commit is old does not
    mean that the replica is. What it has was safe on the primary when this process saw
    that there, which may be less long ago.
    """
    now = time.monotonic()
    with connection.cursor() as cursor:
        cursor.execute(_SAFE)
        (safe,) = cursor.fetchone()
    try:
        with connections[REPLICA].cursor() as cursor:
            cursor.execute(_REPLAYED)
            replayed, since_commit = cursor.fetchone()
    except (DatabaseError, InterfaceError) as error:
        logger.warning("The replica cannot be used (%s).", type(error).__name__)
        return math.inf
    if replayed is None:
        logger.warning("The replica is none any more.")
        return math.inf
    known = [now - at for at, position in list(_seen) if position <= replayed]
    if not _seen or now - _seen[-1][0] >= 1:
        _seen.append((now, safe))
    if replayed >= safe:
        return 0
    return min([*known, math.inf if since_commit is None else since_commit])


def _is_good() -> bool:  # postgresql only
    """Return whether the replica is there, and not too far behind."""
    global _asked_again_at
    if time.monotonic() < _asked_again_at:
        return False
    seconds = seconds_behind()
    if seconds == math.inf:
        _asked_again_at = time.monotonic() + _REST_SECONDS
    return seconds <= settings.DB_REPLICA_MAX_LAG
