"""Webhooks: signed requests after the Standard Webhooks convention, version 1.

`webhook-signature` is "v1," and the base64 of the HMAC-SHA-256 of the id, the timestamp
and the body, with full stops between them; on the day after a change of the secret it
has a second one, by the previous secret, after a space. `webhook-id` is the same in all
attempts.

A rule must not reach the internal network: the name is resolved once, every address of
it is checked, and the connection is made to the checked address. Redirects are not
followed and no proxy is used.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import http.client
import ipaddress
import secrets
import socket
import ssl
import threading
from contextlib import suppress
from urllib.parse import SplitResult, urlsplit

from django.conf import settings
from django.utils import timezone

import meter_readings
from meter_readings.models import Notification, NotificationRule

from .errors import DeliveryFailed, Unreachable
from .messages import render_webhook

_PREFIX = "whsec_"
# Seconds for each step of a request, and for the whole
_TIMEOUT, _TOTAL_TIMEOUT = 10.0, 20.0

type Address = ipaddress.IPv4Address | ipaddress.IPv6Address


def generate_secret() -> str:
    return _PREFIX + base64.b64encode(secrets.token_bytes(32)).decode()


def secret_problem(secret: str) -> str:
    """Return what is wrong with a secret, or an empty text."""
    with suppress(binascii.Error, ValueError):
        if 24 <= len(_key(secret)) <= 64 and secret.startswith(_PREFIX):
            return ""
    return f"Write {_PREFIX} and 24 to 64 random bytes in base64."


def url_problem(url: str) -> str:
    """Return what is wrong with the URL of a webhook, or an empty text."""
    parts = urlsplit(url)
    if parts.scheme != "https" and (settings.IS_PRODUCTION or parts.scheme != "http"):
        return "The URL must begin with https://."
    if not parts.hostname or parts.username is not None:
        return "Write a URL with a host name and without a user name."
    return ""


def sign(secret: str, *, message_id: str, timestamp: int, body: bytes) -> str:
    """Return the value of `webhook-signature`."""
    signed = f"{message_id}.{timestamp}.".encode() + body
    digest = hmac.digest(_key(secret), signed, hashlib.sha256)
    return "v1," + base64.b64encode(digest).decode()


def _key(secret: str) -> bytes:
    return base64.b64decode(secret.removeprefix(_PREFIX), validate=True)


class WebhookSender:
    """Sends signed requests, each over a connection of its own."""

    def target(self, notification: Notification) -> str:
        """Return what is unreachable for all if it is for one: the URL of the rule."""
        return f"webhook {notification.rule_id}"

    def send(self, notification: Notification, rule: NotificationRule) -> str:
        """Send a request and return what is logged.

        Raises Unreachable if nothing answers, and DeliveryFailed for an answer that is
        no success.
        """
        problem = url_problem(rule.webhook_url) or secret_problem(rule.webhook_secret)
        if problem:
            raise DeliveryFailed(problem)
        body = render_webhook(notification)
        message_id = f"msg_{notification.uuid.hex}"
        now = timezone.now()
        timestamp = int(now.timestamp())
        signatures = [
            sign(secret, message_id=message_id, timestamp=timestamp, body=body)
            for secret in rule.signing_secrets(now=now)
        ]
        headers = {
            "Content-Type": "application/json",
            "User-Agent": f"Kraken-D0010/{meter_readings.__version__}",
            "webhook-id": message_id,
            "webhook-timestamp": str(timestamp),
            "webhook-signature": " ".join(signatures),
        }
        status = _post(urlsplit(rule.webhook_url), body, headers)
        if 200 <= status < 300:
            return f"Answered {status}"
        hint = "; redirects are not followed" if 300 <= status < 400 else ""
        raise DeliveryFailed(f"Answered {status}{hint}")

    def close(self) -> None:
        """Do nothing: there is no connection left."""


def _post(url: SplitResult, body: bytes, headers: dict[str, str]) -> int:
    """Send a request to a checked address and return the status code."""
    host = url.hostname or ""
    is_https = url.scheme == "https"
    try:
        port = url.port or (443 if is_https else 80)
        connection = _connect(_checked_addresses(host, port), port)
        # An answer of one byte every nine seconds would occupy the sender for hours.
        timer = threading.Timer(_TOTAL_TIMEOUT, _shut_down, [connection])
        timer.start()
        try:
            return _exchange(connection, url, port, body, headers)
        finally:
            timer.cancel()
            connection.close()
    except (OSError, http.client.HTTPException, ValueError) as error:
        reason = getattr(error, "strerror", None) or ""
        text = f"{type(error).__name__}: {reason}" if reason else type(error).__name__
        raise Unreachable(text[:200]) from error


def _exchange(
    raw: socket.socket,
    url: SplitResult,
    port: int,
    body: bytes,
    headers: dict[str, str],
) -> int:
    host = url.hostname or ""
    connection: http.client.HTTPConnection
    if url.scheme == "https":
        context = ssl.create_default_context()
        # The timer needs the socket, which wrapping would detach.
        connection = http.client.HTTPSConnection(host, port, context=context)
        connection.sock = context.wrap_socket(raw.dup(), server_hostname=host)
        connection.sock.settimeout(_TIMEOUT)
    else:
        connection = http.client.HTTPConnection(host, port)
        connection.sock = raw.dup()
        connection.sock.settimeout(_TIMEOUT)
    try:
        path = (url.path or "/") + (f"?{url.query}" if url.query else "")
        connection.request("POST", path, body, headers)
        return connection.getresponse().status
    finally:
        connection.close()


def _shut_down(connection: socket.socket) -> None:
    with suppress(OSError):
        connection.shutdown(socket.SHUT_RDWR)


def _connect(addresses: list[Address], port: int) -> socket.socket:
    """Connect to the first address that answers."""
    *others, last = addresses
    for address in others:
        with suppress(OSError):
            return socket.create_connection((str(address), port), _TIMEOUT)
    return socket.create_connection((str(last), port), _TIMEOUT)


def _checked_addresses(host: str, port: int) -> list[Address]:
    """Return the addresses of a host; raise DeliveryFailed if any is not public."""
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    addresses = [ipaddress.ip_address(str(each[4][0])) for each in found]
    if not all(map(is_allowed, addresses)):
        raise DeliveryFailed(
            "The host has an address that is not public; WEBHOOK_NETWORKS allows some."
        )
    return addresses


# Translation to IPv4 (RFC 6052): is_global says nothing of the address inside.
_NAT64 = ipaddress.ip_network("64:ff9b::/96")


def is_allowed(address: Address) -> bool:
    """Return whether an address is public, or in WEBHOOK_NETWORKS."""
    if isinstance(address, ipaddress.IPv6Address):
        inner = address.ipv4_mapped or address.sixtofour
        if address in _NAT64:
            inner = ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
        if inner is not None:
            return is_allowed(inner)
    if any(address in network for network in settings.WEBHOOK_NETWORKS):
        return True
    return address.is_global and not address.is_multicast
