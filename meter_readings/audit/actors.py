"""Actors: the user or program that a request or a command acts for."""

from __future__ import annotations

import getpass
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from typing import NamedTuple

from django.http import HttpRequest

from meter_readings.models import ApiToken, ImportJob

_API_PREFIX = "/api/"


class Actor(NamedTuple):
    """Who acts, through which channel; `user_id` is None for a system user.

    What one request or one command does has one `request_id`.
    """

    channel: ImportJob.Channel
    username: str
    user_id: int | None = None
    token: str = ""
    request_id: str = ""


_current: ContextVar[Callable[[], Actor] | None] = ContextVar("actor", default=None)


@contextmanager
def acting_as(get_actor: Callable[[], Actor]) -> Iterator[None]:
    """Let `get_actor` give the actor of what is recorded in this context.

    It is called for each event, because a request has no user before it is
    authenticated.
    """
    token = _current.set(get_actor)
    try:
        yield
    finally:
        _current.reset(token)


def current_actor() -> Actor:
    """Return the actor of the context; outside of one, the system user."""
    get_actor = _current.get()
    return get_actor() if get_actor else command_actor(request_id="")


def command_actor(*, request_id: str | None = None) -> Actor:
    """Return the system user, with a request id of its own unless one is given."""
    if request_id is None:
        request_id = str(uuid.uuid4())
    channel = ImportJob.Channel.COMMAND
    return Actor(channel, system_username(), request_id=request_id)


def request_actor(request: HttpRequest) -> Actor:
    """Return the user of a request, with the API token by which it came."""
    is_api = request.path_info.startswith(_API_PREFIX)
    # Middleware that answers first leaves a request without a user.
    user = getattr(request, "user", None)
    # Django REST framework stores the token here.
    token = getattr(request, "auth", None)
    return Actor(
        ImportJob.Channel.API if is_api else ImportJob.Channel.ADMIN,
        user.get_username() if user else "",
        user.pk if user else None,
        f"{token.name} ({token.prefix})" if isinstance(token, ApiToken) else "",
        getattr(request, "request_id", ""),
    )


def system_username() -> str:
    """Return the name of the system user; "" if it has none, as in some containers."""
    with suppress(OSError):
        return getpass.getuser()
    return ""
