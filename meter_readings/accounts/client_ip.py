"""Client IP: the address from which a request comes."""

from __future__ import annotations

from ipaddress import IPv6Address, ip_address, ip_network

from django.conf import settings
from django.http import HttpRequest


def client_ip(request: HttpRequest) -> str:
    """Return the IP address of the client, or "" if it is not known.

    With BEHIND_PROXY it is the last entry of X-Forwarded-For, which the proxy writes. A
    loopback address identifies no client and counts as unknown. An IPv6 address is
    replaced by its /64 network, because one customer has all of that network.
    """
    text = str(request.META.get("REMOTE_ADDR", ""))
    if settings.BEHIND_PROXY:
        # A client can write every entry but the last.
        text = request.META.get("HTTP_X_FORWARDED_FOR", "").rpartition(",")[2].strip()
    try:
        address = ip_address(text)
    except ValueError:
        return ""
    if address.is_loopback:
        return ""
    if isinstance(address, IPv6Address):
        return str(ip_network((address, 64), strict=False))
    return str(address)
