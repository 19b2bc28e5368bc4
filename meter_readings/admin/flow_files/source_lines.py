"""The lines of a file as they came, around one that a person asks for."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from typing import NamedTuple

from django import forms
from django.http import HttpRequest, HttpResponseBase

from meter_readings import exports, importer
from meter_readings.d0010.lines import lines_between
from meter_readings.models import Finding, FlowFile

from .views import FlowFileView, page

# Lines shown before the one that is asked for, and after it.
_AROUND = 10
# Characters of a line that are shown, and findings on all that are shown.
_LONGEST_SHOWN = 1000
_FINDINGS_SHOWN = 100

# What would not be seen stands as its picture: NUL to US as ␀ to ␟, DEL as ␡.
_PICTURES = {code: 0x2400 + code for code in range(0x20)} | {0x7F: 0x2421}


class LineForm(forms.Form):
    """Which line to show."""

    line = forms.IntegerField(min_value=1, max_value=10**15, label="Line")


class Found(NamedTuple):
    """A finding with what its rule says."""

    finding: Finding
    sentence: str


class Line(NamedTuple):
    """A line with what was found on it; `left_out` counts characters not shown."""

    number: int
    text: str
    left_out: int
    is_asked_for: bool
    found: Sequence[Found]


def lines(request: HttpRequest, file: FlowFile) -> HttpResponseBase:
    """Show a limited number of lines, read from the original up to there."""
    form = LineForm(request.GET or {"line": 1})
    chosen = form.cleaned_data["line"] if form.is_valid() else 1
    first, last = max(1, chosen - _AROUND), chosen + _AROUND
    shown = _lines_of(file, first, last, chosen) if form.is_valid() else []
    earlier, later = file.findings, file.findings.order_by("line_number", "pk")
    return page(
        request,
        file,
        "lines",
        title=f"Lines of {file.filename}",
        form=form,
        chosen=chosen,
        lines=shown,
        before=max(1, first - _AROUND - 1) if first > 1 else None,
        after=last + _AROUND + 1 if last < file.line_count else None,
        earlier=earlier.filter(line_number__lt=chosen).order_by("-line_number").first(),
        later=later.filter(line_number__gt=chosen).first(),
    )


def _lines_of(file: FlowFile, first: int, last: int, chosen: int) -> list[Line]:
    """Return the lines from one number to another, each with its findings."""
    if chosen > file.line_count:
        return []
    on_line: defaultdict[int | None, list[Found]] = defaultdict(list)
    found = file.findings.filter(line_number__range=(first, last))
    for finding in found.order_by("line_number", "pk")[:_FINDINGS_SHOWN]:
        sentence, _ = exports.rule_text(finding.code)
        on_line[finding.line_number].append(Found(finding, sentence))
    with importer.open_original(flow_file=file) as stream:
        return [
            Line(
                number,
                text[:_LONGEST_SHOWN].translate(_PICTURES),
                max(0, len(text) - _LONGEST_SHOWN),
                number == chosen,
                on_line[number],
            )
            for number, text in lines_between(stream, first=first, last=last)
        ]


VIEWS = [FlowFileView("lines/", "lines", ("view_reading",), lines)]
