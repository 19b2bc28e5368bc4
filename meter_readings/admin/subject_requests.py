"""Admin of data subject requests: erasures and copies of data; the page to erase."""

from __future__ import annotations

from typing import Any, cast

from django.contrib import admin
from django.contrib.auth.decorators import permission_required
from django.contrib.auth.models import User
from django.db.models import Q
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils import timezone

from meter_readings import d0010, importer, jobs, privacy
from meter_readings.forms import ErasureForm, MpanToEraseForm
from meter_readings.importer.formatting import join_counts
from meter_readings.models import (
    PSEUDONYM_LENGTH_SHOWN,
    ImportJob,
    SubjectRequest,
    pseudonymise_mpan,
)

from .base.display import time_column
from .base.queued_jobs import redirect_to_jobs
from .base.read_only import ObjectTool, ReadOnlyAdmin

_ERASE = "meter_readings.erase_mpan"
_LIST = "admin:meter_readings_subjectrequest_changelist"
_PAGE = "admin:meter_readings_subjectrequest_erase"


@admin.display(description="pseudonym")
def pseudonym(request: SubjectRequest) -> str:
    return f"{request.pseudonym[:PSEUDONYM_LENGTH_SHOWN]}…"


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

    def get_object_tools(self, request: HttpRequest) -> list[ObjectTool]:
        if not request.user.has_perm(_ERASE):
            return []
        return [ObjectTool("Erase an MPAN", reverse(_PAGE))]

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view(
            permission_required(_ERASE, raise_exception=True)(self.erase_view)
        )
        name = _PAGE.removeprefix("admin:")
        return [path("erase/", view, name=name), *super().get_urls()]

    def erase_view(self, request: HttpRequest) -> HttpResponse:
        """Ask for an MPAN and show what is stored about it; erase it, or queue that.

        The MPAN is in the bodies of requests only.
        """
        form = MpanToEraseForm(request.POST or None)
        if not form.is_valid():
            return self._erase_page(request, form=form)
        given = form.cleaned_data
        is_confirmed = request.POST.get("step") == "erase"
        confirmation = ErasureForm(request.POST if is_confirmed else None)
        if confirmation.is_valid():
            return self._erase(request, **given)
        return self._erase_page(
            request,
            confirmation=confirmation["confirmation"],
            stored=join_counts(privacy.stored_counts(mpan=given["mpan"])),
            **given,
        )

    def _erase(self, request: HttpRequest, *, mpan: str, reason: str) -> HttpResponse:
        user, channel = cast(User, request.user), ImportJob.Channel.ADMIN
        if not jobs.is_immediate():
            job = jobs.enqueue_erasure(
                mpan=mpan, reason=reason, channel=channel, requested_by=user
            )
            return redirect_to_jobs(request, [job], _PAGE)
        try:
            erased = privacy.erase_mpan(
                mpan=mpan,
                reason=reason,
                answered_by=user.get_username(),
                now=timezone.now(),
                channel=channel,
            )
        except importer.ImportRunning as error:
            problem = f"Nothing was erased. {error} Try again when it has finished."
            return self._erase_page(request, problem=problem)
        # No redirect: the session of the user may be among those deleted.
        message = privacy.erased_message(erased._asdict())
        return self._erase_page(request, done=message)

    def _erase_page(self, request: HttpRequest, **context: Any) -> HttpResponse:
        context = {
            **self.admin_site.each_context(request),
            "opts": self.opts,
            "title": "Erase an MPAN",
            "may_view": self.has_view_permission(request),
            **context,
        }
        template = "admin/meter_readings/subjectrequest/erase.html"
        return TemplateResponse(request, template, context)

    def get_search_q(self, text: str) -> Q:
        made = pseudonymise_mpan(d0010.mpan.normalise_mpan(text))
        return Q(pseudonym__in=(text, made))
