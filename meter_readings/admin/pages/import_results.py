"""Import results as the admin's pages show them."""

from __future__ import annotations

import logging
from collections.abc import Iterable
from http import HTTPStatus
from typing import NamedTuple

from django.db import DatabaseError, InterfaceError, OperationalError
from django.utils.text import capfirst

from meter_readings import importer, jobs
from meter_readings.importer import (
    FileResult,
    ImportOptions,
    InputFile,
    result_messages,
)
from meter_readings.models import FlowFile, ImportJob

# Lines shown for each rule
_MAX_LINES = 3

# Seconds that a file waits for another import to finish
LOCK_TIMEOUT = 60.0

# Errors of the environment, which end the import of one file and not of the others
_TOLERATED = (
    importer.ImportLockTimeout,
    importer.UnreadableFile,
    importer.StorageFull,
    importer.StorageNotWritable,
    OSError,
    DatabaseError,
    InterfaceError,
)

_LINK_LABELS = {
    ImportJob.Outcome.ALREADY_IMPORTED: "View first import",
    ImportJob.Outcome.REFUSED: "View file of that name",
    ImportJob.Outcome.REJECTED: "View validation report",
}

logger = logging.getLogger(__name__)


class DisplayedResult(NamedTuple):
    """One file of the page: its message, findings, and a link to a flow file."""

    name: str
    archive: str
    outcome: str
    message: str
    flow_file: FlowFile | None
    rules: list[result_messages.RuleFindings]
    status: HTTPStatus
    job: ImportJob | None

    @property
    def link_label(self) -> str:
        return _LINK_LABELS.get(ImportJob.Outcome(self.outcome), "View file")

    @property
    def is_failure(self) -> bool:
        """Whether its findings are the reason why it was not imported."""
        return self.outcome in (ImportJob.Outcome.REJECTED, ImportJob.Outcome.REFUSED)


class DisplayedResults(NamedTuple):
    """All files of an upload; `summary` is one line about them."""

    files: list[DisplayedResult]
    summary: str
    is_dry_run: bool

    @property
    def status(self) -> HTTPStatus:
        """The highest of the files' status codes."""
        return max((file.status for file in self.files), default=HTTPStatus.OK)


def import_files(
    files: Iterable[InputFile], options: ImportOptions
) -> DisplayedResults:
    """Import files, and those in archives among them, one after another."""
    runner = jobs.upload_runner(options, tolerated=_TOLERATED)
    totals = importer.ImportTotals()
    displayed = []
    for file in runner.run(files):
        totals.add(file)
        displayed.append(_displayed(file, options.dry_run))
    summary = result_messages.summary_message(
        totals.outcomes, totals.readings_loaded, is_dry_run=options.dry_run
    )
    return DisplayedResults(displayed, summary, options.dry_run)


def _displayed(file: FileResult, is_dry_run: bool) -> DisplayedResult:
    flow_file, rules, status = None, [], HTTPStatus.OK
    if file.result:
        message = result_messages.outcome_message(file.result, is_dry_run=is_dry_run)
        message = f"{capfirst(message)}."
        flow_file = _linked_flow_file(file)
        rules = result_messages.findings_by_rule(file.result, _MAX_LINES)
    elif file.job:
        message = "Received. It is imported in the background."
    else:
        message, status = _failure(file.error)
    return DisplayedResult(
        file.filename,
        file.archive,
        file.outcome,
        message,
        flow_file,
        rules,
        status,
        file.job,
    )


def _linked_flow_file(file: FileResult) -> FlowFile | None:
    """Return the stored file, or the one that has the name already."""
    if file.outcome == ImportJob.Outcome.REFUSED:
        imported = FlowFile.objects.filter(status=FlowFile.Status.IMPORTED)
        return imported.filter(filename=file.filename).first()
    return file.result.flow_file if file.result else None


def _failure(error: Exception | None) -> tuple[str, HTTPStatus]:
    """Return the message about a file that failed, and the status of the page."""
    if isinstance(error, importer.UnreadableFile):
        return f"Unreadable: {error}", HTTPStatus.OK
    # Only the type is logged and shown: the text may contain data of the file.
    logger.error("The import of an upload broke off: %s.", type(error).__name__)
    match error:
        case importer.ImportLockTimeout():
            status = HTTPStatus.SERVICE_UNAVAILABLE
            reason, advice = error.reason, _RETRY_SOON
        case importer.StorageFull():
            status = HTTPStatus.INSUFFICIENT_STORAGE
            reason, advice = "the storage is full", _ADMINISTRATOR_FIRST
        case importer.StorageNotWritable():
            status = HTTPStatus.SERVICE_UNAVAILABLE
            reason, advice = "the storage cannot be written", _MAKE_WRITABLE
        case OperationalError() | InterfaceError():
            status = HTTPStatus.SERVICE_UNAVAILABLE
            reason, advice = "the database is unavailable", _RETRY_SOON
        case _:
            status = HTTPStatus.OK
            reason, advice = "the server could not store it", _RETRY
    return f"Interrupted: {reason}. Nothing of it was imported. {advice}", status


# A file may be sent again at any time: none is imported twice.
_RETRY_SOON = "Send it again in a minute."
_RETRY = "Try again. If it fails again, ask your administrator."
_MAKE_WRITABLE = (
    "Ask your administrator to make the folder of received files writable, then send "
    "it again."
)
_ADMINISTRATOR_FIRST = "Ask your administrator to free disk space, then send it again."
