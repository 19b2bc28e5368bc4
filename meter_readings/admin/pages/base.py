"""Permission check and rendering of the pages without a model."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.contrib import admin
from django.contrib.auth.decorators import permission_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

type View = Callable[..., HttpResponse]


def staff_permission_required(*codenames: str) -> Callable[[View], View]:
    """Require staff with all these permissions: others get 403, or the sign-in page."""
    names = [f"meter_readings.{codename}" for codename in codenames]

    def decorate(view: View) -> View:
        return admin.site.admin_view(
            permission_required(names, raise_exception=True)(view)
        )

    return decorate


def handles_large_bodies[Marked: View](view: Marked) -> Marked:
    """Mark a view that answers a body over the size limit itself."""
    setattr(view, "handles_large_bodies", True)
    return view


def render_admin(
    request: HttpRequest, template: str, *, status: int = 200, **context: Any
) -> HttpResponse:
    """Render a template that extends the admin's base."""
    context = admin.site.each_context(request) | context
    return render(request, f"admin/meter_readings/{template}", context, status=status)
