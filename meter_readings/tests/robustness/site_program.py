"""A process of the site, which keeps its connections between requests.

It has one browser. It also runs commands, each with new connections, so that a test
need not start a process for each.
"""

from __future__ import annotations

import contextlib
import io
import json
import logging
import sys
from typing import Any

from django.contrib.auth.models import User
from django.core.management import CommandError, call_command
from django.db import close_old_connections, connections
from django.test import Client

from .subprocesses import say

_browser = Client()


def main() -> None:
    """Answer requests until there are no more."""
    logging.disable()
    for line in sys.stdin:
        request = json.loads(line)
        status, text = _ACTIONS[request.pop("do")](**request)
        say(status=status, text=text)


def _command(arguments: list[str]) -> tuple[int, str]:
    """Run a command; return its exit code, which is 0 or 1, and its output."""
    connections.close_all()
    code, output = 0, io.StringIO()
    with contextlib.redirect_stdout(output), contextlib.redirect_stderr(io.StringIO()):
        try:
            call_command(*arguments)
        except (CommandError, SystemExit) as error:
            code = 1
            print(error)
    return code, output.getvalue()


def _request(path: str, method: str, token: str) -> tuple[int, str]:
    """Send a request with a token, or else by the browser."""
    close_old_connections()
    client, headers = _browser, {"Host": "127.0.0.1"}
    if token:
        client, headers = Client(), headers | {"Authorization": f"Bearer {token}"}
    answer: Any = getattr(client, method)(path, headers=headers)
    text = b"".join(answer).decode()
    answer.close()
    return answer.status_code, text


def _sign_in(username: str) -> tuple[int, str]:
    """Sign in by the browser as a user who has sent no form yet."""
    _browser.cookies.clear()
    _browser.force_login(User.objects.get(username=username))
    return 0, ""


_ACTIONS = {"command": _command, "request": _request, "sign in": _sign_in}
