"""Checks of the settings: Django's system checks."""

from __future__ import annotations

from django.conf import settings
from django.core import checks

from .database import database_exists
from .results import CheckResult, failed, ok


def system_checks() -> CheckResult:
    """Run Django's system checks, in production those of `check --deploy` too."""
    messages = [
        message
        for message in checks.run_checks(
            include_deployment_checks=settings.IS_PRODUCTION,
            databases=["default"] if database_exists() else [],
        )
        if message.level >= checks.WARNING and not message.is_silenced()
    ]
    if messages:
        return failed(
            " ".join(f"{message.id}: {message.msg}" for message in messages),
            " ".join(message.hint for message in messages if message.hint),
        )
    return ok("no issues")
