"""Answers that are asked again, cached until readings change.

They are about one meter point, or the numbers of all readings.

The key of an answer has the data version, which every transaction that changes readings
renews in the database. The version is read before the readings are: an answer may
then have newer readings than its version says, but never older ones. Permissions
are checked before, at every request.
"""

from __future__ import annotations

import hashlib
import json
import logging
from collections.abc import Callable
from typing import Any

from django.contrib.auth.models import AnonymousUser, User
from django.core.cache import caches
from prometheus_client import Counter

import meter_readings
from meter_readings.models import DataVersion

from .exceptions import cache_exceptions

logger = logging.getLogger(__name__)

MAX_BYTES = 256 * 1024
SECONDS = 300

_CACHED_ANSWERS = Counter(
    "d0010_cached_answers",
    "Answers that may be cached, by whether they came from the cache.",
    ["result"],
)
_HITS, _MISSES = (_CACHED_ANSWERS.labels(result) for result in ("hit", "miss"))


class AnswerSlot:
    """The place of one answer; `content` is the answer, None if it is not cached.

    Users with the same permissions share answers; without a user all do. `question` is
    all else that the answer depends on, besides the database.
    """

    def __init__(self, user: User | AnonymousUser | None, *question: object) -> None:
        self._key = ""
        self.content: bytes | None = None
        version = DataVersion.objects.current_text()
        if version is not None:
            self._key = _key(version, _permissions(user), question)
            self.content = self._read()
        (_MISSES if self.content is None else _HITS).inc()

    def _read(self) -> bytes | None:
        try:
            content: bytes | None = caches["answers"].get(self._key)
        except cache_exceptions() as error:  # redis only
            self._give_up(error)
            return None
        return content

    def store(self, content: bytes) -> None:
        """Cache an answer that was computed after this slot was made."""
        if not self._key or len(content) > MAX_BYTES:
            return
        try:
            caches["answers"].set(self._key, content, SECONDS)
        except cache_exceptions() as error:  # redis only
            self._give_up(error)

    def _give_up(self, error: Exception) -> None:  # redis only
        """Answer without the cache; do not wait for it a second time."""
        logger.warning("Answers are not cached (%s).", type(error).__name__)
        self._key = ""


def cached_numbers(compute: Callable[[], Any], question: str) -> Any:
    """Return numbers that are the same for all users, as lists of JSON."""
    return json.loads(cached_text(lambda: json.dumps(compute()), None, question))


def cached_text(
    compute: Callable[[], str], user: User | AnonymousUser | None, *question: object
) -> str:
    """Return the text of an answer; compute it if it is not cached."""
    slot = AnswerSlot(user, *question)
    if slot.content is not None:
        return slot.content.decode()
    text = compute()
    slot.store(text.encode())
    return text


def _permissions(user: User | AnonymousUser | None) -> list[str]:
    if user is None:
        return []
    # For a superuser Django would read all permissions that exist.
    return ["superuser"] if user.is_superuser else sorted(user.get_all_permissions())


def _key(version: str, permissions: list[str], question: tuple[object, ...]) -> str:
    """Return a key that shows no MPAN."""
    parts = [version, meter_readings.__version__, permissions, *question]
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()
