"""Checks of the running site over HTTP: what its users get, through its proxy."""

from __future__ import annotations

import http.client
import json
import re
import socket
from collections.abc import Iterator
from dataclasses import replace
from email.message import Message
from email.utils import parsedate_to_datetime
from http import HTTPStatus

from django.conf import settings

from .checks.certificate import certificate
from .checks.clock import compare
from .checks.configuration import LOCAL_HOSTS, USE_PRODUCTION
from .checks.results import CheckResult, failed, ok
from .checks.site import Response, Site
from .checks.static_files import COLLECT_STATIC

_SECURITY_HEADERS = (
    "Content-Security-Policy",
    "Permissions-Policy",
    "Referrer-Policy",
    "X-Content-Type-Options",
    "X-Frame-Options",
)
_PROXY_ERRORS = {
    HTTPStatus.BAD_GATEWAY,
    HTTPStatus.SERVICE_UNAVAILABLE,
    HTTPStatus.GATEWAY_TIMEOUT,
}
_LOG = "Its log: journalctl -u d0010-web -n 50"
_START = f"Run: systemctl start d0010-web. {_LOG}"
_STATIC_LINK = re.compile(r'(?:href|src)="(/[^"]+\.(?:css|js))"')


def check_running_site(*, url: str, host: str = "") -> Iterator[CheckResult]:
    """Yield what the running site answers over HTTP.

    `url` is its scheme, name and port. `host` is the Host header, if the site has
    another name behind its proxy.
    """
    site = Site(url, host)
    try:
        if site.is_https:
            result = certificate(site)._replace(name="certificate")
            yield result
            site = replace(site, verifies_certificate=not result.is_failure)
        yield from _check_site(site)
    except (OSError, http.client.HTTPException, ValueError) as error:
        yield failed(f"{url} does not answer: {error}", _remedy(error), name="site")


def _remedy(error: Exception) -> str:
    if isinstance(error, socket.gaierror):
        return "Check the name in the URL, and its DNS entry."
    if isinstance(error, ValueError):
        return "Write the URL as https://readings.example.org"
    return f"{_START} nginx: systemctl start nginx"


def _check_site(site: Site) -> Iterator[CheckResult]:
    health = site.get("/healthz")
    if health.status != HTTPStatus.OK:
        yield _not_healthy(site, health.status)
        return
    yield ok(f"{site.url} answers", name="site")
    if date := health.headers["Date"]:
        there = parsedate_to_datetime(date)
        yield compare(there, "the site's clock")._replace(name="site's clock")
    readiness = site.get("/readyz")
    # nginx serves it to this machine only.
    if readiness.status in (HTTPStatus.OK, HTTPStatus.SERVICE_UNAVAILABLE):
        yield _check_readiness(readiness)
    page = site.get("/admin/login/")
    yield _check_sign_in_page(site, page)
    if page.status == HTTPStatus.OK:
        yield _check_static_files(site, page.text)
        yield _check_debug(site)
        yield _check_upload_size(site)


def _not_healthy(site: Site, status: int) -> CheckResult:
    remedy = "Is the URL right?"
    if status in _PROXY_ERRORS:
        remedy = f"The proxy answers, and the site behind it does not. {_START}"
    elif status in (HTTPStatus.MOVED_PERMANENTLY, HTTPStatus.PERMANENT_REDIRECT):
        remedy = f"Check the site by HTTPS: --url https://{site.name}"
    return failed(f"{site.url}/healthz answers {status}", remedy, name="site")


def _check_readiness(response: Response) -> CheckResult:
    missing = json.loads(response.text)["missing"]
    if missing:
        return failed(
            f"the site lacks {', '.join(missing)}",
            "Do what the row of that name says. If that row is ok, the site still has "
            f"other settings or rights: systemctl restart d0010-web. {_LOG}",
            name="readiness",
        )
    return ok("the site has all that it needs", name="readiness")


def _check_sign_in_page(site: Site, page: Response) -> CheckResult:
    name = "sign-in page"
    if page.status == HTTPStatus.BAD_REQUEST:
        return failed(
            f"it answers 400 for the host name {site.name}",
            f"Add {site.name} to ALLOWED_HOSTS in .env; then: systemctl restart "
            "d0010-web",
            name=name,
        )
    if page.status != HTTPStatus.OK:
        return failed(
            f"it answers {page.status}",
            "Behind a proxy that ends HTTPS, is BEHIND_PROXY=1 set, and "
            f"X-Forwarded-Proto passed on? {_LOG}",
            name=name,
        )
    missing = _missing_headers(page.headers)
    if missing:
        return failed(
            f"it lacks {', '.join(missing)}",
            "Is D0010_ENV=production set for the site, and BEHIND_PROXY=1 behind a "
            "proxy that ends HTTPS? nginx must not remove the header.",
            name=name,
        )
    return ok("it has all security headers", name=name)


def _missing_headers(headers: Message) -> list[str]:
    expected = [*_SECURITY_HEADERS]
    if settings.IS_PRODUCTION:
        expected.append("Strict-Transport-Security")
    return [name for name in expected if name not in headers]


def _check_static_files(site: Site, page: str) -> CheckResult:
    """Request the style sheets and scripts that the page links to."""
    links = sorted(set(_STATIC_LINK.findall(page)))
    statuses = {path: site.get(path).status for path in links}
    missing = [path for path, status in statuses.items() if status != HTTPStatus.OK]
    if missing:
        return failed(
            f"{missing[0]} answers {statuses[missing[0]]}",
            f"{COLLECT_STATIC}, then: systemctl restart d0010-web. whitenoise "
            "(requirements-production.txt) serves them, or nginx does.",
            name="served files",
        )
    return ok(f"{len(links)} files of the sign-in page", name="served files")


def _check_debug(site: Site) -> CheckResult:
    """Request a page that does not exist: in development it shows the settings."""
    page = site.get("/check_installation")
    is_for_others = settings.IS_PRODUCTION or site.name not in LOCAL_HOSTS
    if is_for_others and "DEBUG = True" in page.text:
        return failed(
            "pages of errors show the program (DEBUG is on)",
            USE_PRODUCTION,
            name="error pages",
        )
    return ok("they show nothing of the program", name="error pages")


def _check_upload_size(site: Site) -> CheckResult:
    """Announce the largest upload, and send nothing of it.

    A proxy answers 413 at once if its limit is lower; else it asks for the body, or the
    site answers that nobody is signed in.
    """
    megabytes = settings.UPLOAD_MAX_MEGABYTES
    with site.connected() as client:
        client.putrequest("POST", "/api/v1/flow-files/", skip_host=True)
        for name, value in site.headers().items():
            client.putheader(name, value)
        client.putheader("Content-Type", "text/plain")
        client.putheader("Content-Length", str(megabytes << 20))
        client.putheader("Expect", "100-continue")
        client.endheaders()
        with client.sock.makefile("rb") as answer:
            status_line = answer.readline()
    if b" 413 " in status_line:
        return failed(
            f"the proxy refuses files of {megabytes} MB, which UPLOAD_MAX_MEGABYTES "
            "allows",
            f"Run quick_deploy.sh production again, or write client_max_body_size "
            f"{megabytes}m; in /etc/nginx/conf.d/d0010.conf; then: systemctl reload "
            "nginx",
            name="upload size",
        )
    return ok(f"files of {megabytes} MB are accepted", name="upload size")
