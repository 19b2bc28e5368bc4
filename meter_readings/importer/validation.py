"""Validation: reads a whole file and stages its groups; nothing is locked or stored."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from meter_readings.d0010 import (
    Batch,
    FlowFileParser,
    Header,
    ReadingBatch,
    RegisterReading,
    Trailer,
)
from meter_readings.models import FlowFile

from .findings import FindingCollector
from .jobs import JobTracker
from .result import ReadingCounts
from .staging import StagingArea

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


@dataclass(frozen=True)
class ValidatedFile:
    """What a whole file contains, after it was read to its end.

    `valid_reading_count` are the readings that could be loaded and were staged;
    `invalid_reading_count` those that no policy can load.
    """

    header: Header | None
    trailer: Trailer | None
    header_text: str
    trailer_text: str
    line_ending: str
    ends_with_newline: bool
    line_count: int
    group_count: int
    mpan_group_count: int
    valid_reading_count: int
    invalid_reading_count: int

    def reading_counts(self, *, is_loaded: bool) -> ReadingCounts:
        read = self.valid_reading_count + self.invalid_reading_count
        loaded = self.valid_reading_count if is_loaded else 0
        return ReadingCounts(read, loaded, read - loaded)

    def fill(self, flow_file: FlowFile) -> None:
        """Set the fields of a flow file that repeat its header, trailer and counts."""
        # PostgreSQL stores no NUL; a line with one has a finding that says so.
        flow_file.header_text = self.header_text.replace("\0", "\\x00")
        flow_file.trailer_text = self.trailer_text.replace("\0", "\\x00")
        flow_file.line_ending = self.line_ending
        flow_file.ends_with_newline = self.ends_with_newline
        flow_file.line_count = self.line_count
        flow_file.group_count = self.group_count
        flow_file.mpan_group_count = self.mpan_group_count
        if self.header is not None:
            for name in _HEADER_FIELDS:
                setattr(flow_file, name, getattr(self.header, name))
        trailer = self.trailer
        flow_file.trailer_group_count = trailer.group_count if trailer else None
        flow_file.trailer_flow_count = trailer.flow_count if trailer else None


def validate_file(
    path: Path,
    *,
    not_after: datetime,
    findings: FindingCollector,
    staging: StagingArea,
    job: JobTracker,
    is_staged: bool,
) -> ValidatedFile:
    """Read a file to its end and collect its findings.

    A reading taken after `not_after` is a finding. With `is_staged` the groups are
    staged for loading until a finding rejects the file.
    """
    valid_reading_count = 0
    with path.open("rb") as stream:
        parser = FlowFileParser(
            stream,
            report=findings.add,
            report_repeated=findings.add_repeated,
            not_after=not_after,
        )
        try:
            for batch in parser.batches():
                valid_reading_count += _reading_count(batch)
                if is_staged and not findings.is_rejected:
                    staging.stage(batch)
                job.set_progress(parser.lines.byte_count, staging.connection_free)
        finally:
            staging.finish_staging()
    return ValidatedFile(
        header=parser.header,
        trailer=parser.trailer,
        header_text=parser.header_text,
        trailer_text=parser.trailer_text,
        line_ending=parser.lines.line_ending,
        ends_with_newline=parser.lines.ends_with_newline,
        line_count=parser.line_count,
        group_count=parser.group_count,
        mpan_group_count=parser.flow_count,
        valid_reading_count=valid_reading_count,
        invalid_reading_count=parser.invalid_reading_count,
    )


def _reading_count(batch: Batch) -> int:
    if isinstance(batch, ReadingBatch):
        return batch.line_count
    return sum(isinstance(entry.record, RegisterReading) for entry in batch)
