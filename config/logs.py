"""Write log lines that hold no personal data and cannot be forged."""

import json
import logging
import re
from datetime import UTC, datetime
from typing import Any

# An MPAN names somebody's home. It is thirteen digits, alone or spaced as on a bill.
MPAN = re.compile(r"(?<![0-9])[0-9]{2}(?: ?[0-9]){11}(?![0-9])")
# People search by MPAN and by serial number, so what they asked for is left out.
QUERY_STRING = re.compile(r"\?[^\s\"']+")
# Tokens of the API belong in a header, and no header is logged; they go astray.
TOKEN = re.compile(r"d0010_[0-9a-f]{64}")

CONTROL_CHARACTERS = {
    code: f"\\x{code:02x}" for code in [*range(0x20), *range(0x7F, 0xA0)]
}
# A traceback needs its own line ends and tabs.
CONTROL_CHARACTERS_IN_TRACEBACKS = {
    code: escape
    for code, escape in CONTROL_CHARACTERS.items()
    if chr(code) not in "\n\t"
}


class PrivateFormatter(logging.Formatter):
    """Mask MPANs and queries in messages and tracebacks; one event, one line."""

    def formatMessage(self, record: logging.LogRecord) -> str:
        """Return the message on one line, whatever it was given."""
        return super().formatMessage(record).translate(CONTROL_CHARACTERS)

    def format(self, record: logging.LogRecord) -> str:
        """Return the whole entry, its traceback included, without personal data."""
        entry = super().format(record).translate(CONTROL_CHARACTERS_IN_TRACEBACKS)
        entry = TOKEN.sub("[token]", QUERY_STRING.sub("?[query]", entry))
        return MPAN.sub("[MPAN]", entry)


class JsonFormatter(PrivateFormatter):
    """Write each event as one JSON object on one line, for programs to read."""

    def __init__(self) -> None:
        super().__init__("{message}", style="{")

    def format(self, record: logging.LogRecord) -> str:
        """Return the entry; its traceback is inside the message."""
        moment = datetime.fromtimestamp(record.created, UTC)
        entry = {
            "time": moment.isoformat(timespec="milliseconds"),
            "level": record.levelname,
            "logger": record.name,
            "message": super().format(record),
        }
        # Set where the event belongs to a request
        if request_id := str(getattr(record, "request_id", "")).strip():
            entry["request_id"] = request_id
        return json.dumps(entry)


def settings(*, is_production: bool) -> dict[str, Any]:
    """Return Django's LOGGING: lines for people, or in production for programs."""
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {
            "private": {
                "()": "config.logs.PrivateFormatter",
                "format": "{asctime} {levelname} {name}{request_id}: {message}",
                "style": "{",
            },
            "json": {"()": "config.logs.JsonFormatter"},
        },
        "filters": {"request_id": {"()": "config.requests.RequestIdFilter"}},
        "handlers": {
            "console": {
                "class": "logging.StreamHandler",
                "filters": ["request_id"],
                "formatter": "json" if is_production else "private",
            },
        },
        "root": {"handlers": ["console"], "level": "WARNING"},
        # Django's own handlers would print queries and mail tracebacks.
        "loggers": {
            "django": {"handlers": ["console"], "level": "INFO", "propagate": False},
            "django.server": {
                "handlers": ["console"],
                "level": "INFO",
                "propagate": False,
            },
            "meter_readings": {"level": "INFO"},
        },
    }
