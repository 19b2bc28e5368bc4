"""Records of exports by commands: audit events, and log lines with the duration."""

from __future__ import annotations

import logging
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from meter_readings import audit
from meter_readings.d0010.mpan import mask_mpans
from meter_readings.models import AuditEvent, ImportJob, Reading

logger = logging.getLogger(__name__)

# The values of these filters are personal data.
_PERSONAL = {"mpan", "serial_number"}


@dataclass
class Export:
    """An export in progress; `readings` is the number written so far."""

    readings: int = 0


@contextmanager
def logged_export(
    *, output_format: str, filters: Mapping[str, Any], is_recorded: bool = True
) -> Iterator[Export]:
    """Log and record an export at its end, also if it fails or is interrupted.

    Filters that are None are not used. MPANs and serial numbers are not logged.
    `is_recorded` is false for an export that has another event in the audit trail.
    """
    export, reason, start = Export(), "", time.monotonic()
    try:
        yield export
    except BaseException as error:
        # Only the type: a message may quote a filter.
        reason = type(error).__name__
        raise
    finally:
        fields = {
            "channel": str(ImportJob.Channel.COMMAND),
            "user": audit.system_username(),
            "format": output_format,
            "filter": _filter_text(filters),
            "readings": export.readings,
            "seconds": round(time.monotonic() - start, 3),
            "reason": reason,
        }
        logger.info("Export.", extra={"fields": fields})
        if is_recorded and (export.readings or not reason):
            _record(output_format, filters, export, is_complete=not reason)


def _record(
    output_format: str, filters: Mapping[str, Any], export: Export, *, is_complete: bool
) -> None:
    used = {name: str(value) for name, value in filters.items() if value is not None}
    details = {"format": output_format, "filter": used, "rows": export.readings}
    if not is_complete:
        details["incomplete"] = True
    audit.record_access(AuditEvent.Action.EXPORT, Reading, details=details)


def _filter_text(filters: Mapping[str, Any]) -> str:
    texts = [
        name if name in _PERSONAL else f"{name}={value}"
        for name, value in filters.items()
        if value is not None
    ]
    return mask_mpans(" ".join(texts))
