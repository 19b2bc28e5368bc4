"""Logging: formatters that redact personal data, and the request ID of each line."""

from __future__ import annotations

import json
import logging
import re
import sys
import uuid
from collections.abc import Callable
from contextvars import ContextVar
from datetime import UTC, datetime
from typing import Any

from django.http import HttpRequest, HttpResponse

from meter_readings.d0010.mpan import mask_mpans

# Query strings contain the MPANs and serial numbers that users search for.
QUERY_STRING = re.compile(r"\?[^\s\"']+")
# API tokens are sent in a header, which is not logged, but can be pasted elsewhere.
TOKEN = re.compile(r"d0010_[0-9a-f]{64}")

CONTROL_CHARACTERS = {
    code: f"\\x{code:02x}" for code in [*range(0x20), *range(0x7F, 0xA0)]
}
# Line ends and tabs of a traceback stay.
CONTROL_CHARACTERS_IN_TRACEBACKS = {
    code: escape
    for code, escape in CONTROL_CHARACTERS.items()
    if chr(code) not in "\n\t"
}


class RedactingFormatter(logging.Formatter):
    """Masks MPANs, query strings and tokens; escapes control characters."""

    def formatMessage(self, record: logging.LogRecord) -> str:
        """Return the message on one line, so that no line can be forged."""
        return super().formatMessage(record).translate(CONTROL_CHARACTERS)

    def format(self, record: logging.LogRecord) -> str:
        """Return the redacted entry, its traceback included."""
        return redact(super().format(record))


def redact(text: str) -> str:
    text = text.translate(CONTROL_CHARACTERS_IN_TRACEBACKS)
    text = TOKEN.sub("[token]", QUERY_STRING.sub("?[query]", text))
    return mask_mpans(text)


class TextFormatter(RedactingFormatter):
    """Writes the fields of an event after its message."""

    def formatMessage(self, record: logging.LogRecord) -> str:
        fields = getattr(record, "fields", {}).items()
        shown = " ".join(f"{name}={value}" for name, value in fields if value != "")
        message = super().formatMessage(record)
        return f"{message} {shown}".rstrip().translate(CONTROL_CHARACTERS)


class JsonFormatter(RedactingFormatter):
    """Writes each event as one JSON object on one line.

    The fields of an event, `extra={"fields": {...}}`, are members of the object.
    """

    def __init__(self) -> None:
        super().__init__("{message}", style="{")

    def format(self, record: logging.LogRecord) -> str:
        """Return the entry, with its traceback in `message`."""
        moment = datetime.fromtimestamp(record.created, UTC)
        entry: dict[str, Any] = {
            "time": moment.isoformat(timespec="milliseconds"),
            "level": record.levelname,
            "logger": record.name,
            "message": super().format(record),
        }
        if request_id := str(getattr(record, "request_id", "")).strip():
            entry["request_id"] = request_id
        for name, value in getattr(record, "fields", {}).items():
            entry[name] = redact(value) if isinstance(value, str) else value
        return json.dumps(entry)


REQUEST_ID_HEADER = "X-Request-ID"

_request_id: ContextVar[str] = ContextVar("request_id", default="")


class RequestIdMiddleware:
    """Gives each request an ID, for its response, its errors and its log lines.

    The value that a client sends is ignored.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self._get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        request_id = str(uuid.uuid4())
        request.request_id = request_id  # type: ignore[attr-defined]
        token = _request_id.set(request_id)
        try:
            response = self._get_response(request)
        finally:
            _request_id.reset(token)
        response.headers[REQUEST_ID_HEADER] = request_id
        return response


class RequestIdFilter(logging.Filter):
    """Adds the request ID to each record that is logged during a request."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Set `request_id` to the ID after a space, or to "" outside requests."""
        # Django logs an error response after the middleware, with the request.
        request = getattr(record, "request", None)
        request_id = getattr(request, "request_id", "") or _request_id.get()
        record.request_id = f" {request_id}" if request_id else ""
        return True


def logging_config(*, is_production: bool) -> dict[str, Any]:
    """Return Django's LOGGING: JSON in production, lines of text in development.

    Commands say what they do themselves, so only warnings are shown on a terminal and
    in development.
    """
    console = {
        "class": "logging.StreamHandler",
        "filters": ["request_id"],
        "formatter": "json" if is_production else "text",
    }
    is_logged = is_production and not sys.stderr.isatty()
    events_level = "INFO" if is_logged else "WARNING"
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {
            "text": {
                "()": "config.logging_config.TextFormatter",
                "format": "{asctime} {levelname} {name}{request_id}: {message}",
                "style": "{",
            },
            "json": {"()": "config.logging_config.JsonFormatter"},
        },
        "filters": {"request_id": {"()": "config.logging_config.RequestIdFilter"}},
        "handlers": {
            "console": console,
            "events": console | {"level": events_level},
        },
        "root": {"handlers": ["events"], "level": "WARNING"},
        # Django's own handlers would log query strings and mail tracebacks.
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
