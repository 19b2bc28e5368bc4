"""The account of an import, file by file: in words, or as one JSON document."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import Any, Self

from django.core.management.base import OutputWrapper

from meter_readings import words
from meter_readings.importer import ImportResult, Outcome
from meter_readings.models import Severity

from . import console

# How many lines of each rule are shown.
_FIRST_LINES = 3
_FIRST_LINES_IN_JSON = 20

_FAILURES = {Outcome.REJECTED, Outcome.REFUSED, words.UNREADABLE}


class Account:
    """Adds up what came of each file; how it is told is a subclass's matter.

    A context manager: the sum is told at its end, come what may.
    """

    def __init__(self, *, is_dry_run: bool) -> None:
        self.outcomes: Counter[str] = Counter()
        self.readings_loaded = 0
        self.is_interrupted = False
        self._is_dry_run = is_dry_run

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: object, *error: object) -> None:
        self.close(is_complete=kind is None and not self.is_interrupted)

    @property
    def exit_code(self) -> int:
        """Return how the command ends."""
        if self.is_interrupted:
            return console.INTERRUPTED
        if not self.outcomes:
            return console.NOTHING_MATCHED
        return console.FAILED if _FAILURES & self.outcomes.keys() else 0

    def add(self, label: str, result: ImportResult) -> None:
        """Take in what came of a file."""
        self.outcomes[result.outcome] += 1
        self.readings_loaded += result.readings_loaded
        self.tell(label, result)

    def add_unreadable(self, label: str, reason: str) -> None:
        """Take in a file that could not be read."""
        self.outcomes[words.UNREADABLE] += 1
        self.tell_unreadable(label, reason)

    def add_nothing(self, label: str, reason: str) -> None:
        """Take in a path that stands for no file at all."""

    def interrupt(self, label: str) -> None:
        """Take in that somebody has had enough, at a file or between two ("")."""
        self.is_interrupted = True

    def tell(self, label: str, result: ImportResult) -> None:
        """Tell what came of a file."""

    def tell_unreadable(self, label: str, reason: str) -> None:
        """Tell why a file could not be read."""

    def close(self, *, is_complete: bool) -> None:
        """Tell what it comes to; `is_complete`: every file was dealt with."""


class WordsAccount(Account):
    """One line for each file on stdout; what was found in it, in words, on stderr."""

    def __init__(
        self,
        *,
        command: console.ConsoleCommand,
        is_dry_run: bool,
        is_brief: bool,
        report: Path | None,
    ) -> None:
        super().__init__(is_dry_run=is_dry_run)
        self._out, self._say = command.stdout, command.say
        self._style = command.style_on(command.stdout)
        self._word_style = command.style_on(command.stderr)
        self._is_brief = is_brief
        self._report = report
        self._is_cut = False

    def tell(self, label: str, result: ImportResult) -> None:
        text = words.outcome_words(result, is_dry_run=self._is_dry_run)
        paint = self._style.SUCCESS
        if result.outcome in _FAILURES:
            paint = self._style.ERROR
        elif result.warning_count or result.outcome == Outcome.ALREADY_IMPORTED:
            paint = self._style.WARNING
        self._write(f"{label}: {paint(text)}")
        if not self._is_brief:
            for rule in words.findings_by_rule(result, _FIRST_LINES):
                self._tell_rule(rule)

    def tell_unreadable(self, label: str, reason: str) -> None:
        self._write(f"{label}: {self._style.ERROR(f'unreadable: {reason}')}")

    def add_nothing(self, label: str, reason: str) -> None:
        self._say(f"{label}: {reason}.")

    def interrupt(self, label: str) -> None:
        super().interrupt(label)
        at_file = f" at {label}: nothing of that file was kept" if label else ""
        self._say(f"Interrupted{at_file}.")

    def close(self, *, is_complete: bool) -> None:
        if not self._is_brief:
            self._tell_of_report()
            if self.outcomes.total() > 1 or self.is_interrupted:
                self._say(self._sum())

    def _tell_of_report(self) -> None:
        if self._report is not None:
            self._say(f"All findings are in {self._report}.")
        elif self._is_cut:
            self._say("All findings, line by line, are written by --report FILE.csv.")

    def _sum(self) -> str:
        return words.sum_words(
            self.outcomes, self.readings_loaded, is_dry_run=self._is_dry_run
        )

    def _tell_rule(self, rule: words.RuleFindings) -> None:
        paint = {
            Severity.ERROR: self._word_style.ERROR,
            Severity.WARNING: self._word_style.WARNING,
        }.get(rule.severity, self._word_style.NOTICE)
        count = "" if rule.count == 1 else f", {rule.count:,} times"
        title = paint(f"{rule.severity.label}: {rule.sentence}")
        self._say(f"  {title} ({rule.code}{count})")
        for fault in rule.first:
            self._say(f"    {words.finding_line(fault)}")
        more = rule.count - len(rule.first)
        if more:
            self._is_cut = True
            self._say(f"    and {more:,} more")
        self._say(f"    What to do: {rule.remedy}")

    def _write(self, line: str) -> None:
        self._out.write(line)
        # What is said next on the other stream comes after it.
        self._out.flush()


class JsonAccount(Account):
    """One JSON document on stdout, written file by file."""

    def __init__(self, *, stream: OutputWrapper, is_dry_run: bool) -> None:
        super().__init__(is_dry_run=is_dry_run)
        self._stream = stream
        self._nothing: list[dict[str, str]] = []
        self._write(f'{{"dry_run": {json.dumps(is_dry_run)},\n"files": [')

    def tell(self, label: str, result: ImportResult) -> None:
        self._tell(
            path=label,
            filename=result.filename,
            outcome=result.outcome,
            message=words.outcome_words(result, is_dry_run=self._is_dry_run),
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
                for rule in words.findings_by_rule(result, _FIRST_LINES_IN_JSON)
            ],
        )

    def tell_unreadable(self, label: str, reason: str) -> None:
        self._tell(path=label, outcome=words.UNREADABLE, message=reason)

    def add_nothing(self, label: str, reason: str) -> None:
        self._nothing.append({"path": label, "message": reason})

    def close(self, *, is_complete: bool) -> None:
        rest = {
            "nothing_found": self._nothing,
            "is_complete": is_complete,
            "file_count": self.outcomes.total(),
            "outcomes": dict(self.outcomes),
            "readings_loaded": self.readings_loaded,
        }
        self._write("\n],\n" + json.dumps(rest).removeprefix("{") + "\n")

    def _tell(self, **data: Any) -> None:
        self._write("\n" if self.outcomes.total() == 1 else ",\n")
        self._write(json.dumps(data))

    def _write(self, text: str) -> None:
        self._stream.write(text, ending="")
        self._stream.flush()


def _rule_data(rule: words.RuleFindings) -> dict[str, Any]:
    return {
        "rule": rule.code,
        "severity": rule.severity,
        "count": rule.count,
        "sentence": rule.sentence,
        "remedy": rule.remedy,
        "first": [
            {name: value for name, value in fault._asdict().items() if name != "code"}
            for fault in rule.first
        ],
    }
