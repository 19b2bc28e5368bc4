"""A name for an MPAN by which it is known again, and from which nobody can tell it."""

from __future__ import annotations

import hmac

from django.conf import settings


def pseudonymise_mpan(mpan: str) -> str:
    """Return the HMAC-SHA-256 of an MPAN core, as 64 hexadecimal digits.

    A plain hash would not do: all MPANs there can be are soon tried. Another
    PSEUDONYM_KEY makes other pseudonyms.
    """
    key = settings.PSEUDONYM_KEY.encode()
    return hmac.digest(key, b"mpan:" + mpan.encode(), "sha256").hex()
