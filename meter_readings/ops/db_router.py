"""Database router: sends reads of readings to a replica, if there is one.

A view that accepts data a moment old reads inside `allow_stale_reads`. All other reads
and all writes use the primary. How far the replica lags is left to monitoring; for a
minute after a user has changed something, the user's pages come from the primary.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator
from contextlib import closing, contextmanager
from contextvars import ContextVar, copy_context
from typing import Any

from django.conf import settings
from django.db import DEFAULT_DB_ALIAS
from django.db.models import Model
from django.http import HttpRequest, HttpResponse
from django.template.response import SimpleTemplateResponse

REPLICA = "replica"
# Users, permissions and API tokens are always read from the primary: a token that was
# revoked must be refused at once.
_REPLICATED_MODELS = {
    "flowfile",
    "meter",
    "meterpoint",
    "reading",
    "sitevisit",
    # A cached answer has the version of the database that it was read from.
    "dataversion",
}

# A browser with this cookie has changed something in the last seconds.
_CHANGED_COOKIE = "changed_lately"
_CHANGED_SECONDS = 60
_SAFE_METHODS = {"GET", "HEAD", "OPTIONS"}

_read_alias: ContextVar[str] = ContextVar("read_alias", default=DEFAULT_DB_ALIAS)


class ReplicaRouter:
    """A database router; it is in use only if DB_REPLICA_HOST is set."""

    def db_for_read(self, model: type[Model], **hints: Any) -> str:
        if model._meta.model_name in _REPLICATED_MODELS:
            return _read_alias.get()
        return DEFAULT_DB_ALIAS

    def db_for_write(self, model: type[Model], **hints: Any) -> str:
        return DEFAULT_DB_ALIAS

    def allow_relation(self, one: Model, other: Model, **hints: Any) -> bool:
        # The replica has the same rows as the primary.
        return True

    def allow_migrate(self, db: str, app_label: str, **hints: Any) -> bool:
        return db == DEFAULT_DB_ALIAS


@contextmanager
def allow_stale_reads() -> Iterator[None]:
    """Read from the replica inside this context, if there is one."""
    token = _read_alias.set(REPLICA)
    try:
        yield
    finally:
        _read_alias.reset(token)


def stale_page(request: HttpRequest, view: Callable[[], HttpResponse]) -> HttpResponse:
    """Return the page of a view, from the replica unless its user changes something."""
    if request.method not in _SAFE_METHODS or _CHANGED_COOKIE in request.COOKIES:
        return view()
    with allow_stale_reads():
        response = view()
        if isinstance(response, SimpleTemplateResponse):
            # The querysets in its context are read from the same database.
            response.render()
        return response


class ReadYourWritesMiddleware:
    """Marks the browser of a signed-in user who has changed something, for a minute."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self._get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self._get_response(request)
        has_session = settings.SESSION_COOKIE_NAME in request.COOKIES
        if has_session and request.method not in _SAFE_METHODS:
            response.set_cookie(
                _CHANGED_COOKIE,
                "1",
                max_age=_CHANGED_SECONDS,
                secure=settings.SESSION_COOKIE_SECURE,
                httponly=True,
                samesite="Lax",
            )
        return response


def keep_database_for(chunks: Generator[bytes]) -> Generator[bytes]:
    """Return the chunks of a streamed response, read from the database of its view.

    Django reads them after the view has returned, outside `allow_stale_reads`.
    """
    return _in_context(chunks, copy_context().run)


def _in_context(chunks: Generator[bytes], run: Any) -> Generator[bytes]:
    with closing(chunks):
        while (chunk := run(next, chunks, None)) is not None:
            yield chunk
