"""Who may do what: the permissions of each view by verb, and the rows of each model.

A token opens of all this what its scope says, and never more than its user may.
"""

from __future__ import annotations

from typing import Any, NamedTuple

from django.contrib.auth.models import AnonymousUser, User
from django.db.models import Model, QuerySet
from rest_framework.exceptions import PermissionDenied
from rest_framework.permissions import BasePermission
from rest_framework.request import Request

from meter_readings.models import ApiToken

from .errors import Problem
from .renderers import is_export

EXPORT = "export_reading"


class Needs(NamedTuple):
    """What somebody must have who asks: permissions, and a token's scope."""

    scope: str
    permissions: tuple[str, ...]


class ScopeMissing(PermissionDenied, Problem):
    """The token is not good for this, whatever its user may do."""


def visible[Row: Model](model: type[Row], user: User | AnonymousUser) -> QuerySet[Row]:
    """Return the rows of a model that somebody may see, who may see any of them.

    It is the one place that decides. Today everybody who may see a model may see all
    of it: the readings are one supplier's.
    """
    return model._default_manager.all()


class MayDoIt(BasePermission):
    """Whoever asks must have every permission that the view needs for the method.

    What is exported needs the permission to export as well.
    """

    def has_permission(self, request: Request, view: Any) -> bool:
        """Return whether the view may answer; raises ScopeMissing."""
        needs = view.needs(request.method)
        names = [*needs.permissions, *([EXPORT] if is_export(request) else [])]
        return _is_known(request, needs.scope) and request.user.has_perms(
            [f"meter_readings.{name}" for name in names]
        )


class IsKnown(BasePermission):
    """Anybody who has signed in, or shows a token that reads."""

    def has_permission(self, request: Request, view: Any) -> bool:
        """Return whether somebody is known; raises ScopeMissing."""
        return _is_known(request, ApiToken.Scope.READ)


def _is_known(request: Request, scope: str) -> bool:
    """Return whether it is known who asks; raises ScopeMissing."""
    token = request.auth
    if isinstance(token, ApiToken) and scope not in token.scopes:
        raise ScopeMissing(f"The token is not good for this: its scope lacks {scope}.")
    return bool(request.user.is_authenticated)
