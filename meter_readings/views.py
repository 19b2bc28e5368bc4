"""Views outside the admin: home page and search."""

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

from meter_readings import jobs
from meter_readings.models import FlowFile, ImportJob, Meter, MeterPoint, Reading
from meter_readings.ops import worker_heartbeat
from meter_readings.ops.answer_cache import cached_numbers, cached_text
from meter_readings.queries import (
    attention,
    dashboard,
    mpan_text,
    part_search,
    totals,
)
from meter_readings.queries import search as search_queries
from meter_readings.queries.flow_files import latest_flow_files

_FILES_SHOWN = 10
_REJECTED_SHOWN = 5
_RESULTS_SHOWN = 10

# Users with all of these permissions see the dashboard on the home page.
DASHBOARD_PERMISSIONS = [
    f"meter_readings.view_{name}"
    for name in ("flowfile", "meterpoint", "meter", "reading")
]


class Stat(NamedTuple):
    """A number of the dashboard, and the URL of its admin list or ""."""

    name: str
    number: str
    list_url: str = ""


class Queue(NamedTuple):
    """How many jobs wait, and whether a worker lives."""

    waiting: int
    has_worker: bool


class ResultSection(NamedTuple):
    """Search results of one model, and the URL of all of them."""

    model_name: str
    title: str
    rows: Sequence[Model]
    has_more: bool
    url: str


@never_cache
@require_safe
def home(request: HttpRequest) -> HttpResponse:
    """Show the dashboard to users with permission, and a welcome page to others."""
    has_dashboard = request.user.has_perms(DASHBOARD_PERMISSIONS)
    context: dict[str, Any] = {"has_dashboard": has_dashboard}
    if has_dashboard:
        now = timezone.now()
        context |= _dashboard(now)
        if request.user.has_perm("meter_readings.view_importjob"):
            context |= _import_jobs(now)
    return render(request, "meter_readings/home.html", context)


@never_cache
@require_safe
@login_required
def search(request: HttpRequest) -> HttpResponse:
    """Redirect to the only exact match, else list what begins with the text.

    If nothing does, list what has it as a part.
    """
    models = _searchable_models(request)
    # PostgreSQL rejects NUL characters, and no stored text has one.
    text = request.GET.get("q", "").replace("\0", "").strip()
    if not text:
        return _render_results(request, text, models, [])
    if mpans := mpan_text.mpans_in(text):
        models = [model for model in models if model is MeterPoint]
        limit = len(mpans)
    else:
        if url := _exact_match_url(request, text, models):
            return redirect(url)
        limit = _RESULTS_SHOWN
    results = search_queries.prefix_matches(text, models=models, limit=limit)
    is_complete = True
    if not mpans and not any(result.rows for result in results):
        results, is_complete = part_search.part_results(
            text, models=models, limit=limit
        )
    return _render_results(request, text, models, results, is_complete=is_complete)


def _dashboard(now: datetime) -> dict[str, Any]:
    days = dashboard.daily_totals(now=now)
    today = days[-1]
    return {
        "totals": _totals(_row_totals()),
        "days": days,
        "readings_by_day": [day.readings for day in days],
        "today": [
            Stat("Files received", f"{today.flow_files:,}"),
            Stat("Readings loaded", f"{today.readings:,}"),
            Stat("Files rejected", f"{today.rejected:,}"),
        ],
        "latest": latest_flow_files(limit=_FILES_SHOWN),
        "rejected": attention.rejected_files(now=now, limit=_REJECTED_SHOWN),
    }


def _import_jobs(now: datetime) -> dict[str, Any]:
    outcomes = dashboard.import_outcomes_today(now=now)
    return {
        "sent_again": f"{outcomes.get(ImportJob.Outcome.ALREADY_IMPORTED, 0):,}",
        "running": dashboard.running_imports(now=now),
        "queue": None if jobs.is_immediate() else _queue(),
    }


def _row_totals() -> totals.RowTotals:
    """Return the totals, which are counted once after each import.

    Counting takes longer, the more readings are not current.
    """
    files, points, meters, readings = cached_numbers(totals.row_totals, "row totals")
    counts = totals.RowCount(*points), totals.RowCount(*meters)
    return totals.RowTotals(files, *counts, readings)


def _queue() -> Queue:
    return Queue(dashboard.waiting_job_count(), worker_heartbeat.has_living_worker())


def _totals(rows: totals.RowTotals) -> list[Stat]:
    imported = f"{_list_url(FlowFile)}?status__exact={FlowFile.Status.IMPORTED}"
    return [
        Stat("Current readings", f"{rows.readings:,}", _list_url(Reading)),
        Stat("Meters", str(rows.meters), _list_url(Meter)),
        Stat("Meter points", str(rows.meter_points), _list_url(MeterPoint)),
        Stat("Imported files", f"{rows.flow_files:,}", imported),
    ]


def _searchable_models(request: HttpRequest) -> list[type[Model]]:
    """Return the models that the user may view; raise PermissionDenied if none."""
    user = request.user
    models: list[type[Model]] = [
        model
        for model in (MeterPoint, Meter, FlowFile)
        if user.is_staff and user.has_perm(f"meter_readings.view_{_model_name(model)}")
    ]
    if not models:
        raise PermissionDenied
    return models


def _exact_match_url(request: HttpRequest, text: str, models: list[type[Model]]) -> str:
    """Return the URL of the only exact match, or ""; that of an MPAN is cached."""

    def find() -> str:
        matches = search_queries.exact_matches(text, models=models)
        return _match_url(matches[0], text) if len(matches) == 1 else ""

    if not mpan_text.is_mpan(text):
        return find()
    return cached_text(
        find, request.user, "search", text, list(map(_model_name, models))
    )


def _match_url(match: search_queries.SearchResults, text: str) -> str:
    """Return the URL of the one matching row, or of the list if there are several."""
    if match.has_more:
        return _search_url(match.model, text)
    url: str = match.rows[0].get_absolute_url()
    return url


def _list_url(model: type[Model]) -> str:
    return reverse(f"admin:meter_readings_{_model_name(model)}_changelist")


def _search_url(model: type[Model], text: str) -> str:
    return f"{_list_url(model)}?{urlencode({'q': text})}"


def _model_name(model: type[Model]) -> str:
    return str(model._meta.model_name)


def _render_results(
    request: HttpRequest,
    text: str,
    models: list[type[Model]],
    results: list[search_queries.SearchResults],
    *,
    is_complete: bool = True,
) -> HttpResponse:
    sections = [
        ResultSection(
            model_name=_model_name(model),
            title=str(model._meta.verbose_name_plural).capitalize(),
            rows=rows,
            has_more=has_more,
            url=_search_url(model, text),
        )
        for model, rows, has_more in results
        if rows
    ]
    context = {
        "query": text,
        "sections": sections,
        "model_names": [_model_name(model) for model in models],
        "wrong_mpans": mpan_text.wrong_mpans(text),
        "incomplete": "" if is_complete else part_search.INCOMPLETE,
    }
    if MeterPoint in models:
        context |= _mpan_context(text, sections)
    return render(request, "meter_readings/search.html", context)


def _mpan_context(text: str, sections: list[ResultSection]) -> dict[str, Any]:
    """Return the MPANs of a list that are not stored, and what a wrong one may mean."""
    found = {
        row.mpan
        for section in sections
        for row in section.rows
        if isinstance(row, MeterPoint)
    }
    mpans = mpan_text.mpans_in(text)
    wrong = [] if mpans else mpan_text.wrong_mpans(text)
    return {
        "not_stored": [mpan for mpan in mpans if mpan not in found],
        "similar": [
            point
            for mpan, _ in wrong
            for point in search_queries.similar_meter_points(mpan)
        ],
    }
