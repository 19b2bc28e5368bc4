"""Who calls: the address that a request comes from, as far as it can be believed."""

from __future__ import annotations

from ipaddress import IPv6Address, ip_address, ip_network

from django.conf import settings
from django.http import HttpRequest


def address_of(request: HttpRequest) -> str:
    """Return the address that asks; "" where it is not known.

    Behind a proxy that is the only way in, it is what that proxy says. An IPv6 address
    stands for its network: one customer has all of it.
    """
    text = str(request.META.get("REMOTE_ADDR", ""))
    if settings.BEHIND_PROXY:
        # The proxy's own entry is the last: anyone can write those before it.
        text = request.META.get("HTTP_X_FORWARDED_FOR", "").rpartition(",")[2].strip()
    try:
        address = ip_address(text)
    except ValueError:
        return ""
    if address.is_loopback:
        # It says nothing: everybody comes from there.
        return ""
    if isinstance(address, IPv6Address):
        return str(ip_network((address, 64), strict=False))
    return str(address)
