"""Checks of the running site over HTTP: does it answer, with headers and styles."""

from __future__ import annotations

import http.client
import re
from collections.abc import Iterator
from contextlib import closing
from email.message import Message
from http import HTTPStatus
from urllib.parse import urlsplit

from django.conf import settings

from .checks.results import CheckResult, failed, ok
from .checks.static_files import COLLECT_STATIC

_HTTP_TIMEOUT_SECONDS = 10
_SECURITY_HEADERS = (
    "Content-Security-Policy",
    "Permissions-Policy",
    "Referrer-Policy",
    "X-Content-Type-Options",
    "X-Frame-Options",
)


def check_running_site(*, url: str, host: str = "") -> Iterator[CheckResult]:
    """Yield what the running site answers over HTTP.

    `url` is its scheme, name and port. `host` is the Host header, if the site has
    another name behind its proxy.
    """
    try:
        yield from _check_pages(url, host)
    except (OSError, http.client.HTTPException, ValueError) as error:
        yield failed(
            f"{url} does not answer: {error}",
            "Is it running? Look at its log: journalctl -u d0010-web",
            name="site",
        )


def _check_pages(url: str, host: str) -> Iterator[CheckResult]:
    status, _, _ = _http_get(url, host, "/healthz")
    if status != HTTPStatus.OK:
        yield failed(
            f"{url}/healthz answers {status}", "Is the URL right?", name="site"
        )
        return
    yield ok(f"{url} answers", name="site")
    status, headers, page = _http_get(url, host, "/admin/login/")
    missing = [name for name in _SECURITY_HEADERS if name not in headers]
    if settings.IS_PRODUCTION and "Strict-Transport-Security" not in headers:
        missing.append("Strict-Transport-Security")
    if status != HTTPStatus.OK or missing:
        problem = f"lacks {', '.join(missing)}"
        if status != HTTPStatus.OK:
            problem = f"answers {status}"
        yield failed(
            f"the sign-in page {problem}",
            "Is the name in ALLOWED_HOSTS? Behind a proxy that ends HTTPS, is "
            "BEHIND_PROXY=1 set, and X-Forwarded-Proto passed on?",
            name="sign-in page",
        )
        return
    yield ok("the sign-in page has all security headers", name="sign-in page")
    yield _check_style_sheet(url, host, page)


def _check_style_sheet(url: str, host: str, page: str) -> CheckResult:
    """Request the style sheet that the page links to."""
    link = re.search(r'href="([^"]*/site[^"]*\.css)"', page)
    path = link[1] if link else "/static/"
    status, headers, _ = _http_get(url, host, path)
    if status == HTTPStatus.OK and headers["Content-Type"].startswith("text/css"):
        return ok("the style sheet is served", name="style sheet")
    return failed(
        f"{path} answers {status}",
        f"{COLLECT_STATIC}, then restart the site; whitenoise from "
        "deployment_scripts/requirements-production.txt serves it, or nginx does.",
        name="style sheet",
    )


def _http_get(url: str, host: str, path: str) -> tuple[int, Message, str]:
    """Return the status, headers and text of a page, requested as a proxy does."""
    parts = urlsplit(url)
    is_https = parts.scheme == "https"
    connect = http.client.HTTPSConnection if is_https else http.client.HTTPConnection
    client = connect(parts.hostname or "", parts.port, timeout=_HTTP_TIMEOUT_SECONDS)
    headers = {"X-Forwarded-Proto": "https"} | ({"Host": host} if host else {})
    with closing(client):
        client.request("GET", path, headers=headers)
        response = client.getresponse()
        text = response.read().decode(errors="replace")
        return response.status, response.headers, text
