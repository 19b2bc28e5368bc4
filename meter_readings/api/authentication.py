"""Authentication by API token or by session.

DEFAULT_AUTHENTICATION_CLASSES in the settings has their order. The first one sets the
WWW-Authenticate header of a 401.
"""

from __future__ import annotations

import copy
from typing import Any

from django.contrib.auth.models import User
from django.utils import timezone
from drf_spectacular import authentication as spectacular
from drf_spectacular.extensions import OpenApiAuthenticationExtension
from rest_framework import authentication
from rest_framework.exceptions import AuthenticationFailed
from rest_framework.request import Request

from meter_readings.accounts import api_tokens
from meter_readings.models import ApiToken

from .exceptions import Problem

_SCHEME = "bearer"
_DETAILS = {
    None: "Invalid token. Check that it was sent whole: it begins with d0010_.",
    ApiToken.State.EXPIRED: "The token has expired.",
    ApiToken.State.REVOKED: "The token was revoked.",
    ApiToken.State.USER_INACTIVE: "The user of the token is inactive.",
}


class InvalidToken(AuthenticationFailed, Problem):
    """The token is unknown, expired or revoked, or its user is inactive."""


class TokenAuthentication(authentication.BaseAuthentication):
    """Token in the header Authorization (RFC 6750).

    It precedes the session and needs no CSRF protection, because browsers never send
    the header by themselves.
    """

    def authenticate(self, request: Request) -> tuple[User, ApiToken] | None:
        """Return the token's user; None without a token; raises InvalidToken."""
        secret = _bearer_token(request)
        if secret is None:
            return None
        now = timezone.now()
        try:
            token = api_tokens.authenticate_token(secret=secret, now=now)
        except api_tokens.InvalidToken as error:
            raise InvalidToken(_DETAILS[error.state]) from error
        api_tokens.touch_last_used(token=token, now=now)
        return token.user, token

    def authenticate_header(self, request: Request) -> str:
        """Return the challenge, with invalid_token if a token was sent."""
        challenge = 'Bearer realm="api"'
        if _bearer_token(request) is None:
            return challenge
        return f'{challenge}, error="invalid_token"'


def _bearer_token(request: Request) -> str | None:
    scheme, _, rest = request.headers.get("Authorization", "").strip().partition(" ")
    return rest.strip() if scheme.lower() == _SCHEME else None


class SessionAuthentication(authentication.SessionAuthentication):
    """Session cookie; unsafe methods need the header X-CSRFToken."""

    def enforce_csrf(self, request: Request) -> None:
        """Check the header; raises PermissionDenied.

        Django looks for the token in the form of a POST too, and would read the whole
        upload for that, before permissions are checked. It does not for a PUT.
        """
        without_form: Any = copy.copy(request._request)
        if request.method == "POST":
            without_form.method = "PUT"
        super().enforce_csrf(without_form)


class TokenScheme(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]
    """Token authentication in the OpenAPI schema."""

    target_class = TokenAuthentication
    name = "token"

    def get_security_requirement(self, auto_schema: Any) -> dict[str, list[str]]:
        return {self.name: [auto_schema.view.get_requirement().scope]}

    def get_security_definition(self, auto_schema: Any) -> dict[str, str]:
        return {
            "type": "http",
            "scheme": _SCHEME,
            "bearerFormat": "d0010_ and 64 hexadecimal digits",
            "description": (
                "Create a token in the admin or by `manage.py api_token create`. Its "
                "scope is read, import or both. It never grants more than the "
                "permissions of its user."
            ),
        }


class SessionScheme(spectacular.SessionScheme):  # type: ignore[no-untyped-call]
    """Session authentication in the OpenAPI schema."""

    target_class: Any = SessionAuthentication
    priority = 1

    def get_security_definition(self, auto_schema: Any) -> dict[str, str]:
        # The name in production; drf-spectacular would use that of this machine.
        return {"type": "apiKey", "in": "cookie", "name": "__Host-sessionid"}
