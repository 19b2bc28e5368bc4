"""The admin of this site: it answers to the methods it has pages for, and no other."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.contrib import admin
from django.contrib.admin import apps
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.views.decorators.http import require_http_methods

# Django's own pages would answer to any other method as to GET.
_served = require_http_methods(["GET", "HEAD", "POST"])


class Site(admin.AdminSite):
    """Django's, but strict about methods."""

    def admin_view[View: Callable[..., HttpResponseBase]](
        self, view: View, cacheable: bool = False
    ) -> View:
        """Return a page for staff, which answers 405 to methods it does not serve."""
        return super().admin_view(_served(view), cacheable)

    def login(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """Sign somebody in."""
        return _served(super().login)(request, extra_context)


class AdminConfig(apps.AdminConfig):
    """Django's admin, by our site."""

    default_site = "config.admin.Site"
