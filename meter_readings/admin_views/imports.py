"""Files that a page brings: each is imported, or not, for itself, and told in words."""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import BinaryIO, NamedTuple

from django.contrib.auth.models import User
from django.db import DatabaseError, InterfaceError, OperationalError, connection
from django.utils import timezone
from django.utils.text import capfirst

from meter_readings import importer, words
from meter_readings.importer import ImportResult, Outcome
from meter_readings.models import FlowFile, ImportJob, Policy

_LINES_SHOWN_PER_RULE = 3

# How many seconds a file waits for another one to be loaded, before the page says so.
_PATIENCE = 60.0

logger = logging.getLogger(__name__)


class How(NamedTuple):
    """How files are judged, for whom, and by which door they came."""

    requested_by: User
    door: ImportJob.Door
    policy: Policy = Policy.STANDARD
    is_dry_run: bool = False
    allows_same_name: bool = False


class RuleLines(NamedTuple):
    """What one rule found: the first lines of it in words, and how many more."""

    rule: words.RuleFindings
    lines: list[str]

    @property
    def more(self) -> int:
        """Return how many findings are not shown."""
        return self.rule.count - len(self.lines)


@dataclass(frozen=True)
class FileOutcome:
    """What came of one file: `flow_file` is where to read more, if anywhere."""

    name: str
    archive: str
    outcome: str
    words: str
    flow_file: FlowFile | None = None
    rules: list[RuleLines] = field(default_factory=list)
    readings_loaded: int = 0
    status: HTTPStatus = HTTPStatus.OK

    @property
    def link_words(self) -> str:
        """Return what the link to the flow file leads to."""
        return {
            Outcome.ALREADY_IMPORTED: "The first import",
            Outcome.REFUSED: "The file of that name",
            Outcome.REJECTED: "The whole report",
        }.get(Outcome(self.outcome), "The flow file")

    @property
    def is_bad(self) -> bool:
        """Return whether its findings are why it was not imported."""
        return self.outcome in (Outcome.REJECTED, Outcome.REFUSED)


class Outcomes(NamedTuple):
    """What came of all files that were brought together."""

    files: list[FileOutcome]
    is_dry_run: bool

    @property
    def status(self) -> HTTPStatus:
        """Return what to answer: the worst that the server had to say of a file."""
        return max((file.status for file in self.files), default=HTTPStatus.OK)

    @property
    def sum(self) -> str:
        """Return what they come to, in one line."""
        return words.sum_words(
            Counter(file.outcome for file in self.files),
            sum(file.readings_loaded for file in self.files),
            is_dry_run=self.is_dry_run,
        )


def import_files(files: Iterable[tuple[str, BinaryIO]], how: How) -> Outcomes:
    """Import named streams, or all that archives among them hold, one after another."""
    outcomes = [
        outcome for name, stream in files for outcome in _bring(name, stream, how)
    ]
    return Outcomes(outcomes, how.is_dry_run)


# What a file can do to its own import without a fault of ours; the next one goes on.
_BROKEN_OFF = (
    importer.Busy,
    importer.SourceUnreadable,
    importer.StorageFull,
    OSError,
    DatabaseError,
    InterfaceError,
)


def _bring(filename: str, stream: BinaryIO, how: How) -> Iterator[FileOutcome]:
    """Yield what comes of a file, or of every file that it packs."""
    own_names = importer.shown(filename), importer.shown(filename).removesuffix(".gz")
    try:
        for name, content in importer.flow_files(stream, filename):
            archive = "" if name in own_names else own_names[0]
            yield _import_one(name, archive, content, how)
    except _BROKEN_OFF as error:
        yield _broken_off(own_names[0], "", error)


def _import_one(name: str, archive: str, content: BinaryIO, how: How) -> FileOutcome:
    try:
        # Loading speaks to the drivers themselves, past Django's own wrapping.
        with connection.wrap_database_errors:
            result = importer.import_flow_file(
                stream=content,
                filename=name,
                now=timezone.now(),
                policy=how.policy,
                door=how.door,
                requested_by=how.requested_by,
                dry_run=how.is_dry_run,
                allow_same_name=how.allows_same_name,
                patience=_PATIENCE,
            )
    except _BROKEN_OFF as error:
        return _broken_off(importer.shown(name), archive, error)
    return FileOutcome(
        name=result.filename,
        archive=archive,
        outcome=result.outcome,
        words=capfirst(words.outcome_words(result, is_dry_run=how.is_dry_run)) + ".",
        flow_file=_flow_file(result),
        rules=_rules(result),
        readings_loaded=result.readings_loaded,
    )


def _flow_file(result: ImportResult) -> FlowFile | None:
    """Return the file that was kept or held, or the one that has the name already."""
    if result.outcome != Outcome.REFUSED:
        return result.flow_file
    return FlowFile.objects.filter(
        filename=result.filename, status=FlowFile.Status.IMPORTED
    ).first()


def _rules(result: ImportResult) -> list[RuleLines]:
    return [
        RuleLines(rule, [words.finding_line(fault) for fault in rule.first])
        for rule in words.findings_by_rule(result, _LINES_SHOWN_PER_RULE)
    ]


def _broken_off(name: str, archive: str, error: Exception) -> FileOutcome:
    """Return the outcome of a file that could not be read or could not be kept."""
    if isinstance(error, importer.SourceUnreadable):
        return FileOutcome(name, archive, words.UNREADABLE, f"Unreadable: {error}")
    # The kind alone: an error's words can hold what a file said.
    logger.error("The import of an upload broke off: %s.", type(error).__name__)
    status, reason = _reason(error)
    text = f"Broken off: {reason} Nothing of it was imported."
    return FileOutcome(
        name, archive, ImportJob.State.FAILED, f"{text} {_AGAIN[status]}", status=status
    )


def _reason(error: Exception) -> tuple[HTTPStatus, str]:
    """Return which status an error has, and why it broke an import off."""
    match error:
        case importer.Busy():
            return HTTPStatus.SERVICE_UNAVAILABLE, "another file is being loaded."
        case importer.StorageFull():
            return HTTPStatus.INSUFFICIENT_STORAGE, "the storage is full."
        case OperationalError() | InterfaceError():
            said = "the database cannot be reached at the moment."
            return HTTPStatus.SERVICE_UNAVAILABLE, said
    return HTTPStatus.OK, "the server could not keep it."


# What to do about it. A file may be sent again at any time: none is imported twice.
_AGAIN = {
    HTTPStatus.SERVICE_UNAVAILABLE: "Send it again in a minute.",
    HTTPStatus.INSUFFICIENT_STORAGE: (
        "Tell whoever runs the server, and send it again when there is room."
    ),
    HTTPStatus.OK: (
        "Try again, and if it happens again, tell whoever runs the server."
    ),
}
