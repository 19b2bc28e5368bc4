"""Who may see what: the permissions of each view, and the rows of each model."""

from __future__ import annotations

from typing import Any

from django.contrib.auth.models import AnonymousUser, User
from django.db.models import Model, QuerySet
from rest_framework.permissions import BasePermission
from rest_framework.request import Request

from .renderers import is_export

EXPORT = "export_reading"


def visible[Row: Model](model: type[Row], user: User | AnonymousUser) -> QuerySet[Row]:
    """Return the rows of a model that somebody may see, who may see any of them.

    It is the one place that decides. Today everybody who may see a model may see all
    of it: the readings are one supplier's.
    """
    return model._default_manager.all()


class MaySeeIt(BasePermission):
    """Whoever asks must have every permission the view names, by any method.

    What is exported needs the permission to export as well.
    """

    def has_permission(self, request: Request, view: Any) -> bool:
        """Return whether the view may answer."""
        names = list(view.permissions)
        if is_export(request):
            names.append(EXPORT)
        return request.user.is_authenticated and request.user.has_perms(
            [f"meter_readings.{name}" for name in names]
        )


class IsSignedIn(BasePermission):
    """Anybody who has signed in."""

    def has_permission(self, request: Request, view: Any) -> bool:
        """Return whether somebody has."""
        return bool(request.user.is_authenticated)
