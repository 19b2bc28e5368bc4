"""How somebody is known: by the session of the site's own pages.

Every way stands in DEFAULT_AUTHENTICATION_CLASSES (`config/api.py`). The first one
names the challenge that goes out with a 401.
"""

from __future__ import annotations

from drf_spectacular.authentication import SessionScheme
from rest_framework.authentication import SessionAuthentication
from rest_framework.request import Request


class BySession(SessionAuthentication):
    """The session cookie; whatever changes something needs the CSRF token as well."""

    def authenticate_header(self, request: Request) -> str:
        """Return the challenge, so that nobody known is 401 and not 403."""
        return 'Session realm="api"'


class BySessionScheme(SessionScheme):  # type: ignore[no-untyped-call]
    """How the schema calls it."""

    target_class = "meter_readings.api.authentication.BySession"
    priority = 1
