"""Flow files brought into the test database by the one way in."""

from __future__ import annotations

import io
from datetime import datetime
from typing import Any

from meter_readings import importer
from meter_readings.d0010 import LONDON
from meter_readings.models import FlowFile, ImportJob, SubjectRequest
from meter_readings.models.pseudonyms import pseudonymise_mpan

# Later than any reading that is not meant to be in the future.
NOW = datetime(2026, 11, 24, 12, 0, tzinfo=LONDON)


def import_text(
    text: str | bytes, filename: str = "sample.uff", **options: Any
) -> importer.ImportResult:
    """Return what comes of importing a file with this text."""
    data = text.encode("cp1252") if isinstance(text, str) else text
    return importer.import_flow_file(
        stream=io.BytesIO(data), filename=filename, **{"now": NOW} | options
    )


def imported(
    text: str | bytes, filename: str = "sample.uff", **options: Any
) -> FlowFile:
    """Return the flow file that this text became; it must have been imported."""
    result = import_text(text, filename, **options)
    assert result.outcome == importer.Outcome.IMPORTED, result
    assert result.flow_file is not None
    return result.flow_file


def answered_request(mpan: str = "2000000000015") -> SubjectRequest:
    """Return what is told of an MPAN that was erased."""
    return SubjectRequest.objects.create(
        kind=SubjectRequest.Kind.ERASURE,
        pseudonym=pseudonymise_mpan(mpan),
        answered_at=NOW,
        answered_by="alice",
        channel=ImportJob.Channel.COMMAND,
        reason="Request 17",
        counts={"readings": 1},
    )
