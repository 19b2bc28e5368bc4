"""What users and programs did with a flow file: import jobs and the audit trail."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any, NamedTuple

from django.db.models import Q, Subquery

from meter_readings import audit, importer, privacy
from meter_readings.importer import result_messages
from meter_readings.importer.formatting import pluralise
from meter_readings.models import AUDIT_EVENT_ORDER, AuditEvent, FlowFile, ImportJob
from meter_readings.templatetags import formatting

_ROWS_SHOWN = 10

_IMPORT_COUNTS = {
    "readings_read": "Readings in the file",
    "readings_loaded": "Readings loaded",
    "readings_rejected": "Readings not loaded",
    "superseding": "Readings that replace an earlier version",
    "duplicate": "Duplicate readings",
    "superseded": "Superseded readings",
    "withdrawn": "Withdrawn readings",
    "site_visits": "Site visits loaded",
    "meter_points": "New meter points",
    "meters": "New meters",
    "errors": "Errors",
    "warnings": "Warnings",
}
_UNDO_COUNTS = {
    "readings": "Readings removed",
    "site_visits": "Site visits removed",
    "meters": "Meters removed",
    "meter_points": "Meter points removed",
    "versions_changed": "Readings of other files whose version status changed",
}
_CLEAR_COUNTS = {
    name: f"{name.replace('_', ' ').capitalize()} removed"
    for name in importer.ClearResult._fields
}
_ERASE_COUNTS = {
    name: f"{name.replace('_', ' ').capitalize()} erased or redacted"
    for name in privacy.ErasedCounts._fields
}
_EXPORT_COUNTS = {"readings": "Readings exported"}
_COUNTS: dict[str, dict[str, str]] = {
    ImportJob.Outcome.UNDONE: _UNDO_COUNTS,
    ImportJob.Outcome.CLEARED: _CLEAR_COUNTS,
    ImportJob.Outcome.EXPORTED: _EXPORT_COUNTS,
    ImportJob.Outcome.ERASED: _ERASE_COUNTS,
}

# An import job shows more of these.
_ACTIONS_OF_JOBS = [
    AuditEvent.Action.IMPORT,
    AuditEvent.Action.REPROCESS,
    AuditEvent.Action.UNDO,
]


class HistoryRow(NamedTuple):
    """One action on a file; `job` is None if it was no import and no undo."""

    at: datetime
    action: str
    result: str
    channel: str
    user: str
    policy: str
    job: ImportJob | None


def file_history(file: FlowFile) -> list[HistoryRow]:
    """Return the latest actions, with two queries."""
    jobs = file.jobs.select_related("requested_by").order_by("-started_at", "-pk")
    earliest = file.jobs.order_by("pk").values("pk")[:1]
    jobs = jobs.annotate(is_repeated=Q(pk__gt=Subquery(earliest)))
    events = AuditEvent.objects.filter(
        object_type=file._meta.model_name, object_id=file.pk
    )
    others = events.exclude(action__in=_ACTIONS_OF_JOBS).order_by(*AUDIT_EVENT_ORDER)
    rows = [
        *map(_job_row, jobs[:_ROWS_SHOWN]),
        *map(_event_row, others[:_ROWS_SHOWN]),
    ]
    return sorted(rows, key=lambda row: row.at, reverse=True)[:_ROWS_SHOWN]


def _job_row(job: Any) -> HistoryRow:
    return HistoryRow(
        job.started_at,
        formatting.outcome(job),
        job_message(job, is_repeated=job.is_repeated),
        job.get_channel_display(),
        str(job.requested_by or ""),
        job.get_policy_display(),
        job,
    )


def _event_row(event: AuditEvent) -> HistoryRow:
    return HistoryRow(
        event.at,
        formatting.badge("note", event.get_action_display()),
        event.details.get("note") or audit.details_text(event.details),
        event.get_channel_display(),
        event.username,
        "",
        None,
    )


def is_repeated(job: ImportJob) -> bool:
    """Return whether the same bytes were imported before."""
    earlier = ImportJob.objects.filter(flow_file=job.flow_file_id, pk__lt=job.pk)
    return job.flow_file_id is not None and earlier.exists()


def job_message(job: ImportJob, *, is_repeated: bool) -> str:
    """Return the result of a job from the counts that it stored."""
    counts = job.counts
    if job.outcome == ImportJob.Outcome.UNDONE:
        result = importer.UndoResult(**counts)
        return f"{result_messages.undo_message(result).capitalize()}."
    if job.outcome == ImportJob.Outcome.CLEARED:
        cleared = importer.ClearResult(**counts)
        return f"{result_messages.clear_message(cleared).capitalize()}."
    if job.outcome == ImportJob.Outcome.EXPORTED:
        number = pluralise(counts["readings"], "reading")
        gone = "" if job.downloadable_id else " The file is no longer stored."
        return f"{number} exported.{gone}"
    if job.outcome == ImportJob.Outcome.ERASED:
        return privacy.erased_message(counts)
    parts = [
        pluralise(counts[name], noun) + suffix
        for name, noun, suffix in (
            ("readings_loaded", "reading", " loaded"),
            ("readings_rejected", "reading", " not loaded"),
            ("errors", "error", ""),
            ("warnings", "warning", ""),
        )
        if counts.get(name)
    ]
    message = f"{', '.join(parts)}." if parts else job.message
    is_import = job.kind != ImportJob.Kind.UNDO
    return (
        f"Imported again: {message}"
        if is_repeated and is_import and message
        else message
    )


def job_counts(job: ImportJob) -> Iterable[tuple[str, int]]:
    """Yield the counts of a job other than zero, in words."""
    for name, label in _COUNTS.get(job.outcome, _IMPORT_COUNTS).items():
        if number := job.counts.get(name):
            yield label, number
