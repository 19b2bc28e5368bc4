"""Admin of data subject requests: erasures and copies of an MPAN's data, read-only."""

from __future__ import annotations

from django.contrib import admin
from django.db.models import Q

from meter_readings import d0010
from meter_readings.importer.formatting import join_counts
from meter_readings.models import SubjectRequest, pseudonymise_mpan

from .base.display import time_column
from .base.read_only import ReadOnlyAdmin

_PSEUDONYM_LENGTH_SHOWN = 12


@admin.display(description="pseudonym")
def pseudonym(request: SubjectRequest) -> str:
    return f"{request.pseudonym[:_PSEUDONYM_LENGTH_SHOWN]}…"


@admin.display(description="rows erased or copied")
def row_counts(request: SubjectRequest) -> str:
    return join_counts(request.counts)


@admin.register(SubjectRequest)
class SubjectRequestAdmin(ReadOnlyAdmin):
    list_display = (
        time_column("answered_at", label="answered", ordering="answered_at"),
        "kind",
        "answered_by",
        "channel",
        pseudonym,
        row_counts,
    )
    list_filter = ("kind", "answered_at")
    search_fields = ("pseudonym",)
    search_help_text = "An MPAN or a full pseudonym. Only the pseudonym is stored."
    ordering = ("-answered_at", "-pk")
    exclude = ("counts",)
    readonly_fields = (row_counts,)  # type: ignore[assignment]

    def get_search_q(self, text: str) -> Q:
        made = pseudonymise_mpan(d0010.mpan.normalise_mpan(text))
        return Q(pseudonym__in=(text, made))
