"""Filters that show corrections of readings, and what they change."""

from __future__ import annotations

from decimal import Decimal

from django import template
from django.template.defaultfilters import pluralize
from django.urls import reverse
from django.utils.html import format_html_join
from django.utils.safestring import SafeString

from meter_readings.models import Correction, Reading, VersionStatus
from meter_readings.queries.advances import Advance

from .formatting import EMPTY_VALUE, advance_units, badge, day

register = template.Library()

_CORRECTION_LABELS = {
    Correction.Kind.ADD: "Entered by hand",
    Correction.Kind.CORRECT: "Corrected",
    Correction.Kind.WITHDRAW: "Withdrawn",
}


@register.filter
def correction_links(reading: Reading) -> SafeString | str:
    """Return links to the pages that correct, withdraw or undo."""
    names = []
    if reading.version_status == VersionStatus.CURRENT:
        names = [("Correct", "correct"), ("Withdraw", "withdraw")]
    if reading.correction and not reading.correction.is_undone:
        names.append(("Undo correction", "undo_correction"))
    if not names:
        return EMPTY_VALUE
    page = "admin:meter_readings_reading_{}".format
    return format_html_join(
        ", ",
        '<a href="{}">{}<span class="visually-hidden"> register {}, {}</span></a>',
        (
            (
                reverse(page(name), args=(reading.pk,)),
                label,
                reading.register_id,
                day(reading.read_at),
            )
            for label, name in names
        ),
    )


@register.filter
def total_units(number: Decimal | None) -> str:
    """Return a total of advances; one that has a negative advance is not known."""
    return "Unknown" if number is None else advance_units(number)


@register.filter
def advance_summary(advance: Advance | None) -> str:
    """Return the units and days of an advance in one text."""
    if advance is None:
        return EMPTY_VALUE
    if advance.units is None:
        return "Negative advance"
    days = f"{advance.days:,} day{pluralize(advance.days)}"
    return f"{advance_units(advance.units)} in {days}"


@register.filter
def correction_badge(correction: Correction) -> SafeString:
    """Return what a user did to a reading."""
    return badge("note", _CORRECTION_LABELS[Correction.Kind(correction.kind)])
