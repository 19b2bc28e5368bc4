"""Actions on flow files selected in the list: undo their imports, import them again.

Each file has its own transaction: what was done stays done if a later file fails. If
there are workers, each file has a job.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from django.contrib import admin, messages
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.template.defaultfilters import filesizeformat

from meter_readings import importer, jobs
from meter_readings.admin.base.queued_jobs import redirect_to_jobs
from meter_readings.forms import ImportOptionsForm
from meter_readings.importer import result_messages
from meter_readings.importer.formatting import pluralise
from meter_readings.models import FlowFile, Policy

from . import actions
from .views import render_flow_file_page

MAX_FILES = 50
# The limit of what is done while the user waits for the page
MAX_BYTES = 100 << 20

_STATUS = FlowFile.Status

_NOTHING_TO_UNDO = "None of these files is imported: there is nothing to undo."
_NOTHING_TO_IMPORT = (
    "All of these files are already imported. To import them again, undo them first."
)


class Selection(NamedTuple):
    """The selected files that the action applies to, and those it skips."""

    eligible: list[FlowFile]
    skipped: list[FlowFile]

    @property
    def reading_count(self) -> int:
        return sum(file.readings_loaded for file in self.eligible)

    @property
    def size(self) -> int:
        """The total in bytes."""
        return sum(file.size for file in self.eligible)


@admin.action(description="Undo the import of selected files", permissions=["undo"])
def undo_selected(
    model_admin: admin.ModelAdmin, request: HttpRequest, files: QuerySet[FlowFile]
) -> HttpResponse | None:
    """Ask for confirmation with the number of files, then undo."""
    selection = _selection(request, files, [_STATUS.IMPORTED], _NOTHING_TO_UNDO)
    if selection is None:
        return None
    if request.POST.get("step") == "undo":
        return _undo_all(request, selection)
    count = pluralise(len(selection.eligible), "file")
    return _confirm(request, "undo_selected", f"Undo the import of {count}?", selection)


@admin.action(description="Import selected files again", permissions=["import"])
def reprocess_selected(
    model_admin: admin.ModelAdmin, request: HttpRequest, files: QuerySet[FlowFile]
) -> HttpResponse | None:
    """Ask for the import options, then import."""
    selection = _selection(
        request, files, [_STATUS.REJECTED, _STATUS.UNDONE], _NOTHING_TO_IMPORT
    )
    if selection is None:
        return None
    step = request.POST.get("step")
    form = ImportOptionsForm(
        request.POST if step else None, initial={"policy": Policy.STANDARD}
    )
    if step == "import" and form.is_valid():
        return _reprocess_all(request, selection, form)
    count = pluralise(len(selection.eligible), "file")
    return _confirm(
        request, "reprocess_selected", f"Import {count} again?", selection, form
    )


def _selection(
    request: HttpRequest, files: QuerySet[FlowFile], statuses: list[str], reason: str
) -> Selection | None:
    """Return the selection; add a message and return None if nothing can be done.

    `reason` is the message if no file has one of the statuses.
    """
    count = files.count()
    if count > MAX_FILES:
        message = f"{count:,} files are selected. Select at most {MAX_FILES}."
        messages.error(request, message)
        return None
    latest_first = list(files.order_by("-received_at", "-pk"))
    selection = Selection(
        [file for file in latest_first if file.status in statuses],
        [file for file in latest_first if file.status not in statuses],
    )
    if not selection.eligible:
        messages.warning(request, reason)
        return None
    if jobs.is_immediate() and selection.size > MAX_BYTES:
        size, limit = filesizeformat(selection.size), filesizeformat(MAX_BYTES)
        messages.error(request, f"{size} are selected. Select at most {limit}.")
        return None
    return selection


def _confirm(
    request: HttpRequest,
    action: str,
    title: str,
    selection: Selection,
    form: ImportOptionsForm | None = None,
) -> HttpResponse:
    return render_flow_file_page(
        request,
        None,
        action,
        title=title,
        action=action,
        selection=selection,
        form=form,
        action_checkbox_name=ACTION_CHECKBOX_NAME,
    )


def _undo_all(request: HttpRequest, selection: Selection) -> HttpResponse | None:
    if not jobs.is_immediate():
        queued = [actions.enqueue_undo(file, request) for file in selection.eligible]
        return redirect_to_jobs(request, queued, request.get_full_path())
    attempts = (
        _attempt(request, file, lambda file: actions.perform_undo(file, request))
        for file in selection.eligible
    )
    results = [result for result in attempts if result]
    if results:
        # A reading restored by the undo of one file may be deleted by the next.
        total = importer.UndoResult(*map(sum, zip(*results, strict=True)))
        total = total._replace(versions_changed=0)
        count = pluralise(len(results), "import")
        message = f"{count} undone: {result_messages.undo_message(total)}."
        messages.success(request, message)
    return None


def _reprocess_all(
    request: HttpRequest, selection: Selection, form: ImportOptionsForm
) -> HttpResponse | None:
    if not jobs.is_immediate():
        queued = [
            actions.enqueue_reprocess(file, request, form)
            for file in selection.eligible
        ]
        return redirect_to_jobs(request, queued, request.get_full_path())
    for file in selection.eligible:
        result = _attempt(
            request,
            file,
            lambda file: actions.perform_reprocess(file, request, form, dry_run=False),
        )
        if result:
            actions.add_result_message(request, file, result)
    return None


def _attempt[Result](
    request: HttpRequest, file: FlowFile, perform: Callable[[FlowFile], Result]
) -> Result | None:
    """Return the result, or add a message about the failure and return None."""
    try:
        return perform(file)
    except importer.NotImported:
        reason = "no longer imported, there was nothing to undo"
    except importer.OriginalMissing:
        reason = "not imported again, its original file is missing or has changed"
    except importer.ImportLockTimeout as error:
        reason = f"not changed, {error.reason}"
    except importer.StorageFull:
        reason = "not changed, the storage is full"
    messages.error(request, f"{file.filename}: {reason}.")
    return None
