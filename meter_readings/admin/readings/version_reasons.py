"""Sentences that say why a version of a reading is not the current one."""

from __future__ import annotations

from collections.abc import Sequence

from meter_readings.d0010.codes import BscValidationStatus, ReadingType
from meter_readings.models import Reading, VersionStatus

# V takes precedence over U, a blank and unknown codes, and these over F.
_PRECEDENCE: dict[str, int] = {
    BscValidationStatus.VALIDATED: 0,
    BscValidationStatus.FAILED: 2,
}


def version_reason(reading: Reading, versions: Sequence[Reading]) -> str:
    """Return why a reading has its version status; "" for a current one.

    `versions` are versions of the reading, oldest first. The rules are those of
    `importer.version_resolution`.
    """
    correction = reading.correction
    if correction is not None and correction.is_undone:
        return "Its correction was undone."
    match reading.version_status:
        case VersionStatus.DUPLICATE:
            return "It repeats an earlier version."
        case VersionStatus.SUPERSEDED:
            return _superseded_reason(reading, versions)
        case VersionStatus.WITHDRAWN if reading.reading_type == ReadingType.WITHDRAWN:
            return "It withdraws all earlier versions."
        case VersionStatus.WITHDRAWN:
            return "A later version withdraws it."
    return ""


def _superseded_reason(reading: Reading, versions: Sequence[Reading]) -> str:
    """Compare validation first and time second, as version resolution does."""
    current = [
        version
        for version in versions
        if version.version_status == VersionStatus.CURRENT
    ]
    if current and current[0].correction is not None:
        return "A user corrected the reading. A correction counts over all files."
    same_value = [
        version
        for version in versions
        if version.value == reading.value
        and version.reading_type == reading.reading_type
        and version.version_status != VersionStatus.WITHDRAWN
    ]
    latest = [reading, *same_value][-1]
    if (
        latest.flow_file is not None
        and latest.bsc_validation_status != reading.bsc_validation_status
    ):
        validation = latest.get_bsc_validation_status_display()
        return (
            f"The same value was sent again in {latest.flow_file.filename} with another"
            f" BSC validation ({validation}), which applies to both versions."
        )
    if current and _precedence(current[0]) < _precedence(reading):
        validation = current[0].get_bsc_validation_status_display()
        return f"The current version has a better BSC validation ({validation})."
    return "The current version is later."


def _precedence(version: Reading) -> int:
    return _PRECEDENCE.get(version.bsc_validation_status, 1)
