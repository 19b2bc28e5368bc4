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


# Looking at what holds no rows, such as the description
_ONLY_TO_READ = Needs(ApiToken.Scope.READ, ())


def needs_of(view: Any, method: str | None) -> Needs:
    """Return what a view needs for a method; one of another package, only to read."""
    needs: Needs = view.needs(method) if hasattr(view, "needs") else _ONLY_TO_READ
    return needs


class MayDoIt(BasePermission):
    """Whoever asks must have every permission that the view needs for the method.

    What is exported needs the permission to export as well.
    """

    def has_permission(self, request: Request, view: Any) -> bool:
        """Return whether the view may answer; raises ScopeMissing."""
        scope, permissions = needs_of(view, request.method)
        names = [*permissions, *([EXPORT] if is_export(request) else [])]
        token = request.auth
        if isinstance(token, ApiToken) and scope not in token.scopes:
            said = f"The token is not good for this: its scope lacks {scope}."
            raise ScopeMissing(said)
        return request.user.is_authenticated and request.user.has_perms(
            [f"meter_readings.{name}" for name in names]
        )
