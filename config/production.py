"""What production refuses, and what it adds to the settings."""

from __future__ import annotations

import importlib.util
import re
from pathlib import Path
from typing import Any

from django.core.exceptions import ImproperlyConfigured

_SHORTEST_KEY, _SHORTEST_TOKEN, _SHORTEST_PSEUDONYM_KEY = 50, 20, 32
_YEAR = 365 * 24 * 60 * 60
# Where a key could have been copied from
_PUBLISHED = (".env.example", "*.md", "documentation/*.md", "deployment_scripts/*")
_HOST = re.compile(r"[A-Za-z0-9]([A-Za-z0-9.-]*[A-Za-z0-9])?|\[[0-9A-Fa-f:.]+\]")


def refuse(
    *,
    project: Path,
    debug: bool,
    secret_key: str,
    hosts: list[str],
    token: str,
    pseudonym_key: str,
) -> None:
    """Stop a production that would not be safe, with a sentence on what to do.

    `token` is the one for metrics, which may be absent. Raises ImproperlyConfigured.
    """
    if debug:
        raise ImproperlyConfigured("DEBUG must be off in production: remove it.")
    if (
        len(secret_key) < _SHORTEST_KEY
        or len(set(secret_key)) < 5
        or secret_key.startswith("django-insecure-")
        or _is_published(secret_key, project)
    ):
        raise ImproperlyConfigured(
            "SECRET_KEY must be a random text of 50 characters or more in production, "
            "and not one that is published. "
            'Make one: python -c "import secrets; print(secrets.token_urlsafe(50))"'
        )
    if not hosts or not all(map(_HOST.fullmatch, hosts)):
        raise ImproperlyConfigured(
            "ALLOWED_HOSTS must list this site's exact names in production, "
            "separated by commas, without wildcards, https:// and ports."
        )
    if token and len(token) < _SHORTEST_TOKEN:
        raise ImproperlyConfigured(
            "METRICS_TOKEN must be a random text of 20 characters or more. "
            'Make one: python -c "import secrets; print(secrets.token_urlsafe(30))"'
        )
    # There are few MPANs: by a short key all of them could be tried.
    if len(pseudonym_key.encode()) < _SHORTEST_PSEUDONYM_KEY:
        raise ImproperlyConfigured(
            "PSEUDONYM_KEY must be a random text of 32 characters or more. "
            'Make one: python -c "import secrets; print(secrets.token_urlsafe(50))"'
        )


def _is_published(secret_key: str, project: Path) -> bool:
    """Return whether a key stands in a file that everybody has."""
    return any(
        secret_key in path.read_text(encoding="utf-8", errors="replace")
        for pattern in _PUBLISHED
        for path in project.glob(pattern)
        # Python keeps a folder of its own beside what it runs.
        if path.is_file()
    )


def settings(
    *, hosts: list[str], is_behind_proxy: bool, middleware: list[str]
) -> dict[str, Any]:
    """Return what production sets otherwise than development, by name."""
    added: dict[str, Any] = {
        "SECURE_SSL_REDIRECT": True,
        "SECURE_HSTS_SECONDS": _YEAR,
        "SECURE_HSTS_INCLUDE_SUBDOMAINS": True,
        # Preloading binds the whole domain for years: its owner decides.
        "SILENCED_SYSTEM_CHECKS": ["security.W021"],
        "SESSION_COOKIE_SECURE": True,
        "CSRF_COOKIE_SECURE": True,
        "SESSION_COOKIE_NAME": "__Host-sessionid",
        "CSRF_COOKIE_NAME": "__Host-csrftoken",
        "CSRF_TRUSTED_ORIGINS": [f"https://{host}" for host in hosts],
    }
    # Anyone can send this header, so it counts only behind a proxy that sets it.
    if is_behind_proxy:
        added["SECURE_PROXY_SSL_HEADER"] = ("HTTP_X_FORWARDED_PROTO", "https")
    return added | _static_files(middleware)


def _static_files(middleware: list[str]) -> dict[str, Any]:
    """Return that static files are served by whitenoise where it is installed.

    Without it, the web server in front has to serve STATIC_ROOT at /static/.
    """
    backend = "django.contrib.staticfiles.storage.ManifestStaticFilesStorage"
    if importlib.util.find_spec("whitenoise"):
        backend = "whitenoise.storage.CompressedManifestStaticFilesStorage"
        after = middleware.index("django.middleware.security.SecurityMiddleware") + 1
        served = "whitenoise.middleware.WhiteNoiseMiddleware"
        middleware = [*middleware[:after], served, *middleware[after:]]
    # They are everybody's, while received files are nobody else's.
    readable = {"file_permissions_mode": 0o644, "directory_permissions_mode": 0o755}
    return {
        "MIDDLEWARE": middleware,
        "STORAGES": {
            "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
            "staticfiles": {"BACKEND": backend, "OPTIONS": readable},
        },
    }
