"""The admin site, which answers GET, HEAD and POST only."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.contrib import admin
from django.contrib.admin import apps
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.template.response import TemplateResponse
from django.views.decorators.http import require_http_methods

# Django's admin pages answer every other method as GET.
_allowed_methods = require_http_methods(["GET", "HEAD", "POST"])


class KrakenAdminSite(admin.AdminSite):
    """Django's admin site, which answers 405 to other methods."""

    def admin_view[View: Callable[..., HttpResponseBase]](
        self, view: View, cacheable: bool = False
    ) -> View:
        """Return a page for staff that answers 405 to other methods."""
        return super().admin_view(_allowed_methods(view), cacheable)

    def login(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """Return the sign-in page, which Django titles "Log in"."""
        context = {"title": "Sign in"} | (extra_context or {})
        return _allowed_methods(super().login)(request, context)

    def logout(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> TemplateResponse:
        """Sign out and return a page, which Django titles "Logged out"."""
        context = {"title": "Signed out"} | (extra_context or {})
        return super().logout(request, context)


class AdminConfig(apps.AdminConfig):
    """Django's admin application, with our admin site."""

    default_site = "config.admin.KrakenAdminSite"

    def ready(self) -> None:
        """Register all models but the tasks, which only say that a job may wait."""
        from django_tasks_db.models import DBTaskResult

        super().ready()
        admin.site.unregister(DBTaskResult)
