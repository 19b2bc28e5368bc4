"""Checks of the settings: Django's system checks, the environment, misspelt names."""

from __future__ import annotations

import difflib
import re
from pathlib import Path

from django.conf import settings
from django.core import checks
from django.db import DatabaseError, InterfaceError

from .database import database_exists
from .results import CheckResult, failed, ok

LOCAL_HOSTS = frozenset({"localhost", "127.0.0.1", "[::1]", "::1", "testserver"})
USE_PRODUCTION = (
    "Set D0010_ENV=production in .env, and restart the site: in development errors "
    "show settings and data."
)

# In .env.example each setting is a comment.
_NAME_IN_EXAMPLE = re.compile(r"^#([A-Z][A-Z0-9_]*)=", re.MULTILINE)
_NAME = re.compile(r"^[ \t]*(?:export[ \t]+)?(\w+)[ \t]*=", re.MULTILINE)
# Python and its libraries read these.
_OTHER_VARIABLES = frozenset({"TMPDIR", "TZ", "SSL_CERT_FILE", "SSL_CERT_DIR"})


def system_checks() -> CheckResult:
    """Run Django's system checks, in production those of `check --deploy` too."""
    try:
        messages = _messages(["default"] if database_exists() else [])
    except (DatabaseError, InterfaceError):
        # The check of the database names the cause.
        messages = _messages([])
    if messages:
        return failed(
            " ".join(f"{message.id}: {message.msg}" for message in messages),
            " ".join(message.hint for message in messages if message.hint),
        )
    return ok("no issues")


def _messages(databases: list[str]) -> list[checks.CheckMessage]:
    found = checks.run_checks(
        include_deployment_checks=settings.IS_PRODUCTION, databases=databases
    )
    return [
        message
        for message in found
        if message.level >= checks.WARNING and not message.is_silenced()
    ]


def environment() -> CheckResult:
    """Check that a site with a name of its own is not in development."""
    others = sorted({*settings.ALLOWED_HOSTS} - LOCAL_HOSTS)
    if settings.D0010_ENV == "development" and others:
        return failed(
            f"D0010_ENV is development, and ALLOWED_HOSTS has {others[0]}",
            USE_PRODUCTION,
        )
    return ok(settings.D0010_ENV)


def setting_names() -> CheckResult:
    """Check that every name in .env is that of a setting."""
    known = {*_NAME_IN_EXAMPLE.findall(_text(".env.example"))}
    names = {*_NAME.findall(_text(".env"))} if known else set()
    unknown = sorted(names - known - _OTHER_VARIABLES)
    if not unknown:
        return ok("all names in .env are known")
    similar = difflib.get_close_matches(unknown[0].upper(), known, n=1)
    meant = f"Write {similar[0]}" if similar else "Correct the name"
    return failed(
        f".env has {', '.join(unknown)}, which is no setting",
        f"{meant}, or remove the line; documentation/SETTINGS.md lists all settings.",
    )


def _text(name: str) -> str:
    path = Path(settings.BASE_DIR, name)
    return path.read_text(encoding="utf-8") if path.exists() else ""
