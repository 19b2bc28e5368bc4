"""Reporters of an import: one line of text for each file, or one JSON document."""

from __future__ import annotations

import json
from typing import Any, Self

from meter_readings import importer
from meter_readings.d0010 import Issue
from meter_readings.importer import FileResult, result_messages
from meter_readings.models import ImportJob, Severity

from . import base_command

# Lines shown for each rule
_MAX_LINES = 3
_MAX_LINES_IN_JSON = 20

_FAILURES = {
    ImportJob.Outcome.REJECTED,
    ImportJob.Outcome.REFUSED,
    importer.UNREADABLE,
    ImportJob.State.FAILED,
}


class ImportReporter:
    """Writes one line for each file to stdout, findings and totals to stderr.

    A context manager: the totals are written even if an error ends the import. With
    `suggests_report`, the option --report is named if findings were left out.
    """

    def __init__(
        self,
        command: base_command.BaseCommand,
        *,
        is_dry_run: bool,
        is_brief: bool,
        suggests_report: bool,
    ) -> None:
        self.totals = importer.ImportTotals()
        self.is_interrupted = False
        self._command = command
        self._is_dry_run = is_dry_run
        self._is_brief = is_brief
        self._suggests_report = suggests_report
        self._is_truncated = False

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: object, *error: object) -> None:
        self.finish(is_complete=kind is None and not self.is_interrupted)

    @property
    def exit_code(self) -> int:
        if self.is_interrupted:
            return base_command.INTERRUPTED
        if not self.totals.outcomes:
            return base_command.NOTHING_MATCHED
        return base_command.FAILED if _FAILURES & self.totals.outcomes.keys() else 0

    def add(self, file: FileResult) -> None:
        """Count and report a file that was imported or failed."""
        self.totals.add(file)
        if file.result is None:
            self.report(file, _reason(file.error))
        else:
            outcome_message = result_messages.outcome_message
            self.report(file, outcome_message(file.result, is_dry_run=self._is_dry_run))

    def report(self, file: FileResult, message: str) -> None:
        """Report a file; the message of a failed one is the reason."""
        style = self._command.style_for(self._command.stdout)
        paint = style.ERROR if file.outcome in _FAILURES else style.SUCCESS
        result = file.result
        if result is None:
            message = f"{result_messages.OUTCOMES[file.outcome]}: {message}"
            rules = []
        else:
            rules = result_messages.findings_by_rule(result, _MAX_LINES)
            is_known = result.outcome == ImportJob.Outcome.ALREADY_IMPORTED
            if paint == style.SUCCESS and (result.warning_count or is_known):
                paint = style.WARNING
        self._write(f"{file.label}: {paint(message)}\n")
        for rule in [] if self._is_brief else rules:
            self._report_rule(file.label, rule)

    def report_no_match(self, label: str, reason: str) -> None:
        """Report a path that matches no file."""
        self._command.log(f"{label}: {reason}.")

    def interrupt(self, label: str) -> None:
        """Report Ctrl-C; `label` is the file that was being imported, or ""."""
        self.is_interrupted = True
        at_file = f" at {label}: nothing of that file was stored" if label else ""
        self._command.log(f"Interrupted{at_file}.")

    def finish(self, *, is_complete: bool) -> None:
        """Report the totals; `is_complete` if every file was imported or failed."""
        if self._is_brief:
            return
        log, totals = self._command.log, self.totals
        if self._is_truncated and self._suggests_report:
            log("All findings, line by line, are written by --report FILE.csv.")
        if totals.outcomes[ImportJob.Outcome.CHECKED]:
            log(result_messages.DRY_RUN_LIMIT)
        count = totals.outcomes.total()
        if count > 1 or (count and not is_complete) or self.is_interrupted:
            log(
                result_messages.summary_message(
                    totals.outcomes, totals.readings_loaded, is_dry_run=self._is_dry_run
                )
            )

    def _report_rule(self, label: str, rule: result_messages.RuleFindings) -> None:
        log, style = self._command.log, self._command.style_for(self._command.stderr)
        paint = {Severity.ERROR: style.ERROR, Severity.WARNING: style.WARNING}.get(
            rule.severity, style.NOTICE
        )
        count = "" if rule.count == 1 else f", {rule.count:,} times"
        title = paint(f"{rule.severity.label}: {rule.message}")
        log(f"{label}: {title} ({rule.code}{count})")
        for line in rule.lines:
            log(f"    {line}")
        if rule.more_count:
            self._is_truncated = True
            log(f"    and {rule.more_count:,} more")
        log(f"    What to do: {rule.remedy}")

    def _write(self, text: str) -> None:
        self._command.stdout.write(text, ending="")
        # Lines on stderr that follow must appear after this one.
        self._command.stdout.flush()


class JsonReporter(ImportReporter):
    """Writes one JSON document to stdout, file by file."""

    def __enter__(self) -> Self:
        self._not_matched: list[dict[str, str]] = []
        self._write(f'{{"dry_run": {json.dumps(self._is_dry_run)},\n"files": [')
        return self

    def report(self, file: FileResult, message: str) -> None:
        data: dict[str, Any] = {
            "path": file.label,
            "outcome": file.outcome,
            "message": message,
        }
        if result := file.result:
            rules = result_messages.findings_by_rule(result, _MAX_LINES_IN_JSON)
            data |= {name: getattr(result, name) for name in _RESULT_FIELDS}
            data |= {
                "flow_file": result.flow_file and result.flow_file.pk,
                "loaded": result.loaded and result.loaded._asdict(),
                "findings": [_rule_data(rule) for rule in rules],
            }
        separator = "\n" if self.totals.outcomes.total() == 1 else ",\n"
        self._write(separator + json.dumps(data))

    def report_no_match(self, label: str, reason: str) -> None:
        self._not_matched.append({"path": label, "message": reason})

    def interrupt(self, label: str) -> None:
        self.is_interrupted = True

    def finish(self, *, is_complete: bool) -> None:
        totals = {
            "nothing_found": self._not_matched,
            "is_complete": is_complete,
            "file_count": self.totals.outcomes.total(),
            "outcomes": dict(self.totals.outcomes),
            "readings_loaded": self.totals.readings_loaded,
        }
        self._write("\n],\n" + json.dumps(totals).removeprefix("{") + "\n")


_RESULT_FIELDS = (
    *("filename", "sha256", "policy", "line_count"),
    *("readings_read", "readings_loaded", "readings_rejected"),
    *("error_count", "warning_count", "note_count"),
)


def _reason(error: Exception | None) -> str:
    """Return why a file failed; a path where files are stored is named."""
    if not isinstance(error, OSError):
        return str(error).removesuffix(".")
    reason = importer.os_error_reason(error)
    if error.filename is None:
        return reason
    return f"it cannot be stored: {reason} ({error.filename})"


def _rule_data(rule: result_messages.RuleFindings) -> dict[str, Any]:
    names = [name for name in Issue._fields if name != "code"]
    return {
        "rule": rule.code,
        "severity": rule.severity,
        "count": rule.count,
        "message": rule.message,
        "remedy": rule.remedy,
        "first": [
            {name: getattr(issue, name) for name in names} for issue in rule.examples
        ],
    }
