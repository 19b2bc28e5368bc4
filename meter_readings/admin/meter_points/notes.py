"""Notes about a meter point: add one, delete one."""

from __future__ import annotations

from typing import cast

from django.contrib import admin, messages
from django.contrib.auth.models import User
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import URLPattern, path
from django.utils import timezone
from django.views.decorators.http import require_POST

from meter_readings import audit
from meter_readings.forms import MeterPointNoteForm
from meter_readings.models import AuditEvent, MeterPoint, MeterPointNote

NOTES_SHOWN = 20

_VIEW_MPAN = "meter_readings.view_meterpoint"
_ADD, _DELETE = (
    f"meter_readings.{action}_meterpointnote" for action in ("add", "delete")
)


def notes_urls(model_admin: admin.ModelAdmin) -> list[URLPattern]:
    view = require_POST(add_or_delete_note)
    return [
        path(
            "<int:object_id>/notes/",
            model_admin.admin_site.admin_view(view),
            name="meter_readings_meterpoint_notes",
        )
    ]


def latest_notes(*, mpan: str) -> QuerySet[MeterPointNote]:
    """Return the latest notes about an MPAN, newest first."""
    notes = MeterPointNote.objects.filter(mpan=mpan).select_related("written_by")
    return notes.order_by("-written_at", "-pk")[:NOTES_SHOWN]


def add_or_delete_note(request: HttpRequest, object_id: int) -> HttpResponse:
    """Add a note, or delete the one whose id is in `delete`."""
    note_id = request.POST.get("delete", "")
    if not request.user.has_perms([_VIEW_MPAN, _DELETE if note_id else _ADD]):
        raise PermissionDenied
    point = get_object_or_404(MeterPoint, pk=object_id)
    if note_id:
        _delete(request, point, note_id)
    else:
        _add(request, point)
    return redirect(f"{point.get_absolute_url()}#notes")


def _add(request: HttpRequest, point: MeterPoint) -> None:
    form = MeterPointNoteForm(request.POST)
    if not form.is_valid():
        messages.error(request, " ".join(map(str, form.errors["text"])))
        return
    MeterPointNote.objects.create(
        mpan=point.mpan,
        text=form.cleaned_data["text"],
        written_by=cast(User, request.user),
        written_at=timezone.now(),
    )
    messages.success(request, "Note added.")


@transaction.atomic
def _delete(request: HttpRequest, point: MeterPoint, note_id: str) -> None:
    notes = MeterPointNote.objects.filter(mpan=point.mpan)
    note = notes.filter(pk=int(note_id)).first() if note_id.isdecimal() else None
    if note is None:
        messages.warning(request, "The note was deleted before.")
        return
    audit.record(AuditEvent.Action.DELETE_NOTE, point, details={"note": note.pk})
    note.delete()
    messages.success(request, "Note deleted.")
