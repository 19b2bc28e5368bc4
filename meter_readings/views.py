"""The pages outside the admin."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any, NamedTuple

from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.db.models import Model
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.http import urlencode
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from meter_readings.models import FlowFile, ImportJob, Meter, MeterPoint
from meter_readings.queries import dashboard, search, totals
from meter_readings.queries.flow_files import latest_flow_files

_FILES_SHOWN = 10
_REJECTED_SHOWN = 5
_FOUND_SHOWN = 10

# Who may look at all of these may see what the home page tells of them.
MAY_LOOK = [
    f"meter_readings.view_{name}"
    for name in ("flowfile", "meterpoint", "meter", "reading")
]


class Figure(NamedTuple):
    """How much of something there is, and the admin's list of it if there is one."""

    name: str
    number: str
    list_name: str = ""


class Section(NamedTuple):
    """What was found of one kind, and where all of it is."""

    kind: str
    title: str
    rows: Sequence[Model]
    has_more: bool
    address: str


@never_cache
@require_safe
def home(request: HttpRequest) -> HttpResponse:
    """Show what the system holds to those who may look, and to others what it is."""
    may_look = request.user.has_perms(MAY_LOOK)
    context: dict[str, Any] = {"may_look": may_look}
    if may_look:
        now = timezone.now()
        context |= _overview(now)
        if request.user.has_perm("meter_readings.view_importjob"):
            context |= _attempts(now)
    return render(request, "meter_readings/home.html", context)


@never_cache
@require_safe
@login_required
def find(request: HttpRequest) -> HttpResponse:
    """Go to what a text names, or show what begins with it; say what can be found."""
    kinds = _kinds_that_may_be_found(request)
    # PostgreSQL takes no NUL, and nothing that is held has one.
    text = request.GET.get("q", "").replace("\0", "").strip()
    if not text:
        return _render_found(request, text, kinds, [])
    named = search.exact_matches(text, models=kinds)
    if len(named) == 1:
        return redirect(_address_of(named[0], text))
    found = search.prefix_matches(text, models=kinds, limit=_FOUND_SHOWN)
    return _render_found(request, text, kinds, found)


def _overview(now: datetime) -> dict[str, Any]:
    rejected = FlowFile.objects.filter(status=FlowFile.Status.REJECTED)
    days = dashboard.daily_totals(now=now)
    today = days[-1]
    return {
        "figures": _figures(totals.row_totals()),
        "days": days,
        "readings_by_day": [day.readings for day in days],
        "today": [
            Figure("Files received", f"{today.flow_files:,}"),
            Figure("Readings loaded", f"{today.readings:,}"),
            Figure("Files rejected", f"{today.rejected:,}"),
        ],
        "latest": latest_flow_files(limit=_FILES_SHOWN),
        "rejected": rejected.order_by("-received_at", "-pk")[:_REJECTED_SHOWN],
    }


def _attempts(now: datetime) -> dict[str, Any]:
    outcomes = dashboard.import_outcomes_today(now=now)
    return {
        "duplicates": f"{outcomes.get(ImportJob.Outcome.ALREADY_IMPORTED, 0):,}",
        "running": dashboard.running_imports(now=now),
    }


def _figures(held: totals.RowTotals) -> list[Figure]:
    listed = "admin:meter_readings_{}_changelist".format
    return [
        Figure("Readings", f"{held.readings:,}", listed("reading")),
        Figure("Meters", _number(held.meters), listed("meter")),
        Figure("Meter points", _number(held.meter_points), listed("meterpoint")),
        Figure("Imported files", f"{held.flow_files:,}", listed("flowfile")),
    ]


def _number(rows: totals.RowCount) -> str:
    return f"{rows.number:,}" if rows.is_exact else f"about {rows.number:,}"


def _kinds_that_may_be_found(request: HttpRequest) -> list[type[Model]]:
    """Return the kinds whose pages the user may open; refuse who may open none."""
    user = request.user
    kinds: list[type[Model]] = [
        model
        for model in (MeterPoint, Meter, FlowFile)
        if user.is_staff and user.has_perm(f"meter_readings.view_{_name_of(model)}")
    ]
    if not kinds:
        raise PermissionDenied
    return kinds


def _address_of(found: search.SearchResults, text: str) -> str:
    """Return the page of the one row that was named, or the list where several were."""
    if found.has_more:
        return _list_address(found.model, text)
    address: str = found.rows[0].get_absolute_url()
    return address


def _list_address(model: type[Model], text: str) -> str:
    address = reverse(f"admin:meter_readings_{_name_of(model)}_changelist")
    return f"{address}?{urlencode({'q': text})}"


def _name_of(model: type[Model]) -> str:
    return str(model._meta.model_name)


def _render_found(
    request: HttpRequest,
    text: str,
    kinds: list[type[Model]],
    found: list[search.SearchResults],
) -> HttpResponse:
    sections = [
        Section(
            kind=_name_of(model),
            title=str(model._meta.verbose_name_plural).capitalize(),
            rows=rows,
            has_more=has_more,
            address=_list_address(model, text),
        )
        for model, rows, has_more in found
        if rows
    ]
    context = {
        "sought": text,
        "sections": sections,
        "kinds": [_name_of(model) for model in kinds],
    }
    return render(request, "meter_readings/find.html", context)
