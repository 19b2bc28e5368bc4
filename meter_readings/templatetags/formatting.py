"""How values look on every page, for templates and for the admin's columns."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal

from django import template
from django.template.defaultfilters import pluralize
from django.utils import formats, timezone
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from meter_readings import d0010
from meter_readings.importer import UNREADABLE, Outcome
from meter_readings.models import (
    ApiToken,
    FlowFile,
    ImportJob,
    Reading,
    Severity,
    VersionStatus,
)

register = template.Library()

NOTHING = "–"

# A status is a word and a shape; its colour only repeats them.
_SHAPES = {"ok": "✓", "warning": "▲", "error": "✕", "note": "●"}
_TONES: dict[str, str] = {
    "ok": "ok",
    FlowFile.Status.IMPORTED: "ok",
    FlowFile.Status.REJECTED: "error",
    VersionStatus.CURRENT: "ok",
    VersionStatus.WITHDRAWN: "error",
    Severity.ERROR: "error",
    Severity.WARNING: "warning",
    Outcome.CHECKED: "ok",
    Outcome.REFUSED: "error",
    UNREADABLE: "error",
    ImportJob.State.FINISHED: "ok",
    ImportJob.State.FAILED: "error",
    ApiToken.State.ACTIVE: "ok",
    ApiToken.State.EXPIRING: "warning",
    ApiToken.State.EXPIRED: "error",
    ApiToken.State.USER_INACTIVE: "error",
    d0010.codes.BscValidationStatus.VALIDATED: "ok",
    d0010.codes.BscValidationStatus.UNVALIDATED: "warning",
    d0010.codes.BscValidationStatus.FAILED: "error",
}


@register.filter
def mark(value: str, label: str) -> SafeString:
    """Return a status as a shape and its word; one without a tone is a note."""
    return _toned(_TONES.get(value, "note"), label)


def _toned(tone: str, label: str) -> SafeString:
    return format_html(
        '<span class="mark mark-{}"><span aria-hidden="true">{}</span> {}</span>',
        tone,
        _SHAPES[tone],
        label,
    )


@register.filter
def verdict(reading: Reading) -> SafeString:
    """Return whether a reading is valid, by its 032, or its flag, or J0022."""
    return _toned(*(("warning", "Suspect") if reading.is_suspect else ("ok", "Valid")))


@register.filter
def truth(value: bool | None) -> str:
    """Return a catalogue's T or F in words, as J0045 and J0047 mean them."""
    return {True: "Valid (T)", False: "Suspect (F)", None: NOTHING}[value]


@register.filter
def moment(instant: datetime | None) -> SafeString | str:
    """Return a time by the local clock with its zone, and in UTC for who points at it.

    Seconds are shown where there are any.
    """
    if instant is None:
        return NOTHING
    local = timezone.localtime(instant)
    pattern = "j M Y H:i:s T" if local.second else "j M Y H:i T"
    universal = instant.astimezone(UTC)
    return format_html(
        '<time datetime="{}" title="{} UTC">{}</time>',
        f"{universal:%Y-%m-%dT%H:%M:%SZ}",
        f"{universal:%Y-%m-%d %H:%M:%S}",
        formats.date_format(local, pattern),
    )


@register.filter
def day(instant: datetime) -> str:
    """Return the day of a time by the local clock."""
    return formats.date_format(timezone.localtime(instant), "j M Y")


@register.filter
def mpan(number: str) -> SafeString:
    """Return an MPAN in groups that are copied as one number."""
    groups = d0010.mpan.shown(number).split(" ")
    return format_html(
        '<span class="mpan">{}</span>',
        format_html_join("", "<span>{}</span>", ((group,) for group in groups)),
    )


@register.filter
def register_reading(value: Decimal) -> str:
    """Return a register reading with one decimal, or with more where it has more."""
    whole, _, decimals = format(value, "f").partition(".")
    return f"{whole}.{decimals.rstrip('0') or '0'}"


@register.filter
def coded(code: str, label: str) -> str:
    """Return a catalogue code with its meaning; an unlisted code stands alone."""
    if not code:
        return NOTHING
    return code if label == code else f"{label} ({code})"


@register.filter
def findings(file: FlowFile) -> SafeString | str:
    """Return how many errors and warnings a file has."""
    counts = (
        (Severity.ERROR, file.error_count),
        (Severity.WARNING, file.warning_count),
    )
    marks = [
        (mark(severity, f"{count:,} {severity.label.lower()}{pluralize(count)}"),)
        for severity, count in counts
        if count
    ]
    return format_html_join(" ", "{}", marks) or NOTHING


@register.filter
def outcome(job: ImportJob) -> SafeString:
    """Return what came of an attempt, or else whether it is over."""
    if not job.outcome:
        return mark(job.state, job.get_state_display())
    return mark(job.outcome, dict(Outcome.choices).get(job.outcome, job.outcome))


@register.filter
def thousands(number: int) -> str:
    """Return a count with a comma at each thousand."""
    return f"{number:,}"


@register.filter
def role(code: str) -> str:
    """Return a market participant role in words."""
    return d0010.codes.MarketRole.label_of(code)
