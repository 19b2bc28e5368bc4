"""Messages about the result of an import, undo or clearing, for every interface."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from meter_readings.d0010 import Issue
from meter_readings.d0010.issues import IssueCodeBase
from meter_readings.models import FlowFile, ImportJob, Severity

from .clear import ClearResult
from .formatting import format_date, join_counts, pluralise
from .result import ImportResult, LoadCounts
from .rules import RULES, severity_of
from .runner import UNREADABLE
from .undo import UndoResult

_Outcome = ImportJob.Outcome

OUTCOMES = {
    _Outcome.IMPORTED: "imported",
    _Outcome.CHECKED: "would be imported",
    _Outcome.ALREADY_IMPORTED: "already imported",
    _Outcome.REJECTED: "rejected",
    _Outcome.REFUSED: "refused",
    UNREADABLE: "unreadable",
    ImportJob.State.QUEUED: "waiting",
    ImportJob.State.FAILED: "interrupted",
}

DRY_RUN_LIMIT = (
    "A dry run does not compare readings with those stored: only the import tells which"
    " are new, duplicates or replace an earlier version."
)


@dataclass(frozen=True)
class RuleFindings:
    """The findings of one rule in a file: their number, and the first of them."""

    code: IssueCodeBase
    severity: Severity
    count: int
    examples: list[Issue]

    @property
    def message(self) -> str:
        return self.code.message

    @property
    def remedy(self) -> str:
        return RULES[self.code].remedy

    @property
    def lines(self) -> list[str]:
        """One line for each example."""
        return [finding_line(issue) for issue in self.examples]

    @property
    def more_count(self) -> int:
        """The number of findings that are no examples."""
        return self.count - len(self.examples)


def findings_by_rule(result: ImportResult, limit: int) -> list[RuleFindings]:
    """Return the findings by rule, errors first, each with at most `limit` examples."""
    examples: dict[str, list[Issue]] = {}
    for issue, _ in result.findings:
        issues = examples.setdefault(issue.code, [])
        if len(issues) < limit:
            issues.append(issue)
    rules = [
        RuleFindings(
            code,
            severity_of(code, result.policy),
            result.finding_counts[code],
            examples[code],
        )
        for code in RULES
        if code in examples
    ]
    order = list(Severity)
    return sorted(rules, key=lambda rule: order.index(rule.severity))


def finding_line(issue: Issue) -> str:
    """Return the place of a finding and what was found there, as one line.

    `line 12, 030 Register Reading (J0040): found "-5.0", expected zero or more`
    """
    place = f"line {issue.line_number}" if issue.line_number else "the whole file"
    name = " ".join(filter(None, (issue.group, issue.field)))
    parts = [f'found "{issue.found}"'] if issue.found else []
    parts += [f"expected {issue.expected}"] if issue.expected else []
    return f"{place}{', ' if name else ''}{name}: {', '.join(parts)}"


def outcome_message(result: ImportResult, *, is_dry_run: bool) -> str:
    """Return the outcome of an import as one line, without the name of the file."""
    match result:
        case ImportResult(
            outcome=_Outcome.IMPORTED,
            flow_file=FlowFile() as file,
            loaded=LoadCounts() as loaded,
        ):
            parts = [f"imported as #{file.pk}: {_readings(result)}"]
            parts += _rows_added(loaded)
        case ImportResult(outcome=_Outcome.CHECKED):
            parts = [f"would be imported: {_readings(result)}"]
        case ImportResult(
            outcome=_Outcome.ALREADY_IMPORTED, flow_file=FlowFile() as file
        ):
            return (
                f"already imported as #{file.pk} ({file.filename}) on "
                f"{format_date(file.received_at)}; no action needed"
            )
        case ImportResult(outcome=_Outcome.REJECTED):
            return _errors("would be rejected" if is_dry_run else "rejected", result)
        case _:
            return _errors("would be refused" if is_dry_run else "refused", result)
    counts = (result.warning_count, "warning"), (result.note_count, "note")
    parts += [pluralise(number, noun) for number, noun in counts if number]
    return ", ".join(parts)


def _readings(result: ImportResult) -> str:
    message = pluralise(result.readings_loaded, "reading")
    if result.readings_rejected:
        message += f", {result.readings_rejected:,} not loaded"
    return message


def _rows_added(loaded: LoadCounts) -> Iterator[str]:
    """Yield the counts of new rows, and of readings by version status."""
    replace = "replaces" if loaded.superseding == 1 else "replace"
    for number, message in (
        (loaded.meter_points, pluralise(loaded.meter_points, "new meter point")),
        (loaded.meters, pluralise(loaded.meters, "new meter")),
        (loaded.site_visits, pluralise(loaded.site_visits, "site visit")),
        (loaded.superseding, f"{loaded.superseding:,} {replace} an earlier version"),
        (loaded.duplicate, pluralise(loaded.duplicate, "duplicate")),
        (loaded.superseded, f"{loaded.superseded:,} superseded"),
        (loaded.withdrawn, f"{loaded.withdrawn:,} withdrawn"),
    ):
        if number:
            yield message


def _errors(outcome: str, result: ImportResult) -> str:
    """Return an outcome with its one error, or with the number of errors."""
    rules = findings_by_rule(result, 1)
    errors = [rule for rule in rules if rule.severity == Severity.ERROR]
    if len(errors) == 1:
        (rule,) = errors
        times = f" ({rule.count:,} times)" if rule.count > 1 else ""
        return f"{outcome}: {rule.message.removesuffix('.')}{times}"
    number = sum(rule.count for rule in errors)
    lines = pluralise(result.line_count, "line")
    return f"{outcome}: {pluralise(number, 'error')} in {lines}"


def summary_message(
    outcomes: Mapping[str, int], readings_loaded: int, *, is_dry_run: bool
) -> str:
    """Return the summary of a run: `3 files: 2 imported, 1 rejected; …`."""
    parts = [
        f"{outcomes[outcome]:,} {text}"
        for outcome, text in OUTCOMES.items()
        if outcomes.get(outcome)
    ]
    if not parts:
        return "No files were imported."
    files = pluralise(sum(outcomes.values()), "file")
    verb = "would be loaded" if is_dry_run else "loaded"
    readings = pluralise(readings_loaded, "reading")
    return f"{files}: {', '.join(parts)}; {readings} {verb}."


def undo_message(result: UndoResult) -> str:
    """Return what an undo removes and changes, as one line."""
    counts = result._asdict()
    changed = counts.pop("versions_changed")
    message = f"{join_counts(counts)} removed"
    if changed:
        verb = "changes its" if changed == 1 else "change their"
        readings = pluralise(changed, "other reading")
        message += f"; {readings} {verb} version status"
    return message


def clear_message(result: ClearResult) -> str:
    return f"{join_counts(result._asdict())} removed"
