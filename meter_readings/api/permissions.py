"""Permissions: what each action requires of the user and of the token."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, NamedTuple

from django.contrib.auth.models import AnonymousUser, User
from django.db.models import QuerySet
from rest_framework.exceptions import PermissionDenied
from rest_framework.permissions import BasePermission
from rest_framework.request import Request

from meter_readings.models import ApiToken

from .exceptions import Problem
from .renderers import is_export

EXPORT_READING = "export_reading"


class Requirement(NamedTuple):
    """The token scope and the permissions that an action requires."""

    scope: str = ApiToken.Scope.READ
    permissions: tuple[str, ...] = ()


class InsufficientScope(PermissionDenied, Problem):
    """The token's scope does not include the action (RFC 6750)."""


def visible_rows[Rows: QuerySet](queryset: Rows, user: User | AnonymousUser) -> Rows:
    """Return the rows that a user with permission to view the model may see.

    All data belongs to one supplier, so these are all rows. A restriction by row would
    be made here and nowhere else, and by the permissions of the user: cached answers
    are shared by users with the same permissions.
    """
    return queryset


class HasRequiredPermissions(BasePermission):
    """Requires every permission of the action, and the token's scope.

    Exports require the permission to export readings as well.
    """

    def has_permission(self, request: Request, view: Any) -> bool:
        """Return whether the user has the permissions; raises InsufficientScope."""
        scope, permissions = view.get_requirement()
        if is_export(request):
            permissions = (*permissions, EXPORT_READING)
        if not _is_in_scope(request, scope):
            raise InsufficientScope(f"The token's scope does not include {scope}.")
        return request.user.is_authenticated and _has_permissions(request, permissions)


def may_view_flow_files(request: Request) -> bool:
    """Return whether a response may describe a flow file that others imported."""
    return _is_in_scope(request, ApiToken.Scope.READ) and _has_permissions(
        request, ["view_flowfile"]
    )


def _is_in_scope(request: Request, scope: str) -> bool:
    token = request.auth
    return not isinstance(token, ApiToken) or scope in token.scopes


def _has_permissions(request: Request, names: Iterable[str]) -> bool:
    return request.user.has_perms([f"meter_readings.{name}" for name in names])
