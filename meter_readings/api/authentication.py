"""How somebody is known: by a token, or by the session of the site's own pages.

Every way stands in DEFAULT_AUTHENTICATION_CLASSES (`config/settings.py`). The first one
names the challenge that goes out with a 401.
"""

from __future__ import annotations

from typing import Any

from django.contrib.auth.models import User
from django.http import QueryDict
from django.utils import timezone
from django.utils.datastructures import MultiValueDict
from drf_spectacular.authentication import SessionScheme
from drf_spectacular.extensions import OpenApiAuthenticationExtension
from rest_framework.authentication import BaseAuthentication, SessionAuthentication
from rest_framework.exceptions import AuthenticationFailed
from rest_framework.request import Request

from meter_readings.accounts import api_tokens
from meter_readings.models import ApiToken

from .errors import Problem
from .permissions import needs_of

_SCHEME = "bearer"
_WHY_REFUSED = {
    None: "Invalid token. Check that all of it was sent: it begins with d0010_.",
    ApiToken.State.EXPIRED: "The token has expired. Ask for a new one.",
    ApiToken.State.REVOKED: "The token was revoked. Ask for a new one.",
    ApiToken.State.USER_INACTIVE: "The user of the token is inactive.",
}


class Refused(AuthenticationFailed, Problem):
    """A token was shown that opens nothing."""


class ByToken(BaseAuthentication):
    """A token in the header Authorization (RFC 6750); there is no other place for it.

    It counts before any session, and does not need what protects sessions from pages
    of other sites: a browser never sends it by itself.
    """

    def authenticate(self, request: Request) -> tuple[User, ApiToken] | None:
        """Return whose token it is; None where none is shown; raises Refused."""
        secret = _shown(request)
        if secret is None:
            return None
        now = timezone.now()
        try:
            token = api_tokens.authenticate_token(secret=secret, now=now)
        except api_tokens.InvalidToken as refusal:
            raise Refused(_WHY_REFUSED[refusal.state]) from refusal
        api_tokens.touch_last_used(token=token, now=now)
        return token.user, token

    def authenticate_header(self, request: Request) -> str:
        """Return the challenge, which says whether a token was shown and is no good."""
        challenge = 'Bearer realm="api"'
        is_bad = _shown(request) is not None
        return f'{challenge}, error="invalid_token"' if is_bad else challenge


def _shown(request: Request) -> str | None:
    """Return what is shown as a token, which may be anything; None where nothing is."""
    scheme, _, rest = request.headers.get("Authorization", "").strip().partition(" ")
    return rest.strip() if scheme.lower() == _SCHEME else None


class BySession(SessionAuthentication):
    """The session cookie; whatever changes something needs the CSRF token as well."""

    def enforce_csrf(self, request: Request) -> None:
        """Want the token in the header X-CSRFToken.

        One in a form is not looked for: all of what is sent would have to be read
        before it is known whether it may be.
        """
        unread: Any = request._request
        unread._post, unread._files = QueryDict(), MultiValueDict()
        try:
            super().enforce_csrf(unread)
        finally:
            del unread._post, unread._files


class ByTokenScheme(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]
    """How the schema calls tokens."""

    target_class = "meter_readings.api.authentication.ByToken"
    name = "token"

    def get_security_requirement(self, auto_schema: Any) -> dict[str, list[str]]:
        """Return the scope that the token needs for an operation."""
        return {self.name: [needs_of(auto_schema.view, auto_schema.method).scope]}

    def get_security_definition(self, auto_schema: Any) -> dict[str, str]:
        """Return what a token is."""
        return {
            "type": "http",
            "scheme": _SCHEME,
            "bearerFormat": "d0010_ and 64 hexadecimal digits",
            "description": (
                "A token is made in the admin or by `manage.py api_token create`. "
                "Its scope is read, import or both; and it never opens more than its "
                "user may do."
            ),
        }


class BySessionScheme(SessionScheme):  # type: ignore[no-untyped-call]
    """How the schema calls sessions."""

    target_class = "meter_readings.api.authentication.BySession"
    priority = 1
