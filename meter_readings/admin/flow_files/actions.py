"""Actions on one flow file: undo its import, and import its original file again."""

from __future__ import annotations

from typing import Any, cast

from django.contrib import messages
from django.contrib.auth.models import User
from django.http import HttpRequest, HttpResponseBase
from django.shortcuts import redirect
from django.utils import timezone
from django.utils.text import capfirst

from meter_readings import importer, jobs
from meter_readings.admin.base.queued_jobs import redirect_to_jobs
from meter_readings.forms import ImportOptionsForm
from meter_readings.importer import result_messages
from meter_readings.models import FlowFile, ImportJob, Policy

from .stats import MAX_EXACT_COUNT
from .views import (
    LOCK_TIMEOUT,
    STORAGE_FULL_MESSAGE,
    WRITE_METHODS,
    FlowFileView,
    render_flow_file_page,
)

_IMPORTED = FlowFile.Status.IMPORTED

_EXAMPLES_PER_RULE = 3

_LEVELS = {
    ImportJob.Outcome.IMPORTED: messages.SUCCESS,
    ImportJob.Outcome.ALREADY_IMPORTED: messages.WARNING,
}


# Undo


def undo(request: HttpRequest, file: FlowFile) -> HttpResponseBase:
    """Ask for confirmation with the changes to be made; undo, or queue that."""
    try:
        if request.POST.get("step") == "undo":
            if not jobs.is_immediate():
                return redirect_to_jobs(request, [enqueue_undo(file, request)], file)
            result = perform_undo(file, request)
            message = f"Import undone: {result_messages.undo_message(result)}."
            messages.success(request, message)
            return redirect(file)
        return _undo_confirmation(request, file)
    except importer.NotImported:
        message = f"{file.filename} is not imported: there is nothing to undo."
        messages.warning(request, message)
    except importer.ImportLockTimeout as error:
        messages.error(request, _busy_message(error))
    except importer.StorageFull:
        messages.error(request, STORAGE_FULL_MESSAGE)
    return redirect(file)


def perform_undo(
    file: FlowFile, request: HttpRequest, *, dry_run: bool = False
) -> importer.UndoResult:
    """Undo an import; raises what `importer.undo_import` raises."""
    return importer.undo_import(
        flow_file=file,
        now=timezone.now(),
        channel=ImportJob.Channel.ADMIN,
        requested_by=cast(User, request.user),
        dry_run=dry_run,
        lock_timeout=LOCK_TIMEOUT,
    )


def enqueue_undo(file: FlowFile, request: HttpRequest) -> ImportJob:
    return jobs.enqueue_undo(
        flow_file=file,
        channel=ImportJob.Channel.ADMIN,
        requested_by=cast(User, request.user),
    )


def _undo_confirmation(request: HttpRequest, file: FlowFile) -> HttpResponseBase:
    """Show the exact changes, for a large file only if the user asks for them.

    They are counted by an undo that is rolled back: it takes as long as the undo and
    holds the import lock meanwhile.
    """
    if file.status != _IMPORTED:
        raise importer.NotImported
    is_large = file.readings_loaded > MAX_EXACT_COUNT
    result = None
    if not is_large or request.POST.get("step") == "preview":
        result = perform_undo(file, request, dry_run=True)
    return render_flow_file_page(
        request,
        file,
        "undo",
        title=f"Undo the import of {file.filename}?",
        undo_result=result,
    )


def _busy_message(error: importer.ImportLockTimeout) -> str:
    reason = capfirst(error.reason)
    return f"{reason}. Nothing was changed. Try again in a minute."


# Import again


def reprocess(request: HttpRequest, file: FlowFile) -> HttpResponseBase:
    """Ask for the import options; validate the original file or import it again.

    The import is queued if there are workers.
    """
    if file.status == _IMPORTED:
        message = (
            f"{file.filename} is already imported. To import it again, undo it first."
        )
        messages.warning(request, message)
        return redirect(file)
    form = _reprocess_form(request, file)
    result = None
    if request.method == "POST" and form.is_valid():
        is_dry_run = request.POST.get("step") != "import"
        if not is_dry_run and not jobs.is_immediate():
            importer.open_original(flow_file=file).close()
            job = enqueue_reprocess(file, request, form)
            return redirect_to_jobs(request, [job], file)
        try:
            result = perform_reprocess(file, request, form, dry_run=is_dry_run)
        except importer.ImportLockTimeout as error:
            messages.error(request, _busy_message(error))
        except importer.StorageFull:
            messages.error(request, STORAGE_FULL_MESSAGE)
        else:
            if not is_dry_run and result.outcome != ImportJob.Outcome.REFUSED:
                add_result_message(request, file, result)
                return redirect(file)
    return render_flow_file_page(
        request,
        file,
        "reprocess",
        title=f"Import {file.filename} again?",
        form=form,
        result=result,
        **_result_context(result),
    )


def _reprocess_form(request: HttpRequest, file: FlowFile) -> ImportOptionsForm:
    if request.method == "POST":
        return ImportOptionsForm(request.POST)
    suggested = request.GET.get("policy")
    policy = suggested if suggested in Policy.values else file.policy
    return ImportOptionsForm(initial={"policy": policy})


def perform_reprocess(
    file: FlowFile, request: HttpRequest, form: ImportOptionsForm, *, dry_run: bool
) -> importer.ImportResult:
    """Import an original again; raises what `importer.import_original` raises."""
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


def enqueue_reprocess(
    file: FlowFile, request: HttpRequest, form: ImportOptionsForm
) -> ImportJob:
    return jobs.enqueue_reprocess(
        flow_file=file,
        policy=form.cleaned_data["policy"],
        allow_same_name=form.cleaned_data["allow_same_name"],
        channel=ImportJob.Channel.ADMIN,
        requested_by=cast(User, request.user),
    )


def add_result_message(
    request: HttpRequest, file: FlowFile, result: importer.ImportResult
) -> None:
    text = result_messages.outcome_message(result, is_dry_run=False)
    level = _LEVELS.get(result.outcome, messages.ERROR)
    messages.add_message(request, level, f"{file.filename}: {text}.")


def _result_context(result: importer.ImportResult | None) -> dict[str, Any]:
    """Return the message and findings of a result that changed nothing."""
    if result is None:
        return {}
    return {
        "is_valid": result.outcome == ImportJob.Outcome.CHECKED,
        "outcome": result_messages.outcome_message(result, is_dry_run=True),
        "rules": result_messages.findings_by_rule(result, _EXAMPLES_PER_RULE),
    }


VIEWS = [
    FlowFileView("undo/", "undo", ("undo_flowfile",), undo, WRITE_METHODS),
    FlowFileView(
        "reprocess/", "reprocess", ("import_flowfile",), reprocess, WRITE_METHODS
    ),
]
