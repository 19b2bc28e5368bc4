"""Text formatting: counts with nouns, lists of counts, progress, dates."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from django.template.defaultfilters import filesizeformat
from django.utils import timezone

from meter_readings.models import ImportJob


def pluralise(number: int, noun: str) -> str:
    """`1 reading`, `1,200 readings`"""
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def join_counts(counts: Mapping[str, int]) -> str:
    """Return counts by plural names as text: `2 readings and 1 site visit`.

    An underscore in a name becomes a space. Counts of zero are left out; without any
    other the text is `nothing`.
    """
    parts = [
        pluralise(number, name.replace("_", " ").removesuffix("s"))
        for name, number in counts.items()
        if number
    ]
    *others, latest = parts or ["nothing"]
    return f"{', '.join(others)} and {latest}" if others else latest


def format_progress(phase: str, byte_count: int, size: int) -> str:
    """Return how much of a file is checked: `45 % of 200.7 MB checked`.

    A file that is loading was checked to its end: `200.7 MB checked`.
    """
    if size and phase != ImportJob.Phase.LOADING:
        return f"{100 * byte_count // size} % of {_format_size(size)} checked"
    return f"{_format_size(byte_count)} checked" if byte_count else ""


def _format_size(byte_count: int) -> str:
    return filesizeformat(byte_count).replace("\xa0", " ")


def printable(text: str) -> str:
    """Return a text without characters that would control a terminal."""
    return "".join(c if c.isprintable() else "\ufffd" for c in text)


def format_date(moment: datetime) -> str:
    """Return the local date of a time: `4 March 2026`."""
    local = timezone.localtime(moment)
    return f"{local.day} {local:%B %Y}"
