"""Reporters of an import: one line of text for each file, or one JSON document."""

from __future__ import annotations

import json
from typing import Any, Self

from django.core.management.base import OutputWrapper

from meter_readings import importer
from meter_readings.importer import FileResult, ImportResult, result_messages
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
    """Reports each file and, at the end, the totals; a subclass writes them.

    A context manager: the totals are written even if an error ends the import.
    """

    def __init__(self, *, is_dry_run: bool) -> None:
        self.totals = importer.ImportTotals()
        self.is_interrupted = False
        self._is_dry_run = is_dry_run

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
        if file.result:
            self.report(file.label, file.result)
        else:
            self.report_failure(file, _reason(file.error))

    def add_no_match(self, label: str, reason: str) -> None:
        """Report a path that matches no file."""

    def interrupt(self, label: str) -> None:
        """Report Ctrl-C; `label` is the file that was being imported, or ""."""
        self.is_interrupted = True

    def report(self, label: str, result: ImportResult) -> None:
        """Report the result of a file."""

    def report_failure(self, file: FileResult, reason: str) -> None:
        """Report a file that could not be read or stored."""

    def finish(self, *, is_complete: bool) -> None:
        """Report the totals; `is_complete` if every file was imported or failed."""


class TextReporter(ImportReporter):
    """Writes one line for each file to stdout, and findings to stderr."""

    def __init__(
        self,
        *,
        command: base_command.BaseCommand,
        is_dry_run: bool,
        is_brief: bool,
        has_report: bool,
    ) -> None:
        super().__init__(is_dry_run=is_dry_run)
        self._out, self._log = command.stdout, command.log
        self._style = command.style_for(command.stdout)
        self._log_style = command.style_for(command.stderr)
        self._is_brief = is_brief
        # Whether to suggest a report, because findings were left out
        self._is_truncated = False
        self._has_report = has_report

    def report(self, label: str, result: ImportResult) -> None:
        text = result_messages.outcome_message(result, is_dry_run=self._is_dry_run)
        style = self._style.SUCCESS
        if result.outcome in _FAILURES:
            style = self._style.ERROR
        elif (
            result.warning_count or result.outcome == ImportJob.Outcome.ALREADY_IMPORTED
        ):
            style = self._style.WARNING
        self._write(f"{label}: {style(text)}")
        if not self._is_brief:
            for rule in result_messages.findings_by_rule(result, _MAX_LINES):
                self._report_rule(label, rule)

    def report_failure(self, file: FileResult, reason: str) -> None:
        text = f"{result_messages.OUTCOMES[file.outcome]}: {reason}"
        self._write(f"{file.label}: {self._style.ERROR(text)}")

    def add_no_match(self, label: str, reason: str) -> None:
        self._log(f"{label}: {reason}.")

    def interrupt(self, label: str) -> None:
        super().interrupt(label)
        at_file = f" at {label}: nothing of that file was stored" if label else ""
        self._log(f"Interrupted{at_file}.")

    def finish(self, *, is_complete: bool) -> None:
        if self._is_brief:
            return
        if self._is_truncated and not self._has_report:
            self._log("All findings, line by line, are written by --report FILE.csv.")
        totals = self.totals
        count = totals.outcomes.total()
        if count > 1 or (count and not is_complete) or self.is_interrupted:
            self._log(
                result_messages.summary_message(
                    totals.outcomes,
                    totals.readings_loaded,
                    is_dry_run=self._is_dry_run,
                )
            )

    def _report_rule(self, label: str, rule: result_messages.RuleFindings) -> None:
        style = {
            Severity.ERROR: self._log_style.ERROR,
            Severity.WARNING: self._log_style.WARNING,
        }.get(rule.severity, self._log_style.NOTICE)
        count = "" if rule.count == 1 else f", {rule.count:,} times"
        title = style(f"{rule.severity.label}: {rule.message}")
        self._log(f"{label}: {title} ({rule.code}{count})")
        for line in rule.lines:
            self._log(f"    {line}")
        if rule.more_count:
            self._is_truncated = True
            self._log(f"    and {rule.more_count:,} more")
        self._log(f"    What to do: {rule.remedy}")

    def _write(self, line: str) -> None:
        self._out.write(line)
        # Lines on stderr that follow must appear after this one.
        self._out.flush()


class JsonReporter(ImportReporter):
    """Writes one JSON document to stdout, file by file."""

    def __init__(self, *, stream: OutputWrapper, is_dry_run: bool) -> None:
        super().__init__(is_dry_run=is_dry_run)
        self._stream = stream
        self._not_matched: list[dict[str, str]] = []
        self._write(f'{{"dry_run": {json.dumps(is_dry_run)},\n"files": [')

    def report(self, label: str, result: ImportResult) -> None:
        self._write_file(
            path=label,
            filename=result.filename,
            outcome=result.outcome,
            message=result_messages.outcome_message(
                result, is_dry_run=self._is_dry_run
            ),
            flow_file=result.flow_file and result.flow_file.pk,
            sha256=result.sha256,
            policy=result.policy,
            line_count=result.line_count,
            readings_read=result.readings_read,
            readings_loaded=result.readings_loaded,
            readings_rejected=result.readings_rejected,
            loaded=result.loaded and result.loaded._asdict(),
            error_count=result.error_count,
            warning_count=result.warning_count,
            note_count=result.note_count,
            findings=[
                _rule_data(rule)
                for rule in result_messages.findings_by_rule(result, _MAX_LINES_IN_JSON)
            ],
        )

    def report_failure(self, file: FileResult, reason: str) -> None:
        self._write_file(path=file.label, outcome=file.outcome, message=reason)

    def add_no_match(self, label: str, reason: str) -> None:
        self._not_matched.append({"path": label, "message": reason})

    def finish(self, *, is_complete: bool) -> None:
        totals = {
            "nothing_found": self._not_matched,
            "is_complete": is_complete,
            "file_count": self.totals.outcomes.total(),
            "outcomes": dict(self.totals.outcomes),
            "readings_loaded": self.totals.readings_loaded,
        }
        self._write("\n],\n" + json.dumps(totals).removeprefix("{") + "\n")

    def _write_file(self, **data: Any) -> None:
        self._write("\n" if self.totals.outcomes.total() == 1 else ",\n")
        self._write(json.dumps(data))

    def _write(self, text: str) -> None:
        self._stream.write(text, ending="")
        self._stream.flush()


def _reason(error: Exception | None) -> str:
    """Return why a file failed; a path where files are stored is named."""
    if not isinstance(error, OSError):
        return str(error).removesuffix(".")
    reason = importer.os_error_reason(error)
    if error.filename is None:
        return reason
    return f"it cannot be stored: {reason} ({error.filename})"


def _rule_data(rule: result_messages.RuleFindings) -> dict[str, Any]:
    return {
        "rule": rule.code,
        "severity": rule.severity,
        "count": rule.count,
        "message": rule.message,
        "remedy": rule.remedy,
        "first": [
            {name: value for name, value in issue._asdict().items() if name != "code"}
            for issue in rule.examples
        ],
    }
