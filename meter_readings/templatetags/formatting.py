"""Filters that format values the same in templates and in the admin's columns."""

from __future__ import annotations

import re
from datetime import UTC, datetime, time
from decimal import Decimal

from django import template
from django.conf import settings
from django.template.defaultfilters import pluralize
from django.utils import formats, timezone
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString, mark_safe

from meter_readings import d0010
from meter_readings.exports import rule_text
from meter_readings.importer import UNREADABLE
from meter_readings.importer.formatting import format_progress, pluralise
from meter_readings.models import (
    ApiToken,
    FlowFile,
    ImportJob,
    Notification,
    Reading,
    Severity,
    VersionStatus,
)
from meter_readings.queries import expected_files
from meter_readings.queries.advances import ExclusionReason

register = template.Library()

EMPTY_VALUE = "–"
_MINUS = "\N{MINUS SIGN}"

# A badge is a shape and a word; its colour only repeats them.
_SHAPES = {"ok": "✓", "warning": "▲", "error": "✕", "note": "●"}
_TONES: dict[str, str] = {
    "ok": "ok",
    FlowFile.Status.IMPORTED: "ok",
    FlowFile.Status.REJECTED: "error",
    VersionStatus.CURRENT: "ok",
    VersionStatus.WITHDRAWN: "error",
    Severity.ERROR: "error",
    Severity.WARNING: "warning",
    ImportJob.Outcome.CHECKED: "ok",
    ImportJob.Outcome.REFUSED: "error",
    UNREADABLE: "error",
    ImportJob.State.FINISHED: "ok",
    ImportJob.State.FAILED: "error",
    ImportJob.State.CANCELLED: "warning",
    Notification.Status.SENT: "ok",
    Notification.Status.FAILED: "error",
    ApiToken.State.ACTIVE: "ok",
    ApiToken.State.EXPIRING: "warning",
    ApiToken.State.EXPIRED: "error",
    ApiToken.State.USER_INACTIVE: "error",
    expected_files.State.FINE: "ok",
    expected_files.State.LATE: "warning",
    expected_files.State.MISSING: "error",
    d0010.codes.BscValidationStatus.VALIDATED: "ok",
    d0010.codes.BscValidationStatus.UNVALIDATED: "warning",
    d0010.codes.BscValidationStatus.FAILED: "error",
}

_USUAL_MEANING = "Usual meaning of this register id; the file does not say it"

_EXCLUSION_LABELS = {
    ExclusionReason.NOT_CURRENT: "Not the current version",
    ExclusionReason.DEMAND: "Maximum demand",
    ExclusionReason.NOT_FOR_CONSUMPTION: "Excluded from consumption",
    ExclusionReason.SUSPECT: "Suspect, no advance calculated",
    None: "No previous reading",
}


@register.filter
def badge(value: str, label: str) -> SafeString:
    """Return a status as a shape and its label; a value without a tone is a note."""
    return _badge(_TONES.get(value, "note"), label)


def _badge(tone: str, label: str) -> SafeString:
    return format_html(
        '<span class="badge badge-{}"><span aria-hidden="true">{}</span> {}</span>',
        tone,
        _SHAPES[tone],
        label,
    )


@register.filter
def breakable(filename: str) -> SafeString:
    """Return a file name that a narrow column breaks after hyphens and underscores."""
    parts = re.split("(?<=[-_])(?=[^-_])", filename)
    return format_html_join(mark_safe("<wbr>"), "{}", ([part] for part in parts))


@register.filter
def validity_badge(reading: Reading) -> SafeString:
    """Return "Valid" or "Suspect": by the reading's 032, else its flag, else J0022."""
    return _badge(*(("warning", "Suspect") if reading.is_suspect else ("ok", "Valid")))


@register.filter
def t_or_f(value: bool | None) -> str:
    """Return a flag (J0045) or a status (J0047) as its meaning and its letter."""
    return {True: "Valid (T)", False: "Suspect (F)", None: EMPTY_VALUE}[value]


@register.filter
def local_time(instant: datetime | None) -> SafeString | str:
    """Return a UK local time with its zone; its tooltip is the same instant in UTC.

    Seconds are shown unless they are zero.
    """
    if instant is None:
        return EMPTY_VALUE
    has_seconds = timezone.localtime(instant).second
    return _time_element(instant, "j M Y H:i:s T" if has_seconds else "j M Y H:i T")


@register.filter
def read_time(instant: datetime) -> SafeString | str:
    """Return the local date of a reading, with the time if it is not midnight."""
    if timezone.localtime(instant).time() == time.min:
        return _time_element(instant, "j M Y")
    return local_time(instant)


def _time_element(instant: datetime, pattern: str) -> SafeString:
    utc = instant.astimezone(UTC)
    return format_html(
        '<time datetime="{}" title="{} UTC">{}</time>',
        f"{utc:%Y-%m-%dT%H:%M:%SZ}",
        f"{utc:%Y-%m-%d %H:%M:%S}",
        formats.date_format(timezone.localtime(instant), pattern),
    )


@register.filter
def day(instant: datetime) -> str:
    """Return the UK local date of an instant."""
    return formats.date_format(timezone.localtime(instant), "j M Y")


@register.filter
def mpan(number: str) -> SafeString:
    """Return an MPAN in groups of digits that are copied as one number."""
    groups = d0010.mpan.format_mpan(number).split(" ")
    return format_html(
        '<span class="mpan">{}</span>',
        format_html_join("", "<span>{}</span>", ((group,) for group in groups)),
    )


@register.filter
def reading_value(value: Decimal) -> str:
    """Return a register reading with one decimal, or with more if it has more."""
    whole, _, decimals = format(value, "f").partition(".")
    return f"{whole}.{decimals.rstrip('0') or '0'}"


@register.filter
def advance_units(number: Decimal) -> str:
    """Return register units like a reading, with a minus sign if they are negative."""
    text = reading_value(abs(number))
    return _MINUS + text if number < 0 else text


@register.filter
def exclusion_label(reason: ExclusionReason | None) -> str:
    """Return why no advance is shown; None means that no reading comes before."""
    return _EXCLUSION_LABELS[reason]


@register.filter
def code_label(code: str, label: str) -> str:
    """Return a catalogue code with its meaning; an unlisted code is shown alone."""
    if not code:
        return EMPTY_VALUE
    return code if label == code else f"{label} ({code})"


@register.filter
def register_label(register_id: str) -> SafeString:
    """Return a register id with its usual meaning, marked as the trade's habit."""
    meaning = d0010.codes.register_meaning(register_id)
    if not meaning:
        return format_html('<span class="mono">{}</span>', register_id)
    return format_html(
        '<span class="mono">{}</span> <span class="muted" title="{}">{}</span>',
        register_id,
        _USUAL_MEANING,
        meaning,
    )


@register.filter
def rule_message(code: str) -> str:
    """Return the message of a validation rule."""
    message, _ = rule_text(code)
    return message


@register.filter
def findings(file: FlowFile) -> SafeString | str:
    """Return how many errors and warnings a file has."""
    counts = (
        (Severity.ERROR, file.error_count),
        (Severity.WARNING, file.warning_count),
    )
    badges = [
        (badge(severity, f"{count:,} {severity.label.lower()}{pluralize(count)}"),)
        for severity, count in counts
        if count
    ]
    return format_html_join(" ", "{}", badges) or EMPTY_VALUE


@register.filter
def outcome(job: ImportJob) -> SafeString:
    """Return the outcome of an import job, or its state if it has none."""
    if not job.outcome:
        return badge(job.state, job.get_state_display())
    return badge(job.outcome, job.get_outcome_display())


@register.filter
def job_progress(job: ImportJob) -> str:
    """Return how far a running job is, in the command line's words; "" if unknown."""
    if job.kind == ImportJob.Kind.EXPORT:
        return f"{pluralise(job.counts.get('readings', 0), 'reading')} written"
    if job.kind in ImportJob.IMPORT_KINDS:
        return format_progress(job.phase, job.bytes_processed, job.size)
    return ""


@register.filter
def telephone(participant: str) -> SafeString | str:
    """Return the telephone number of a market participant, or nothing."""
    number = settings.PARTICIPANT_TELEPHONES.get(participant)
    if not number:
        return ""
    digits = "".join(number.split())
    return format_html(', <a href="tel:{}">{}</a>', digits, number)


@register.filter
def role(code: str) -> str:
    """Return the name of a market participant role."""
    return d0010.codes.MarketRole.label_of(code)
