"""Validation of the production settings."""

from __future__ import annotations

import re
from pathlib import Path

from django.core.exceptions import ImproperlyConfigured

_MIN_SECRET_KEY, _MIN_METRICS_TOKEN, _MIN_PSEUDONYM_KEY = 50, 20, 32
# Files of the repository from which a key could have been copied
_PUBLISHED_FILES = (
    ".env.example",
    "*.md",
    "documentation/*.md",
    "deployment_scripts/*",
)
_HOST = re.compile(r"[A-Za-z0-9]([A-Za-z0-9.-]*[A-Za-z0-9])?|\[[0-9A-Fa-f:.]+\]")


def validate_production_settings(
    *,
    project: Path,
    secret_key: str,
    allowed_hosts: list[str],
    metrics_token: str,
    pseudonym_key: str,
) -> None:
    """Raise ImproperlyConfigured for settings that are not safe in production.

    `metrics_token` may be "": then there are no metrics.
    """
    if (
        len(secret_key) < _MIN_SECRET_KEY
        or len(set(secret_key)) < 5
        or secret_key.startswith("django-insecure-")
        or _is_in_repository(secret_key, project)
    ):
        raise ImproperlyConfigured(
            "SECRET_KEY must be a random text of 50 characters or more in production, "
            "and not one that is published. "
            'Make one: python -c "import secrets; print(secrets.token_urlsafe(50))"'
        )
    if not allowed_hosts or not all(map(_HOST.fullmatch, allowed_hosts)):
        raise ImproperlyConfigured(
            "ALLOWED_HOSTS must list this site's exact names in production, "
            "separated by commas, without wildcards, https:// and ports."
        )
    if metrics_token and len(metrics_token) < _MIN_METRICS_TOKEN:
        raise ImproperlyConfigured(
            "METRICS_TOKEN must be a random text of 20 characters or more. "
            'Make one: python -c "import secrets; print(secrets.token_urlsafe(30))"'
        )
    # With a short key, all possible MPANs could be tried against a pseudonym.
    if len(pseudonym_key.encode()) < _MIN_PSEUDONYM_KEY:
        raise ImproperlyConfigured(
            "PSEUDONYM_KEY must be a random text of 32 characters or more. "
            'Make one: python -c "import secrets; print(secrets.token_urlsafe(50))"'
        )


def _is_in_repository(secret_key: str, project: Path) -> bool:
    """Return whether a key is written in a file of the repository."""
    return any(
        secret_key in path.read_text(encoding="utf-8", errors="replace")
        for pattern in _PUBLISHED_FILES
        for path in project.glob(pattern)
        # deployment_scripts/ can contain __pycache__/.
        if path.is_file()
    )
