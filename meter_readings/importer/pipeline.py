"""The import pipeline: spool, validate, then load in one transaction.

Validation locks nothing, however long it takes; only the load holds the import lock.
The original file is stored under its hash before the transaction commits; of a file
that is no flow file, only the beginning.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from datetime import datetime
from typing import BinaryIO, NamedTuple

from django.contrib.auth.models import User
from django.db import Error
from django.utils import timezone

from meter_readings import notifications
from meter_readings.d0010 import IssueCode
from meter_readings.models import FlowFile, ImportJob, Policy
from meter_readings.queries import attention

from . import identity
from .files.archives import sanitise_filename
from .files.original_files import delete_if_unreferenced, restore_if_damaged, store
from .files.spooling import SpooledFile, keep_beginning, spool
from .findings import FindingCollector, OnFinding
from .jobs import JobTracker, OnProgress, close_lost_jobs
from .merge import merge_staged_rows
from .result import ImportResult, LoadCounts, ReadingCounts
from .staging import ImportLockTimeout, StagingArea, open_staging
from .validation import ValidatedFile, validate_file

_Outcome = ImportJob.Outcome

# A file with one of these issues has not begun as a flow file.
_NO_FLOW_FILE = {IssueCode.NOT_A_FLOW_FILE, IssueCode.EMPTY_FILE}

# Seconds to wait for the import lock to delete the original file of a failed load. The
# other import may need the file, and a file that stays does no harm.
_CLEANUP_LOCK_TIMEOUT = 1.0

type OnResult = Callable[[ImportResult], None]


class _Request(NamedTuple):
    filename: str
    policy: Policy
    now: datetime
    dry_run: bool
    allow_same_name: bool
    sha256: str


def import_flow_file(
    *,
    stream: BinaryIO,
    filename: str,
    now: datetime,
    policy: Policy = Policy.STANDARD,
    channel: ImportJob.Channel = ImportJob.Channel.COMMAND,
    requested_by: User | None = None,
    dry_run: bool = False,
    allow_same_name: bool = False,
    on_progress: OnProgress | None = None,
    on_finding: OnFinding | None = None,
    on_result: OnResult | None = None,
    lock_timeout: float | None = None,
    original: FlowFile | None = None,
    queued_job: ImportJob | None = None,
) -> ImportResult:
    """Import one flow file: all of it or, apart from its validation report, nothing.

    `stream` gives the bytes, `filename` is their name at the sender, `now` the time
    after which a reading is in the future. `dry_run` validates and stores nothing.
    `on_progress` receives the phase, the bytes processed and the bytes in all,
    `on_finding` every finding; neither may use this thread's database connection, which
    may be loading meanwhile. `on_result` receives the result before the commit, after
    which an interrupt may still come. `original` is a stored
    file that is imported again; `stream` gives its bytes, which may be redacted since.
    `queued_job` is the row that waits for this import.

    The outcome is part of the result and not raised. Raises UnreadableFile if the bytes
    cannot be read, StorageFull if there is no space for them, StorageNotWritable if
    their folder is read-only, ImportLockTimeout if another import holds the lock for
    more than `lock_timeout` seconds (None: 600), and JobCancelled if a user cancels the
    job; JobNotClaimed and JobTakenOver if another worker has the queued job.
    """
    filename = sanitise_filename(filename)
    new_job = ImportJob(
        kind=ImportJob.Kind.REPROCESS if original else ImportJob.Kind.IMPORT,
        flow_file=original,
        filename=filename,
        policy=policy,
        channel=channel,
        requested_by=requested_by,
        started_at=now,
        heartbeat_at=now,
    )
    job = JobTracker(
        queued_job or new_job, is_saved=not dry_run, on_progress=on_progress
    )
    with open_staging(lock_timeout) as staging, job, spool(stream) as spooled:
        sha256 = original.sha256 if original else spooled.sha256
        job.set_file(sha256, spooled.size)
        request = _Request(filename, policy, now, dry_run, allow_same_name, sha256)
        findings = FindingCollector(policy, on_finding)
        attempt = _Import(request, spooled, staging, job, findings, on_result)
        return attempt.find_existing() or attempt.validate_and_load()


class _Import:
    """One attempt to import a file."""

    def __init__(
        self,
        request: _Request,
        spooled: SpooledFile,
        staging: StagingArea,
        job: JobTracker,
        findings: FindingCollector,
        on_result: OnResult | None,
    ) -> None:
        self._request = request
        self._spooled = self._stored = spooled
        self._staging = staging
        self._job = job
        self._findings = findings
        self._on_result = on_result
        # Whether the same file needed attention before, for its rejection
        self._was_open = False

    def find_existing(
        self, validated: ValidatedFile | None = None
    ) -> ImportResult | None:
        """Return the result if the file is already imported or its name is taken."""
        request = self._request
        if not identity.is_known(request.sha256, request.filename):
            return None
        first = identity.find_imported(request.sha256)
        if first is not None:
            if not request.dry_run:
                restore_if_damaged(first, self._spooled)
            return self._finish(_Outcome.ALREADY_IMPORTED, validated, first)
        if not request.allow_same_name:
            issue = identity.filename_conflict(request.filename, request.sha256)
            if issue is not None:
                self._findings.add(issue)
                return self._finish(_Outcome.REFUSED, validated)
        return None

    def validate_and_load(self) -> ImportResult:
        """Validate the whole file; then load it, or store why it is rejected."""
        request, findings = self._request, self._findings
        validated = validate_file(
            self._spooled.path,
            not_after=request.now,
            findings=findings,
            staging=self._staging,
            job=self._job,
            is_staged=not request.dry_run,
        )
        if request.dry_run:
            self._find_message_conflict(validated)
            is_valid = not findings.is_rejected
            outcome = _Outcome.CHECKED if is_valid else _Outcome.REJECTED
            counts = validated.reading_counts(is_loaded=is_valid)
            return self._finish(outcome, validated, counts=counts)
        if not findings.is_rejected:
            self._staging.begin()
            self._staging.ensure_partitions()
        elif not _NO_FLOW_FILE.isdisjoint(findings.counts_by_code):
            self._stored = keep_beginning(self._spooled)
        self._job.set_phase(ImportJob.Phase.LOADING)
        try:
            return self._load(validated)
        except BaseException:
            self._delete_orphan_file()
            raise

    def _load(self, validated: ValidatedFile) -> ImportResult:
        """Store the file with its rows or with its report, in one transaction."""
        findings = self._findings
        with self._staging.transaction():
            close_lost_jobs(now=timezone.now())
            # Another process may have imported the same file during the validation.
            result = self.find_existing(validated)
            if result is not None:
                return result
            self._find_message_conflict(validated)
            is_rejected = findings.is_rejected
            counts = validated.reading_counts(is_loaded=not is_rejected)
            flow_file = self._flow_file(validated, counts)
            if is_rejected:
                flow_file.status = FlowFile.Status.REJECTED
                findings.store(flow_file, self._staging)
                self._record(flow_file)
                return self._finish(
                    _Outcome.REJECTED, validated, flow_file, counts=counts
                )
            flow_file.status = FlowFile.Status.IMPORTED
            flow_file.save()
            loaded = merge_staged_rows(flow_file.pk, counts.readings_loaded, findings)
            findings.store(flow_file, self._staging)
            self._record(flow_file)
            return self._finish(
                _Outcome.IMPORTED, validated, flow_file, counts=counts, loaded=loaded
            )

    def _record(self, flow_file: FlowFile) -> None:
        notifications.record_flow_file(flow_file, was_open=self._was_open)

    def _delete_orphan_file(self) -> None:
        """Delete the original file of a failed load if no row refers to it."""
        with (
            suppress(ImportLockTimeout, Error, OSError),
            open_staging(_CLEANUP_LOCK_TIMEOUT) as staging,
            staging.transaction(),
        ):
            delete_if_unreferenced(self._stored)

    def _find_message_conflict(self, validated: ValidatedFile) -> None:
        if validated.header is not None:
            issue = identity.message_conflict(validated.header, self._request.sha256)
            if issue is not None:
                self._findings.add(issue)

    def _flow_file(self, validated: ValidatedFile, counts: ReadingCounts) -> FlowFile:
        """Return the row of this file, not yet saved; earlier findings are deleted."""
        request, spooled = self._request, self._spooled
        flow_file = FlowFile.objects.filter(sha256=request.sha256).first()
        if flow_file is None:
            flow_file = FlowFile(sha256=request.sha256, size=spooled.size)
        else:
            self._was_open = attention.is_open_rejection(flow_file)
            flow_file.findings.all().delete()
        flow_file.filename = request.filename
        flow_file.content.name = store(self._stored)
        flow_file.policy = request.policy
        flow_file.received_at = request.now
        flow_file.changed_at = FlowFile.objects.next_change_time()
        if spooled.sha256 == request.sha256:
            flow_file.size = spooled.size
            flow_file.redacted_at = None
        validated.fill(flow_file)
        flow_file.readings_read = counts.readings_read
        flow_file.readings_loaded = counts.readings_loaded
        flow_file.readings_rejected = counts.readings_rejected
        flow_file.readings_deleted = 0
        return flow_file

    def _finish(
        self,
        outcome: ImportJob.Outcome,
        validated: ValidatedFile | None,
        flow_file: FlowFile | None = None,
        *,
        counts: ReadingCounts = ReadingCounts(0, 0, 0),
        loaded: LoadCounts | None = None,
    ) -> ImportResult:
        """Save the outcome with the import job and return the result."""
        findings = self._findings
        result = ImportResult(
            outcome=outcome,
            filename=self._request.filename,
            policy=self._request.policy,
            sha256=self._request.sha256,
            flow_file=flow_file,
            header=validated.header if validated else None,
            line_count=validated.line_count if validated else 0,
            **counts._asdict(),
            loaded=loaded,
            findings=findings.stored_with_severity,
            finding_counts=findings.counts_by_code,
            error_count=findings.error_count,
            warning_count=findings.warning_count,
            note_count=findings.note_count,
        )
        self._job.finish(outcome, flow_file, result.counts)
        if self._on_result is not None:
            self._on_result(result)
        return result
