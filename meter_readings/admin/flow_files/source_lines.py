"""Source lines of a flow file: the lines around one, with their findings."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from typing import NamedTuple

from django import forms
from django.http import HttpRequest, HttpResponseBase

from meter_readings import importer
from meter_readings.d0010.lines import lines_between
from meter_readings.exports import rule_text
from meter_readings.models import Finding, FlowFile

from .views import FlowFileView, render_flow_file_page

# Lines shown before and after the requested one
_CONTEXT_LINES = 10
_MAX_CHARACTERS = 1000  # of each line
_MAX_FINDINGS = 100  # on all lines

# Unicode symbols for control characters: NUL to US are shown as ␀ to ␟, DEL as ␡.
_CONTROL_PICTURES = {code: 0x2400 + code for code in range(0x20)} | {0x7F: 0x2421}


class LineForm(forms.Form):
    line = forms.IntegerField(
        min_value=1,
        max_value=10**15,
        label="Line",
        error_messages=dict.fromkeys(
            ("required", "invalid", "min_value", "max_value"),
            "Enter a whole number from 1.",
        ),
    )


class LineFinding(NamedTuple):
    finding: Finding
    message: str


class Line(NamedTuple):
    """A line with its findings; `truncated` is the number of characters not shown."""

    number: int
    text: str
    truncated: int
    is_requested: bool
    findings: Sequence[LineFinding]


def lines(request: HttpRequest, file: FlowFile) -> HttpResponseBase:
    """Show the lines around the one requested; the original is read up to there."""
    form = LineForm(request.GET or {"line": 1})
    is_valid = form.is_valid()
    requested = form.cleaned_data["line"] if is_valid else 1
    first, last = max(1, requested - _CONTEXT_LINES), requested + _CONTEXT_LINES
    findings = file.findings.order_by("line_number", "pk")
    return render_flow_file_page(
        request,
        file,
        "lines",
        title=f"Contents of {file.filename}",
        form=form,
        requested=requested,
        lines=_lines_around(file, first, last, requested) if is_valid else [],
        previous_lines=max(1, first - _CONTEXT_LINES - 1) if first > 1 else None,
        next_lines=last + _CONTEXT_LINES + 1 if last < file.line_count else None,
        previous_finding=findings.filter(line_number__lt=requested).last(),
        next_finding=findings.filter(line_number__gt=requested).first(),
    )


def _lines_around(file: FlowFile, first: int, last: int, requested: int) -> list[Line]:
    """Return the lines from `first` to `last`, none if `requested` does not exist."""
    if requested > file.line_count:
        return []
    by_line: defaultdict[int | None, list[LineFinding]] = defaultdict(list)
    findings = file.findings.filter(line_number__range=(first, last))
    for finding in findings.order_by("line_number", "pk")[:_MAX_FINDINGS]:
        message, _ = rule_text(finding.code)
        by_line[finding.line_number].append(LineFinding(finding, message))
    with importer.open_original(flow_file=file) as stream:
        return [
            Line(
                number,
                text[:_MAX_CHARACTERS].translate(_CONTROL_PICTURES),
                max(0, len(text) - _MAX_CHARACTERS),
                number == requested,
                by_line[number],
            )
            for number, text in lines_between(stream, first=first, last=last)
        ]


VIEWS = [FlowFileView("lines/", "lines", ("view_reading",), lines)]
