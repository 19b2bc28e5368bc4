"""Identity checks: finds earlier imports of a file by hash, name or message."""

from __future__ import annotations

from django.db.models import Q

from meter_readings.d0010 import Header, Issue
from meter_readings.models import FlowFile

from .result import ImportResult
from .rules import ImportIssueCode


def is_known(sha256: str, filename: str) -> bool:
    """Return whether a flow file with this hash or name exists, in any status."""
    return FlowFile.objects.filter(Q(sha256=sha256) | Q(filename=filename)).exists()


def find_imported(sha256: str) -> FlowFile | None:
    """Return the imported file with this hash."""
    return FlowFile.objects.filter(
        sha256=sha256, status=FlowFile.Status.IMPORTED
    ).first()


def is_stored(result: ImportResult) -> bool:
    """Return whether the flow file of a result is stored with its status.

    It is not if the import was interrupted before its commit.
    """
    file = result.flow_file
    return (
        file is not None
        and FlowFile.objects.filter(
            sha256=result.sha256, status=file.status, received_at=file.received_at
        ).exists()
    )


def filename_conflict(filename: str, sha256: str) -> Issue | None:
    """Return an issue if other bytes were imported under this file name."""
    other = (
        FlowFile.objects.filter(filename=filename, status=FlowFile.Status.IMPORTED)
        .exclude(sha256=sha256)
        .first()
    )
    if other is None:
        return None
    found = f"{filename}, imported on {other.received_at:%d %B %Y} as #{other.pk}"
    return Issue(
        ImportIssueCode.DUPLICATE_FILENAME, found=found, expected="a new file name"
    )


def message_conflict(header: Header, sha256: str) -> Issue | None:
    """Return an issue if another imported file has the identity of this message.

    A message is identified by its sender, file identifier (J1064), flow and version and
    creation time (J0280). The file name is not part of it.
    """
    other = (
        FlowFile.objects.filter(
            file_identifier=header.file_identifier,
            from_role=header.from_role,
            from_participant=header.from_participant,
            flow_and_version=header.flow_and_version,
            file_created_at=header.file_created_at,
            status=FlowFile.Status.IMPORTED,
        )
        .exclude(sha256=sha256)
        .first()
    )
    if other is None:
        return None
    found = f"{header.file_identifier}, imported as #{other.pk} ({other.filename})"
    return Issue(
        ImportIssueCode.DUPLICATE_MESSAGE,
        line_number=1,
        group="ZHV",
        field="File Identifier (J1064)",
        found=found,
        expected="an identifier that the sender has not used before",
    )
