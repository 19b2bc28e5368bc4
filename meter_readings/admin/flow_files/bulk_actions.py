"""Undoing and importing again, of several files that were chosen in the list.

Each file is a deed of its own: what was done stays done if a later one fails.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from django.contrib import admin, messages
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.template.defaultfilters import filesizeformat

from meter_readings import importer
from meter_readings.forms import ImportOptionsForm
from meter_readings.importer import result_messages
from meter_readings.importer.formatting import pluralise
from meter_readings.models import FlowFile, Policy

from . import actions as deeds
from .views import page

# As much as can be done while somebody waits for the page.
MAX_FILES = 50
MAX_BYTES = 100 << 20

_STATUS = FlowFile.Status

_NOTHING_TO_UNDO = "None of these files is held as imported: there is nothing to undo."
_NOTHING_TO_IMPORT = (
    "All of these files are held as imported. To import them again, undo them first."
)


class Chosen(NamedTuple):
    """Files that were chosen: those that can be dealt with, and the others."""

    files: list[FlowFile]
    others: list[FlowFile]

    @property
    def reading_count(self) -> int:
        """Return how many readings of them are held."""
        return sum(file.readings_loaded for file in self.files)

    @property
    def size(self) -> int:
        """Return how many bytes they are together."""
        return sum(file.size for file in self.files)


@admin.action(description="Undo the import of selected files", permissions=["undo"])
def undo_selected(
    model_admin: admin.ModelAdmin, request: HttpRequest, files: QuerySet[FlowFile]
) -> HttpResponse | None:
    """Ask whether to undo these imports, with their exact number; then undo them."""
    chosen = _chosen(request, files, [_STATUS.IMPORTED], _NOTHING_TO_UNDO)
    if chosen is None:
        return None
    if request.POST.get("step") == "undo":
        _undo_all(request, chosen)
        return None
    title = f"Undo the import of {pluralise(len(chosen.files), 'file')}?"
    return _ask(request, "undo_selected", title, chosen)


@admin.action(description="Import selected files again", permissions=["import"])
def reprocess_selected(
    model_admin: admin.ModelAdmin, request: HttpRequest, files: QuerySet[FlowFile]
) -> HttpResponse | None:
    """Ask under which policy to import these again, then do it."""
    chosen = _chosen(
        request, files, [_STATUS.REJECTED, _STATUS.UNDONE], _NOTHING_TO_IMPORT
    )
    if chosen is None:
        return None
    step = request.POST.get("step")
    form = ImportOptionsForm(
        request.POST if step else None, initial={"policy": Policy.STANDARD}
    )
    if step == "import" and form.is_valid():
        _reprocess_all(request, chosen, form)
        return None
    title = f"Import {pluralise(len(chosen.files), 'file')} again?"
    return _ask(request, "reprocess_selected", title, chosen, form)


def _chosen(
    request: HttpRequest, files: QuerySet[FlowFile], statuses: list[str], reason: str
) -> Chosen | None:
    """Return what was chosen; say so where that is too much, or nothing to do with."""
    number = files.count()
    if number > MAX_FILES:
        said = f"{number:,} files are too many: choose {MAX_FILES} at most at a time."
        messages.error(request, said)
        return None
    in_order = list(files.order_by("-received_at", "-pk"))
    chosen = Chosen(
        [file for file in in_order if file.status in statuses],
        [file for file in in_order if file.status not in statuses],
    )
    if not chosen.files:
        messages.warning(request, reason)
        return None
    if chosen.size > MAX_BYTES:
        size, most = filesizeformat(chosen.size), filesizeformat(MAX_BYTES)
        messages.error(
            request, f"{size} are too much: choose {most} at most at a time."
        )
        return None
    return chosen


def _ask(
    request: HttpRequest,
    action: str,
    title: str,
    chosen: Chosen,
    form: ImportOptionsForm | None = None,
) -> HttpResponse:
    return page(
        request,
        None,
        action,
        title=title,
        action=action,
        chosen=chosen,
        form=form,
        checkbox_name=ACTION_CHECKBOX_NAME,
    )


def _undo_all(request: HttpRequest, chosen: Chosen) -> None:
    results = []
    for file in chosen.files:
        result = _told_of_failure(
            request, file, lambda f: deeds.perform_undo(f, request)
        )
        results += [result] if result else []
    if results:
        # What counts again because of one file may have been taken away by the next.
        summed = importer.UndoResult(*map(sum, zip(*results, strict=True)))
        summed = summed._replace(versions_changed=0)
        number = pluralise(len(results), "import")
        verb = "was" if len(results) == 1 else "were"
        said = f"{number} {verb} undone: {result_messages.undo_message(summed)}."
        messages.success(request, said)


def _reprocess_all(
    request: HttpRequest, chosen: Chosen, form: ImportOptionsForm
) -> None:
    for file in chosen.files:
        result = _told_of_failure(
            request,
            file,
            lambda f: deeds.perform_reprocess(f, request, form, dry_run=False),
        )
        if result:
            deeds.tell(request, file, result)


def _told_of_failure[Result](
    request: HttpRequest, file: FlowFile, deed: Callable[[FlowFile], Result]
) -> Result | None:
    """Return what comes of a deed, or say why it could not be done."""
    try:
        return deed(file)
    except importer.NotImported:
        said = "is not imported any more: there was nothing to undo"
    except importer.OriginalMissing:
        said = "cannot be imported again: its original is lost or has changed"
    except importer.ImportLockTimeout:
        said = "was left as it was: another file was being loaded"
    except importer.StorageFull:
        said = "was left as it was: the storage is full"
    messages.error(request, f"{file.filename} {said}.")
    return None
