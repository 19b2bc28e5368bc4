"""Undoing the import of a file, and importing its original again: asked, then done."""

from __future__ import annotations

from typing import Any, cast

from django.contrib import messages
from django.contrib.auth.models import User
from django.http import HttpRequest, HttpResponseBase
from django.shortcuts import redirect
from django.utils import timezone

from meter_readings import importer
from meter_readings.forms import ImportOptionsForm
from meter_readings.importer import result_messages
from meter_readings.models import FlowFile, ImportJob, Policy

from .stats import MAX_EXACT_COUNT
from .views import BUSY, CHANGE, FULL, LOCK_TIMEOUT, FlowFileView, page

_IMPORTED = FlowFile.Status.IMPORTED

_RULES_SHOWN_FIRST = 3

_LEVELS = {
    ImportJob.Outcome.IMPORTED: messages.SUCCESS,
    ImportJob.Outcome.ALREADY_IMPORTED: messages.WARNING,
}


# Undoing


def undo(request: HttpRequest, file: FlowFile) -> HttpResponseBase:
    """Say exactly what an undoing would change; undo where that is confirmed."""
    try:
        if request.POST.get("step") == "undo":
            result = perform_undo(file, request)
            said = f"The import was undone: {result_messages.undo_message(result)}."
            messages.success(request, said)
            return redirect(file)
        return _undo_confirmation(request, file)
    except importer.NotImported:
        said = f"{file.filename} is not held as imported: there is nothing to undo."
        messages.warning(request, said)
    except importer.ImportLockTimeout:
        messages.error(request, BUSY)
    except importer.StorageFull:
        messages.error(request, FULL)
    return redirect(file)


def perform_undo(
    file: FlowFile, request: HttpRequest, *, dry_run: bool = False
) -> importer.UndoResult:
    """Undo an import by this door; raises what the importer raises."""
    return importer.undo_import(
        flow_file=file,
        now=timezone.now(),
        channel=ImportJob.Channel.ADMIN,
        requested_by=cast(User, request.user),
        dry_run=dry_run,
        lock_timeout=LOCK_TIMEOUT,
    )


def _undo_confirmation(request: HttpRequest, file: FlowFile) -> HttpResponseBase:
    """Ask; tell what would change, for a large file only to who wants to wait for it.

    Finding that out is an undoing that is taken back: it takes as long and holds up
    other loads meanwhile.
    """
    if file.status != _IMPORTED:
        raise importer.NotImported
    is_large = file.readings_loaded > MAX_EXACT_COUNT
    result = None
    if not is_large or request.POST.get("step") == "count":
        result = perform_undo(file, request, dry_run=True)
    return page(
        request, file, "undo", title=f"Undo the import of {file.filename}?", what=result
    )


# Importing again


def reprocess(request: HttpRequest, file: FlowFile) -> HttpResponseBase:
    """Ask under which policy; check the original again, or import it again."""
    if file.status == _IMPORTED:
        said = (
            f"{file.filename} is held as imported. To import it again, undo it first."
        )
        messages.warning(request, said)
        return redirect(file)
    form = _reprocess_form(request, file)
    result = None
    if request.method == "POST" and form.is_valid():
        is_check = request.POST.get("step") != "import"
        try:
            result = perform_reprocess(file, request, form, dry_run=is_check)
        except importer.ImportLockTimeout:
            messages.error(request, BUSY)
        except importer.StorageFull:
            messages.error(request, FULL)
        else:
            if not is_check and result.outcome != ImportJob.Outcome.REFUSED:
                tell(request, file, result)
                return redirect(file)
    return page(
        request,
        file,
        "reprocess",
        title=f"Import {file.filename} again?",
        form=form,
        result=result,
        **_told(result),
    )


def _reprocess_form(request: HttpRequest, file: FlowFile) -> ImportOptionsForm:
    if request.method == "POST":
        return ImportOptionsForm(request.POST)
    asked_for = request.GET.get("policy")
    policy = asked_for if asked_for in Policy.values else file.policy
    return ImportOptionsForm(initial={"policy": policy})


def perform_reprocess(
    file: FlowFile, request: HttpRequest, form: ImportOptionsForm, *, dry_run: bool
) -> importer.ImportResult:
    """Import an original again by this door; raises what the importer raises."""
    return importer.import_original(
        flow_file=file,
        now=timezone.now(),
        policy=form.cleaned_data["policy"],
        channel=ImportJob.Channel.ADMIN,
        requested_by=cast(User, request.user),
        dry_run=dry_run,
        allow_same_name=form.cleaned_data["allow_same_name"],
        lock_timeout=LOCK_TIMEOUT,
    )


def tell(request: HttpRequest, file: FlowFile, result: importer.ImportResult) -> None:
    """Tell what came of an import."""
    said = result_messages.outcome_message(result, is_dry_run=False)
    level = _LEVELS.get(result.outcome, messages.ERROR)
    messages.add_message(request, level, f"{file.filename}: {said}.")


def _told(result: importer.ImportResult | None) -> dict[str, Any]:
    """Return what a check came to, in words and by rule; nothing was kept of it."""
    if result is None:
        return {}
    return {
        "is_good": result.outcome == ImportJob.Outcome.CHECKED,
        "outcome": result_messages.outcome_message(result, is_dry_run=True),
        "rules": result_messages.findings_by_rule(result, _RULES_SHOWN_FIRST),
    }


VIEWS = [
    FlowFileView("undo/", "undo", ("undo_flowfile",), undo, CHANGE),
    FlowFileView("reprocess/", "reprocess", ("import_flowfile",), reprocess, CHANGE),
]
