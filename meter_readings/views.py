"""The pages outside the admin."""

from __future__ import annotations

from typing import Any, NamedTuple

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from meter_readings import queries
from meter_readings.models import FlowFile

_FILES_SHOWN = 10
_REJECTED_SHOWN = 5

# Who may look at all of these may see what the home page tells of them.
MAY_LOOK = [
    f"meter_readings.view_{name}"
    for name in ("flowfile", "meterpoint", "meter", "reading")
]


class Figure(NamedTuple):
    """How much of something the system holds, and the admin's list of it."""

    name: str
    number: str
    list_name: str


@never_cache
@require_safe
def home(request: HttpRequest) -> HttpResponse:
    """Show what the system holds to those who may look, and to others what it is."""
    may_look = request.user.has_perms(MAY_LOOK)
    context = {"may_look": may_look} | (_overview() if may_look else {})
    return render(request, "meter_readings/home.html", context)


def _overview() -> dict[str, Any]:
    rejected = FlowFile.objects.filter(status=FlowFile.Status.REJECTED)
    latest_rejected = rejected.order_by("-received_at", "-pk")
    return {
        "figures": _figures(queries.holdings()),
        "latest": queries.latest_flow_files(limit=_FILES_SHOWN),
        "rejected": latest_rejected[:_REJECTED_SHOWN],
        "rejected_count": rejected.count(),
    }


def _figures(held: queries.Holdings) -> list[Figure]:
    listed = "admin:meter_readings_{}_changelist".format
    return [
        Figure("Readings", f"{held.readings:,}", listed("reading")),
        Figure("Meters", _number(held.meters), listed("meter")),
        Figure("Meter points", _number(held.meter_points), listed("meterpoint")),
        Figure("Imported files", f"{held.flow_files:,}", listed("flowfile")),
    ]


def _number(rows: queries.RowCount) -> str:
    return f"{rows.number:,}" if rows.is_exact else f"about {rows.number:,}"
