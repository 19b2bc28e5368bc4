"""What the pages of this room have in common: who may, and the admin's frame."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.contrib import admin
from django.contrib.auth.decorators import permission_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

type View = Callable[..., HttpResponse]


def staff_permission_required(*codenames: str) -> Callable[[View], View]:
    """Let staff with all these permissions in; others are refused, or sign in first."""
    names = [f"meter_readings.{codename}" for codename in codenames]

    def guarded(view: View) -> View:
        return admin.site.admin_view(
            permission_required(names, raise_exception=True)(view)
        )

    return guarded


def handles_large_bodies[Marked: View](view: Marked) -> Marked:
    """Mark a view that answers a body that is too large with a page of its own."""
    setattr(view, "handles_large_bodies", True)
    return view


def render_admin(
    request: HttpRequest, template: str, *, status: int = 200, **context: Any
) -> HttpResponse:
    """Return a page in the admin's frame."""
    context = admin.site.each_context(request) | context
    return render(request, f"admin/meter_readings/{template}", context, status=status)
