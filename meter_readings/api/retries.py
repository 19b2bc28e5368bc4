"""Asking again: under one `Idempotency-Key` a request is carried out once.

As the IETF's draft has it (draft-ietf-httpapi-idempotency-key-header): the same request
gets the same answer, another one under the same key is refused, and so is one that
comes while the first goes on. Without a key the bytes themselves tell a retry.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import cast

from django.contrib.auth.models import User
from django.db.models import QuerySet
from django.http import HttpResponse
from django.utils import timezone
from rest_framework.request import Request

from meter_readings.models import KeptAnswer

from .errors import Problem
from .query import refusal

HEADER = "Idempotency-Key"
# A request that has no answer by then was broken off.
GIVEN_UP_AFTER = timedelta(minutes=10)

_KEY = re.compile(r"[\x21-\x7e](?:[\x20-\x7e]{0,253}[\x21-\x7e])?")
# Headers that an answer keeps.
_TOLD = ("Content-Type", "Location")


class StillGoingOn(Problem):
    """The first request under this key has no answer yet."""

    status_code = 409
    default_detail = "A request with this Idempotency-Key is going on: ask again soon."
    # In seconds
    wait = 5


class KeyOfAnother(Problem):
    """The key was used for something else."""

    status_code = 422
    default_detail = (
        "This Idempotency-Key came with another file, or other parameters, before. "
        "Make a new key for each file."
    )


def once(
    request: Request, fingerprint: Callable[[], str], answer: Callable[[], HttpResponse]
) -> HttpResponse:
    """Return the answer, or the one that was given when the same was asked before.

    `fingerprint` tells what was asked, and may take as long as it takes to send it.
    Raises StillGoingOn, KeyOfAnother, and ValidationError for a key that is none.
    """
    if HEADER not in request.headers:
        return answer()
    key, user = _key(request.headers[HEADER]), cast(User, request.user)
    claim = _claim(user, key, timezone.now())
    if claim.status is not None:
        if claim.fingerprint != fingerprint():
            raise KeyOfAnother
        return HttpResponse(claim.body, status=claim.status, headers=claim.headers)
    return _answer_and_keep(claim, fingerprint, answer)


def _key(text: str) -> str:
    if not _KEY.fullmatch(text):
        raise refusal(HEADER, "Give 1 to 255 printable characters of ASCII.")
    return text


def _claim(user: User, key: str, now: datetime) -> KeptAnswer:
    """Return what is kept under a key, or a row that says that the answer is ours.

    Raises StillGoingOn where it is another's.
    """
    KeptAnswer.objects.filter(asked_at__lt=now - KeptAnswer.KEPT_FOR).delete()
    kept, is_new = KeptAnswer.objects.get_or_create(
        user=user, key=key, defaults={"asked_at": now}
    )
    if not is_new and kept.status is None:
        if kept.asked_at > now - GIVEN_UP_AFTER or not _mine(kept).update(asked_at=now):
            raise StillGoingOn
        kept.asked_at = now
    return kept


def _mine(claim: KeptAnswer) -> QuerySet[KeptAnswer]:
    """Return the row of a claim, unless somebody else has claimed it since."""
    return KeptAnswer.objects.filter(
        pk=claim.pk, asked_at=claim.asked_at, status__isnull=True
    )


def _answer_and_keep(
    claim: KeptAnswer,
    fingerprint: Callable[[], str],
    answer: Callable[[], HttpResponse],
) -> HttpResponse:
    """Return the answer and keep it; what is raised instead may be asked for again."""
    try:
        response = answer()
        _mine(claim).update(
            fingerprint=fingerprint(),
            status=response.status_code,
            headers={name: response[name] for name in _TOLD if name in response},
            body=response.content.decode(),
        )
    except BaseException:
        _mine(claim).delete()
        raise
    return response
