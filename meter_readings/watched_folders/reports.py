"""Reports: what is written beside a file that was moved, as text and as JSON."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import TextIO

from meter_readings import exports
from meter_readings.importer import FileResult, result_messages

from .claiming import JSON_REPORT, TEXT_REPORT, Claim

# Lines shown for each rule in the text
_MAX_LINES = 20

# Findings may contain MPANs: only the owner can read them.
_private = partial(os.open, mode=0o600)


@contextmanager
def finding_report(claim: Claim) -> Iterator[exports.FindingReport]:
    """Open the JSON report of a claim, a list of every finding."""
    with _open(claim.directory / JSON_REPORT) as file:
        report = exports.FindingReport(file, exports.JsonReportFormat())
        report.begin()
        yield report
        report.end()


def write_text_report(claim: Claim, lines: Iterable[str]) -> None:
    with _open(claim.directory / TEXT_REPORT) as file:
        file.writelines(f"{line}\n" for line in lines)


def text_lines(result: FileResult) -> Iterator[str]:
    """Yield the lines about a flow file that `import_d0010` prints."""
    yield f"{result.label}: {message(result)}"
    if result.result is None:
        return
    for rule in result_messages.findings_by_rule(result.result, _MAX_LINES):
        count = "" if rule.count == 1 else f", {rule.count:,} times"
        yield f"{rule.severity.label}: {rule.message} ({rule.code}{count})"
        yield from (f"    {line}" for line in rule.lines)
        if rule.more_count:
            yield f"    and {rule.more_count:,} more"
        yield f"    What to do: {rule.remedy}"


def message(result: FileResult) -> str:
    """Return the outcome of a flow file as one line, without its name."""
    if result.result is None:
        reason = str(result.error).removesuffix(".")
        return f"{result_messages.OUTCOMES[result.outcome]}: {reason}"
    return result_messages.outcome_message(result.result, is_dry_run=False)


def _open(path: Path) -> TextIO:
    return open(path, "w", encoding="utf-8", newline="\n", opener=_private)
