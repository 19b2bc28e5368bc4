"""Imports flow files into the test database, as the interfaces do."""

from __future__ import annotations

import io
from datetime import datetime
from typing import Any

from django.utils import timezone

from meter_readings import importer
from meter_readings.d0010 import LONDON
from meter_readings.models import (
    FlowFile,
    ImportJob,
    Meter,
    OverdueReading,
    QualityItem,
    QualityRun,
    SenderSchedule,
    SubjectRequest,
    WatchedFolderStatus,
    pseudonymise_mpan,
)

# Later than every reading that is not meant to be in the future.
NOW = datetime(2026, 11, 24, 12, 0, tzinfo=LONDON)


def import_text(
    text: str | bytes, filename: str = "sample.uff", **options: Any
) -> importer.ImportResult:
    """Import a file with this text, and return the result."""
    data = text.encode("cp1252") if isinstance(text, str) else text
    return importer.import_flow_file(
        stream=io.BytesIO(data), filename=filename, **{"now": NOW} | options
    )


def imported(
    text: str | bytes, filename: str = "sample.uff", **options: Any
) -> FlowFile:
    """Import a file with this text, which must succeed, and return the flow file."""
    result = import_text(text, filename, **options)
    assert result.outcome == ImportJob.Outcome.IMPORTED, result
    assert result.flow_file is not None
    return result.flow_file


def create_subject_request(mpan: str = "2000000000015") -> SubjectRequest:
    """Return a request by which an MPAN was erased."""
    return SubjectRequest.objects.create(
        kind=SubjectRequest.Kind.ERASURE,
        pseudonym=pseudonymise_mpan(mpan),
        answered_at=NOW,
        answered_by="alice",
        channel=ImportJob.Channel.COMMAND,
        reason="Request 17",
        counts={"readings": 1},
    )


def create_sender_schedule(participant: str = "UDMS") -> SenderSchedule:
    """Return the schedule of a sender whose files come every week."""
    return SenderSchedule.objects.create(participant=participant, interval_days=7)


def create_overdue_reading(meter: Meter | None = None, **values: Any) -> OverdueReading:
    """Store a late reading of a meter point, by default that of the latest meter."""
    values = {
        "state": OverdueReading.State.LATE,
        "from_participant": "UDMS",
        "latest_date": "2024-04-01",
        "interval_days": 91,
        "due_date": "2024-07-01",
        "as_of_date": "2024-07-02",
    } | values
    meter = meter or Meter.objects.latest("pk")
    return OverdueReading.objects.create(meter=meter, **values)


def create_folder_status(path: str = "/srv/in", **values: Any) -> WatchedFolderStatus:
    """Store the status of a watched folder, which is polled now unless told."""
    values = {"host": "d1", "polled_at": timezone.now()} | values
    return WatchedFolderStatus.objects.create(path=path, **values)


def create_quality_item(rule: str = "high", **values: Any) -> QualityItem:
    """Store an open item of a rule about the first meter."""
    run = QualityRun.objects.create(scope=QualityRun.Scope.ALL, started_at=NOW)
    defaults = {
        "meter": Meter.objects.earliest("pk"),
        "severity": "warning",
        "register_id": "S",
        "read_at": NOW,
        "from_participant": "UDMS",
        "explanation": "Advance of 600.0 in 30 days; 190.5 expected.",
        "opened_at": NOW,
        "opened_by": run,
    }
    return QualityItem.objects.create(rule=rule, **defaults | values)
