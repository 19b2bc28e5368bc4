"""Pages about what has not come: files of a sender, readings of a register."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.http import urlencode
from django.views.decorators.http import require_safe

from meter_readings.forms import NotReadForm
from meter_readings.queries import expected_files as files
from meter_readings.queries import unread_registers

from .base import render_admin, staff_permission_required

_ROWS_SHOWN = 100


@staff_permission_required("view_flowfile")
@require_safe
def expected_files(request: HttpRequest) -> HttpResponse:
    """List the senders with the state of their files."""
    return render_admin(
        request,
        "expected_files.html",
        title="Expected files",
        senders=files.expected_senders(now=timezone.now()),
        days=files.DAYS_LOOKED_AT,
    )


@staff_permission_required("view_meterpoint", "view_reading")
@require_safe
def not_read(request: HttpRequest) -> HttpResponse:
    """List meter points and registers without a recent reading."""
    form = NotReadForm(request.GET if "days" in request.GET else None)
    context: dict[str, Any] = {"title": "Meter points not read", "form": form}
    if form.is_bound and not form.is_valid():
        return render_admin(request, "not_read.html", status=400, **context)
    options: dict[str, Any] = form.cleaned_data if form.is_bound else form.defaults
    days = options["days"]
    page = unread_registers.unread_page(
        before=timezone.now() - timedelta(days=days),
        after_mpan=options["after"],
        limit=_ROWS_SHOWN,
    )
    following = {"days": days, "after": page.next_mpan} if page.next_mpan else {}
    return render_admin(
        request,
        "not_read.html",
        **context,
        page=page,
        days=days,
        is_continued=bool(options["after"]),
        next_query=urlencode(following),
    )
