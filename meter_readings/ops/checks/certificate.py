"""Check of the TLS certificate of the running site."""

from __future__ import annotations

import ssl
from datetime import UTC, datetime
from typing import cast

from django.utils import timezone

from .results import CheckResult, failed, ok
from .site import Site

# Codes of OpenSSL (X509_V_ERR_…)
_NOT_YET_VALID, _EXPIRED, _OTHER_NAME, _OTHER_ADDRESS = 9, 10, 62, 64


def certificate(site: Site) -> CheckResult:
    try:
        with site.connected() as client:
            details = cast(ssl.SSLSocket, client.sock).getpeercert() or {}
    except ssl.SSLCertVerificationError as error:
        return failed(error.verify_message, _remedy(error.verify_code, site.name))
    except ssl.SSLError as error:
        return failed(
            f"no encrypted connection for {site.name}: {error.reason}",
            f"Is {site.name} the server_name in /etc/nginx/conf.d/d0010.conf? Run: "
            f"quick_deploy.sh production --domain {site.name}",
        )
    end = datetime.fromtimestamp(
        ssl.cert_time_to_seconds(str(details["notAfter"])), UTC
    )
    return ok(f"it is for {site.name} and valid until {end:%d %B %Y}")


def _remedy(code: int, name: str) -> str:
    if code in (_NOT_YET_VALID, _EXPIRED):
        now = f"{timezone.now().astimezone(UTC):%d %B %Y %H:%M} UTC"
        return (
            "Renew it: certbot renew; then: systemctl reload nginx. If the date here "
            f"({now}) is wrong, set the clock instead: timedatectl set-ntp true"
        )
    if code in (_OTHER_NAME, _OTHER_ADDRESS):
        return (
            f"Request one for this name: certbot certonly --nginx -d {name}; then run "
            f"quick_deploy.sh production --domain {name} again."
        )
    return (
        "Give nginx the certificate with its issuers (fullchain.pem), or add its "
        "issuer to those that this machine trusts: update-ca-certificates"
    )
