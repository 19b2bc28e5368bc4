"""Result values of an import: outcome, counts and findings."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import NamedTuple

from meter_readings.d0010 import Header, Issue
from meter_readings.models import FlowFile, ImportJob, Policy, Severity


class ReadingCounts(NamedTuple):
    """The readings of a file: read is loaded and rejected together."""

    readings_read: int
    readings_loaded: int
    readings_rejected: int


class LoadCounts(NamedTuple):
    """The rows that an import inserted, and the version status of its readings.

    `duplicate`, `superseded` and `withdrawn` count the readings of the file that are
    not current; `superseding` counts those that are current and supersede another
    version.
    """

    meter_points: int
    meters: int
    site_visits: int
    readings: int
    duplicate: int
    superseded: int
    withdrawn: int
    superseding: int

    @property
    def current(self) -> int:
        return self.readings - self.duplicate - self.superseded - self.withdrawn


@dataclass(frozen=True)
class ImportResult:
    """The result of importing or validating one file.

    `flow_file` is the stored file: the first import of the same bytes if the file was
    imported before, None if nothing was stored. `readings_read` is the sum of
    `readings_loaded` and `readings_rejected`. `findings` are the stored ones, in line
    order, limited to MAX_STORED_PER_RULE for each rule; `finding_counts` counts all.
    """

    outcome: ImportJob.Outcome
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

    @property
    def counts(self) -> dict[str, int]:
        """The counts that are stored with the import job."""
        counts = {
            "readings_read": self.readings_read,
            "readings_loaded": self.readings_loaded,
            "readings_rejected": self.readings_rejected,
            "errors": self.error_count,
            "warnings": self.warning_count,
        }
        return counts | (self.loaded._asdict() if self.loaded else {})
