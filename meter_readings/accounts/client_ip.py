"""Client IP: the address from which a request comes."""

from __future__ import annotations

from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network

from django.conf import settings
from django.http import HttpRequest

type Address = IPv4Address | IPv6Address


def client_ip(request: HttpRequest) -> str:
    """Return the IP address of the client, or "" if it is not known.

    With BEHIND_PROXY, X-Forwarded-For is believed from this machine and from
    TRUSTED_PROXIES. It is read from the right, because each proxy adds an entry there
    and a client can write all others: the first that is not such a proxy is the client.

    A loopback address identifies no client and counts as unknown. An IPv6 address is
    replaced by its /64 network, because one customer has all of that network.
    """
    # The peer of a Unix socket has no address: it is on this machine.
    hops = [request.META.get("REMOTE_ADDR") or "127.0.0.1"]
    if settings.BEHIND_PROXY:
        hops += reversed(request.META.get("HTTP_X_FORWARDED_FOR", "").split(","))
    address: Address | None = None
    for hop in hops:
        address = _parsed(hop)
        if not _is_trusted_proxy(address):
            break
    if address is None or address.is_loopback:
        return ""
    if isinstance(address, IPv6Address):
        return str(ip_network((address, 64), strict=False))
    return str(address)


def _parsed(text: str) -> Address | None:
    """Return an address, an IPv4 address in IPv6 notation as IPv4; None if invalid."""
    try:
        address = ip_address(text.strip())
    except ValueError:
        return None
    if isinstance(address, IPv6Address) and address.ipv4_mapped:
        return address.ipv4_mapped
    return address


def _is_trusted_proxy(address: Address | None) -> bool:
    return address is not None and (
        address.is_loopback
        or any(address in network for network in settings.TRUSTED_PROXIES)
    )
