"""The import runner: imports files one after another, for every interface."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from contextlib import nullcontext
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import BinaryIO, ContextManager

from django.contrib.auth.models import User
from django.db import connection
from django.utils import timezone

from meter_readings.d0010 import Issue
from meter_readings.models import ImportJob, Policy, Severity

from .files.archives import (
    ArchiveMember,
    UnreadableFile,
    iter_flow_files,
    sanitise_filename,
)
from .identity import is_stored
from .pipeline import import_flow_file
from .result import ImportResult

# The outcome of a file or archive that could not be read.
UNREADABLE = "unreadable"


def os_error_reason(error: OSError) -> str:
    """Return the message of the operating system, such as "permission denied"."""
    reason = error.strerror or str(error)
    return reason[:1].lower() + reason[1:]


@dataclass(frozen=True)
class InputFile:
    """A file or archive to import, from a path or an open stream.

    `label` names it in messages, `filename` is what it is stored as.
    """

    label: str
    filename: str
    source: Path | BinaryIO

    def open(self) -> ContextManager[BinaryIO]:
        """Open a path; raises UnreadableFile. A stream is left open afterwards."""
        if not isinstance(self.source, Path):
            return nullcontext(self.source)
        try:
            return self.source.open("rb")
        except OSError as error:
            raise UnreadableFile(os_error_reason(error)) from error


@dataclass(frozen=True)
class ImportOptions:
    """Arguments of `import_flow_file` that are the same for all files of a run."""

    policy: Policy = Policy.STANDARD
    channel: ImportJob.Channel = ImportJob.Channel.COMMAND
    requested_by: User | None = None
    dry_run: bool = False
    allow_same_name: bool = False
    lock_timeout: float | None = None


@dataclass(frozen=True)
class FileResult:
    """A flow file with the result of its import, or the error that ended it.

    `job` is that of a file that was queued; it has no result yet. `archive` is the name
    of the archive that holds the file, or "". `is_last` says that no file follows it
    there.
    """

    file: InputFile
    filename: str
    archive: str = ""
    result: ImportResult | None = None
    error: Exception | None = None
    is_last: bool = True
    job: ImportJob | None = None

    @property
    def label(self) -> str:
        return (
            f"{self.file.label}: {self.filename}" if self.archive else self.file.label
        )

    @property
    def outcome(self) -> str:
        """An ImportJob.Outcome, UNREADABLE, or the state QUEUED or FAILED of a job."""
        if self.result:
            return self.result.outcome
        if self.job:
            return ImportJob.State.QUEUED
        is_unreadable = isinstance(self.error, UnreadableFile)
        return UNREADABLE if is_unreadable else ImportJob.State.FAILED


@dataclass
class ImportTotals:
    """The files of a run by outcome, and the readings they loaded."""

    outcomes: Counter[str] = field(default_factory=Counter)
    readings_loaded: int = 0

    def add(self, result: FileResult) -> None:
        self.outcomes[result.outcome] += 1
        if result.result:
            self.readings_loaded += result.result.readings_loaded


class ImportListener:
    """Methods that the runner calls during the import of each flow file.

    An error that a listener raises ends the run, if it is not a tolerated one.
    """

    def file_started(self, label: str) -> None:
        """Receive the name of the file in messages."""

    def progress(self, phase: ImportJob.Phase, byte_count: int, size: int) -> None:
        """Receive the phase, the bytes processed, and the bytes in all or 0."""

    def finding(self, issue: Issue, severity: Severity) -> None:
        """Receive each finding as it is made."""

    def file_finished(self, result: FileResult) -> None:
        """Receive the result, before `ImportRunner.run` yields it."""


@dataclass
class ImportRunner:
    """Imports files, and every file in archives among them.

    A file that ends with an error of one of the `tolerated` types is yielded with that
    error, and the next file is imported; any other error ends the run. An archive of
    more than `max_members` files is unreadable.
    """

    options: ImportOptions
    tolerated: tuple[type[Exception], ...]
    listeners: Sequence[ImportListener] = ()
    max_members: int | None = None
    # The file that is being read or imported, or "" between two files.
    current_label: str = field(default="", init=False)
    _uncommitted: FileResult | None = field(default=None, init=False)

    def run(self, files: Iterable[InputFile]) -> Iterator[FileResult]:
        """Import the files in order; yield the result of each flow file."""
        for file in files:
            self.current_label = file.label
            yield from self._run_file(file)

    def _run_file(self, file: InputFile) -> Iterator[FileResult]:
        name = sanitise_filename(file.filename)
        own_names = name, name.removesuffix(".gz")
        try:
            with file.open() as stream:
                for member in iter_flow_files(
                    stream, file.filename, max_members=self.max_members
                ):
                    target = FileResult(
                        file,
                        sanitise_filename(member.filename),
                        "" if member.filename in own_names else name,
                        is_last=member.is_last,
                    )
                    yield self._finish(self.import_member(target, member))
        except self.tolerated as error:
            yield self._finish(FileResult(file, name, error=error))

    def stored_file(self) -> FileResult | None:
        """Return the file that was being imported if it is stored nevertheless.

        An interrupt may come at the commit, or after it.
        """
        file = self._uncommitted
        if not self.current_label or file is None or file.result is None:
            return None
        return file if is_stored(file.result) else None

    def import_member(
        self,
        target: FileResult,
        member: ArchiveMember,
        queued_job: ImportJob | None = None,
    ) -> FileResult:
        """Import one flow file; return its result, or a tolerated error."""
        self.current_label = target.label
        self._uncommitted = None

        def set_uncommitted(result: ImportResult) -> None:
            self._uncommitted = replace(target, filename=result.filename, result=result)

        for listener in self.listeners:
            listener.file_started(target.label)
        try:
            # Loading uses the drivers themselves, whose errors Django does not wrap.
            with connection.wrap_database_errors:
                result = import_flow_file(
                    stream=member.stream,
                    filename=member.filename,
                    now=timezone.now(),
                    on_progress=self._progress,
                    on_finding=self._finding,
                    on_result=set_uncommitted,
                    queued_job=queued_job,
                    **vars(self.options),
                )
        except self.tolerated as error:
            return replace(target, error=error)
        return replace(target, filename=result.filename, result=result)

    def _progress(self, phase: ImportJob.Phase, byte_count: int, size: int) -> None:
        for listener in self.listeners:
            listener.progress(phase, byte_count, size)

    def _finding(self, issue: Issue, severity: Severity) -> None:
        for listener in self.listeners:
            listener.finding(issue, severity)

    def _finish(self, result: FileResult) -> FileResult:
        for listener in self.listeners:
            listener.file_finished(result)
        self.current_label = ""
        return result
