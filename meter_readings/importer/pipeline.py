"""The one way in: receive, check, load and settle in one transaction, report whatever.

Checking takes as long as it takes and locks nothing; the load is one short phase. The
bytes are kept under their hash before the transaction that names them is over.
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, BinaryIO, NamedTuple

from django.contrib.auth.models import User
from django.db import Error, models

from meter_readings.d0010 import FlowFileParser, Header, Issue, RegisterReading
from meter_readings.d0010.bulk_reader import ReadingBatch
from meter_readings.d0010.parser import Batch
from meter_readings.models import FlowFile, ImportJob, Policy, Severity

from . import files, identity, rules
from .files import SpooledFile
from .findings import FindingCollector, OnFinding
from .jobs import Job, OnProgress
from .merge import LoadCounts, merge_staged_rows
from .staging import ImportLockTimeout, StagingArea, open_staging


class Outcome(models.TextChoices):
    """What came of an attempt to import a file."""

    IMPORTED = "imported", "Imported"
    ALREADY_IMPORTED = "already-imported", "Already imported"
    REJECTED = "rejected", "Rejected"
    REFUSED = "refused", "Refused: the name has been used"
    CHECKED = "checked", "Checked: it would be imported"
    UNDONE = "undone", "Undone"


@dataclass(frozen=True)
class ImportResult:
    """What came of one file, for a door to put into words.

    `flow_file` is the file as it is held: the first import of the same bytes where they
    had come before, None where nothing was kept. `readings_read` is `readings_loaded`
    and `readings_rejected` together. `findings` are those kept, a limited number for
    each rule, in line order; `finding_counts` counts all of them.
    """

    outcome: Outcome
    filename: str
    policy: Policy
    sha256: str
    flow_file: FlowFile | None = None
    header: Header | None = None
    line_count: int = 0
    readings_read: int = 0
    readings_loaded: int = 0
    readings_rejected: int = 0
    loaded: LoadCounts | None = None
    findings: list[tuple[Issue, Severity]] = field(default_factory=list)
    finding_counts: dict[str, int] = field(default_factory=dict)
    error_count: int = 0
    warning_count: int = 0
    note_count: int = 0


class _Request(NamedTuple):
    filename: str
    policy: Policy
    now: datetime
    dry_run: bool
    allow_same_name: bool
    original_sha256: str


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
    lock_timeout: float | None = None,
    original_sha256: str = "",
) -> ImportResult:
    """Import one flow file: all of it or, but for its report, nothing.

    `stream` gives the bytes, `filename` is what they were called, `now` the time after
    which a reading is in the future. `dry_run` checks and keeps nothing at all.
    `on_progress` is told the phase and the bytes checked, `on_finding` every finding;
    neither may use this thread's database connection, which may be loading meanwhile.
    `original_sha256` is the SHA-256 of the file as it was received, if lines have been
    redacted since.
    The outcome is in the result and not raised; UnreadableFile is raised where the
    bytes could not be had, StorageFull where there is no room for them, and Busy where
    another load lasts longer than `patience`, in seconds: ten minutes, if it is None.
    """
    filename = files.shown(filename)
    request = _Request(filename, policy, now, dry_run, allow_same_name, original_sha256)
    job = Job(
        filename=filename,
        policy=policy,
        channel=channel,
        requested_by=requested_by,
        now=now,
        is_kept=not dry_run,
        on_progress=on_progress,
    )
    with open_staging(lock_timeout) as staging, job, files.receive(stream) as received:
        job.set_file(original_sha256 or received.sha256, received.size)
        attempt = _Attempt(request, received, staging, job, on_finding)
        return attempt.find_existing() or attempt.validate_and_load()


# How many seconds to wait for the lock when an attempt broke off: whoever has it may
# need the bytes, and what is left behind does no harm.
_MOMENT = 1.0


class _Attempt:
    """One file on its way in."""

    def __init__(
        self,
        request: _Request,
        received: SpooledFile,
        staging: StagingArea,
        job: Job,
        on_finding: OnFinding | None,
    ) -> None:
        self._request = request
        self._received = received
        self._sha256 = request.original_sha256 or received.sha256
        self._staging = staging
        self._job = job
        self._findings = FindingCollector(request.policy, on_finding)
        self._parser: FlowFileParser | None = None
        self._readings_good = 0
        self._is_known = False

    def find_existing(self) -> ImportResult | None:
        """Return the result for a file that is held already, or whose name is taken."""
        request, sha256 = self._request, self._sha256
        self._is_known = identity.is_known(sha256, request.filename)
        if not self._is_known:
            return None
        first = identity.find_imported(sha256)
        if first is not None:
            return self._finish(Outcome.ALREADY_IMPORTED, first)
        if not request.allow_same_name:
            issue = identity.filename_conflict(request.filename, sha256)
            if issue is not None:
                self._findings.add(issue)
                return self._finish(Outcome.REFUSED, None)
        return None

    def validate_and_load(self) -> ImportResult:
        """Check the whole file; then load it, or keep the report of its rejection."""
        findings = self._findings
        parser = self._check()
        if self._request.dry_run:
            self._check_identity(parser)
            is_bad = findings.is_rejected
            return self._finish(Outcome.REJECTED if is_bad else Outcome.CHECKED, None)
        if not findings.is_rejected:
            self._staging.begin()
            self._staging.ensure_partitions()
        self._job.enter(ImportJob.Phase.LOADING)
        try:
            return self._load(parser)
        except BaseException:
            self._forget()
            raise

    def _load(self, parser: FlowFileParser) -> ImportResult:
        """Keep the file, and all of its rows or the report, in one transaction."""
        findings = self._findings
        with self._staging.transaction():
            # Another process may have brought the same file while this one checked.
            result = self.find_existing()
            if result is not None:
                return result
            self._check_identity(parser)
            flow_file = self._describe(parser)
            if findings.is_rejected:
                findings.store(flow_file)
                return self._finish(Outcome.REJECTED, flow_file)
            flow_file.save()
            loaded = merge_staged_rows(flow_file.pk, self._readings_good, findings)
            findings.store(flow_file)
            return self._finish(Outcome.IMPORTED, flow_file, loaded)

    def _forget(self) -> None:
        """Remove the bytes that were kept, where no row came to name them."""
        with (
            suppress(ImportLockTimeout, Error, OSError),
            open_staging(_MOMENT) as staging,
        ):
            with staging.transaction():
                files.forget(self._received)

    def _check(self) -> FlowFileParser:
        """Read the file to its end; put its entries aside while it may be loaded."""
        request, findings = self._request, self._findings
        with self._received.path.open("rb") as stream:
            self._parser = parser = FlowFileParser(
                stream, report=findings.add, not_after=request.now
            )
            try:
                for batch in parser.batches():
                    self._readings_good += _reading_count(batch)
                    if not (findings.is_rejected or request.dry_run):
                        self._staging.stage(batch)
                    self._job.set_progress(parser.lines.byte_count, self._staging.pause)
            finally:
                self._staging.finish_staging()
        return parser

    def _check_identity(self, parser: FlowFileParser) -> None:
        """Look for another file that says it is the same message."""
        if parser.header is not None:
            issue = identity.message_conflict(parser.header, self._sha256)
            if issue is not None:
                self._findings.add(issue)

    def _row(self) -> FlowFile:
        """Return the row of these bytes, without an earlier attempt's findings."""
        sha256, flow_file = self._sha256, None
        if self._is_known:
            flow_file = FlowFile.objects.filter(sha256=sha256).first()
        if flow_file is None:
            return FlowFile(sha256=sha256)
        flow_file.findings.all().delete()
        return flow_file

    def _describe(self, parser: FlowFileParser) -> FlowFile:
        """Return the row of these bytes, not saved: what the file says of itself."""
        request, received, findings = self._request, self._received, self._findings
        flow_file = self._row()
        flow_file.filename = request.filename
        flow_file.size = received.size
        flow_file.content.name = files.keep(received)
        flow_file.policy = request.policy
        flow_file.received_at = request.now
        if received.sha256 == self._sha256:
            flow_file.redacted_at = None
        # PostgreSQL keeps no NUL; a line that has one is a fault and says so.
        flow_file.header_text = parser.header_text.replace("\0", "\\x00")
        flow_file.trailer_text = parser.trailer_text.replace("\0", "\\x00")
        flow_file.line_ending = parser.lines.line_ending
        flow_file.ends_with_newline = parser.lines.ends_with_newline
        flow_file.line_count = parser.line_count
        flow_file.group_count = parser.group_count
        flow_file.flow_count = parser.flow_count
        if parser.header is not None:
            for name in _HEADER_FIELDS:
                setattr(flow_file, name, getattr(parser.header, name))
        trailer = parser.trailer
        flow_file.trailer_group_count = trailer.group_count if trailer else None
        flow_file.trailer_flow_count = trailer.flow_count if trailer else None
        read = self._readings_good + parser.invalid_reading_count
        good = 0 if findings.is_rejected else self._readings_good
        flow_file.readings_read = read
        flow_file.readings_loaded, flow_file.readings_rejected = good, read - good
        flow_file.readings_deleted = 0
        status = FlowFile.Status
        is_bad = findings.is_rejected
        flow_file.status = status.REJECTED if is_bad else status.IMPORTED
        return flow_file

    def _finish(
        self,
        outcome: Outcome,
        flow_file: FlowFile | None,
        loaded: LoadCounts | None = None,
    ) -> ImportResult:
        """Put the outcome down with the job and return it."""
        findings, parser, policy = self._findings, self._parser, self._request.policy
        read = 0
        if parser is not None and outcome not in _NOT_JUDGED:
            read = self._readings_good + parser.invalid_reading_count
        is_good = outcome in (Outcome.IMPORTED, Outcome.CHECKED)
        good = self._readings_good if is_good else 0
        result = ImportResult(
            outcome=outcome,
            filename=self._request.filename,
            policy=policy,
            sha256=self._sha256,
            flow_file=flow_file,
            header=parser.header if parser else None,
            line_count=parser.line_count if parser else 0,
            readings_read=read,
            readings_loaded=good,
            readings_rejected=read - good,
            loaded=loaded,
            findings=[
                (issue, rules.severity_of(issue.code, policy))
                for issue in findings.kept
            ],
            finding_counts={str(code): n for code, n in findings.counts.items()},
            error_count=findings.count(Severity.ERROR),
            warning_count=findings.count(Severity.WARNING),
            note_count=findings.count(Severity.NOTE),
        )
        self._job.finish(outcome, flow_file, _counts(result))
        return result


_NOT_JUDGED = Outcome.ALREADY_IMPORTED, Outcome.REFUSED

_HEADER_FIELDS = (
    "file_identifier",
    "flow_and_version",
    "from_role",
    "from_participant",
    "to_role",
    "to_participant",
    "file_created_at",
    "test_data_flag",
)


def _reading_count(batch: Batch) -> int:
    if isinstance(batch, ReadingBatch):
        return batch.line_count
    return sum(isinstance(entry.record, RegisterReading) for entry in batch)


def _counts(result: ImportResult) -> dict[str, Any]:
    """Return what the job's row remembers of a result."""
    counts = {
        "readings_read": result.readings_read,
        "readings_loaded": result.readings_loaded,
        "readings_rejected": result.readings_rejected,
        "errors": result.error_count,
        "warnings": result.warning_count,
    }
    return counts | (result.loaded._asdict() if result.loaded else {})
