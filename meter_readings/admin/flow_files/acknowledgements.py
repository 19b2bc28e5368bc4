"""Acknowledging flow files that need attention: one file, or those selected."""

from __future__ import annotations

from collections.abc import Sequence
from typing import cast

from django.contrib import admin, messages
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.contrib.auth.models import User
from django.db import transaction
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect
from django.utils import timezone

from meter_readings import audit
from meter_readings.forms import AcknowledgementForm
from meter_readings.importer.formatting import pluralise
from meter_readings.models import AuditEvent, FlowFile
from meter_readings.queries import attention

from .views import WRITE_METHODS, FlowFileView, render_flow_file_page

# A page has at most 1,000 form fields (DATA_UPLOAD_MAX_NUMBER_FIELDS).
MAX_FILES = 500

_NOTHING_TO_DO = "None of these files needs attention: there is nothing to acknowledge."


def acknowledge(request: HttpRequest, file: FlowFile) -> HttpResponseBase:
    """Ask for a note and acknowledge the file, or remove its acknowledgement."""
    if request.POST.get("step") == "remove":
        if _remove(file):
            messages.success(request, "Acknowledgement removed.")
        return redirect(file)
    files = FlowFile.objects.filter(attention.needs_attention_q(), pk=file.pk)
    form = AcknowledgementForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        if _acknowledge(files, request, form):
            messages.success(request, f"{file.filename} acknowledged.")
        else:
            messages.warning(request, f"{file.filename} does not need attention.")
        return redirect(file)
    return render_flow_file_page(
        request, file, "acknowledge", title=f"Acknowledge {file.filename}?", form=form
    )


@admin.action(description="Acknowledge selected files", permissions=["acknowledge"])
def acknowledge_selected(
    model_admin: admin.ModelAdmin, request: HttpRequest, files: QuerySet[FlowFile]
) -> HttpResponse | None:
    """Ask for a note, then acknowledge those of the files that need attention."""
    needing = files.filter(attention.needs_attention_q()).order_by(
        "-received_at", "-pk"
    )
    selected = list(needing[: MAX_FILES + 1])
    if not selected:
        messages.warning(request, _NOTHING_TO_DO)
        return None
    if len(selected) > MAX_FILES:
        message = (
            f"More than {MAX_FILES} files are selected. Select at most {MAX_FILES}."
        )
        messages.error(request, message)
        return None
    form = AcknowledgementForm(request.POST if request.POST.get("step") else None)
    if form.is_valid():
        acknowledged = _acknowledge(needing, request, form)
        messages.success(
            request, f"{pluralise(len(acknowledged), 'file')} acknowledged."
        )
        return None
    return render_flow_file_page(
        request,
        None,
        "acknowledge_selected",
        title=f"Acknowledge {pluralise(len(selected), 'file')}?",
        action="acknowledge_selected",
        files=selected,
        form=form,
        action_checkbox_name=ACTION_CHECKBOX_NAME,
    )


@transaction.atomic
def _acknowledge(
    files: QuerySet[FlowFile], request: HttpRequest, form: AcknowledgementForm
) -> Sequence[FlowFile]:
    """Acknowledge files and return them; each has an event in the audit trail."""
    found = list(files.select_for_update(of=("self",)))
    user, note = cast(User, request.user), form.cleaned_data["note"]
    FlowFile.objects.filter(pk__in=[file.pk for file in found]).update(
        acknowledged_at=timezone.now(), acknowledged_by=user, acknowledgement_note=note
    )
    details = {"note": note} if note else {}
    for file in found:
        audit.record(AuditEvent.Action.ACKNOWLEDGE, file, details=details)
    return found


@transaction.atomic
def _remove(file: FlowFile) -> bool:
    """Remove an acknowledgement; return whether there was one."""
    acknowledged = FlowFile.objects.filter(attention.acknowledged_q(), pk=file.pk)
    removed = acknowledged.update(
        acknowledged_at=None, acknowledged_by=None, acknowledgement_note=""
    )
    if removed:
        audit.record(AuditEvent.Action.REMOVE_ACKNOWLEDGEMENT, file)
    return bool(removed)


VIEWS = [
    FlowFileView(
        "acknowledge/",
        "acknowledge",
        ("acknowledge_flowfile",),
        acknowledge,
        WRITE_METHODS,
    ),
]
