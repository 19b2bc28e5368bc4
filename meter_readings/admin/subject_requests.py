"""The admin of what was erased and handed over: for auditors, and nobody changes it."""

from __future__ import annotations

from django.contrib import admin
from django.db.models import Q
from django.utils.safestring import SafeString

from meter_readings import d0010
from meter_readings.importer.formatting import join_counts
from meter_readings.models import SubjectRequest, pseudonyms
from meter_readings.templatetags import formatting

from .base.read_only import ReadOnlyAdmin


@admin.display(description="answered", ordering="answered_at")
def answered_at(request: SubjectRequest) -> SafeString | str:
    """Return when it was answered."""
    return formatting.local_time(request.answered_at)


@admin.display(description="pseudonym")
def pseudonym(request: SubjectRequest) -> str:
    """Return how the name begins by which the MPAN is known again."""
    return f"{request.pseudonym[:12]}…"


@admin.display(description="what there was")
def counted(request: SubjectRequest) -> str:
    """Return how much was erased or handed over."""
    return join_counts(request.counts)


@admin.register(SubjectRequest)
class SubjectRequestAdmin(ReadOnlyAdmin):
    """Who had an MPAN erased or its data handed over, when, and why."""

    list_display = (answered_at, "kind", "answered_by", "channel", pseudonym, counted)
    list_filter = ("kind", "answered_at")
    search_fields = ("pseudonym",)
    search_help_text = "An MPAN, which is not kept, or a whole pseudonym."
    ordering = ("-answered_at", "-pk")
    exclude = ("counts",)
    readonly_fields = (counted,)  # type: ignore[assignment]

    def found_by(self, text: str) -> Q:
        """Return the requests about an MPAN."""
        made = pseudonyms.pseudonymise_mpan(d0010.mpan.typed(text))
        return Q(pseudonym__in=(text, made))
