"""What users and programs did with a flow file: import jobs and the admin log."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import NamedTuple

from django.contrib.admin.models import LogEntry

from meter_readings import importer
from meter_readings.importer import result_messages
from meter_readings.importer.formatting import pluralise
from meter_readings.models import FlowFile, ImportJob
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
    entries = (
        LogEntry.objects.filter(
            content_type__app_label=file._meta.app_label,
            content_type__model=file._meta.model_name,
            object_id=str(file.pk),
        )
        .select_related("user")
        .order_by("-action_time", "-pk")
    )
    rows = [
        *map(_job_row, jobs[:_ROWS_SHOWN]),
        *map(_log_row, entries[:_ROWS_SHOWN]),
    ]
    return sorted(rows, key=lambda row: row.at, reverse=True)[:_ROWS_SHOWN]


def _job_row(job: ImportJob) -> HistoryRow:
    return HistoryRow(
        job.started_at,
        formatting.outcome(job),
        job_message(job),
        job.get_channel_display(),
        str(job.requested_by or ""),
        job.get_policy_display(),
        job,
    )


def _log_row(entry: LogEntry) -> HistoryRow:
    action, _, note = entry.get_change_message().partition(": ")
    channel = ImportJob.Channel.ADMIN.label
    badge = formatting.badge("note", action)
    user = entry.user.get_username()
    return HistoryRow(entry.action_time, badge, note, channel, user, "", None)


def job_message(job: ImportJob) -> str:
    """Return the result of a job from the counts that it stored."""
    counts = job.counts
    if job.outcome == ImportJob.Outcome.UNDONE:
        result = importer.UndoResult(**counts)
        return f"{result_messages.undo_message(result).capitalize()}."
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
    is_reprocess = job.channel == ImportJob.Channel.ADMIN
    return f"Imported again: {message}" if is_reprocess and message else message


def job_counts(job: ImportJob) -> Iterable[tuple[str, int]]:
    """Yield the counts of a job other than zero, in words."""
    is_undo = job.outcome == ImportJob.Outcome.UNDONE
    for name, label in (_UNDO_COUNTS if is_undo else _IMPORT_COUNTS).items():
        if number := job.counts.get(name):
            yield label, number
