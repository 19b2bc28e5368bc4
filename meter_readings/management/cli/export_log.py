"""Log lines of exports by commands: who, with which filters, how many, how long."""

from __future__ import annotations

import getpass
import logging
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Any

from meter_readings.d0010.mpan import mask_mpans
from meter_readings.models import ImportJob

logger = logging.getLogger(__name__)

# The values of these filters are personal data.
_PERSONAL = {"mpan", "serial_number"}


@dataclass
class Export:
    """An export in progress; `readings` is the number written so far."""

    readings: int = 0


@contextmanager
def logged_export(
    *, output_format: str, filters: Mapping[str, Any]
) -> Iterator[Export]:
    """Log an export at its end, also if it fails or is interrupted.

    Filters that are None are not used. MPANs and serial numbers are not logged.
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
            "user": _user(),
            "format": output_format,
            "filter": _filter_text(filters),
            "readings": export.readings,
            "seconds": round(time.monotonic() - start, 3),
            "reason": reason,
        }
        logger.info("Export.", extra={"fields": fields})


def _user() -> str:
    """Return the name of the system user; "" if it has none, as in some containers."""
    with suppress(OSError):
        return getpass.getuser()
    return ""


def _filter_text(filters: Mapping[str, Any]) -> str:
    texts = [
        name if name in _PERSONAL else f"{name}={value}"
        for name, value in filters.items()
        if value is not None
    ]
    return mask_mpans(" ".join(texts))
