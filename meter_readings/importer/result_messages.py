"""What came of a file, in a person's words."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime

from django.utils import timezone

from meter_readings.d0010 import Issue
from meter_readings.d0010.issues import IssueCodeBase
from meter_readings.importer import (
    RULES,
    UNREADABLE,
    ClearResult,
    ImportResult,
    Outcome,
    UndoResult,
    severity_of,
)
from meter_readings.models import ImportJob, Severity

OUTCOMES = {
    Outcome.IMPORTED: "imported",
    Outcome.CHECKED: "would be imported",
    Outcome.ALREADY_IMPORTED: "already imported",
    Outcome.REJECTED: "rejected",
    Outcome.REFUSED: "refused",
    UNREADABLE: "unreadable",
    ImportJob.State.FAILED: "broken off",
}


@dataclass(frozen=True)
class RuleFindings:
    """The findings of one rule in a file: their number, and the first of them."""

    code: IssueCodeBase
    severity: Severity
    count: int
    examples: list[Issue]

    @property
    def sentence(self) -> str:
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
    """Return the findings by rule, errors first, each with `limit` lines at most."""
    first: dict[str, list[Issue]] = {}
    for issue, _ in result.findings:
        issues = first.setdefault(issue.code, [])
        if len(issues) < limit:
            issues.append(issue)
    rules = [
        RuleFindings(
            code,
            severity_of(code, result.policy),
            result.finding_counts[code],
            first[code],
        )
        for code in RULES
        if code in first
    ]
    order = list(Severity)
    return sorted(rules, key=lambda rule: order.index(rule.severity))


def finding_line(issue: Issue) -> str:
    """Return where a finding is and what was found there.

    `line 12, 030 Register Reading (J0040): found "-5.0", expected zero or more`
    """
    place = f"line {issue.line_number}" if issue.line_number else "the whole file"
    name = " ".join(filter(None, (issue.group, issue.field)))
    said = [f'found "{issue.found}"'] if issue.found else []
    said += [f"expected {issue.expected}"] if issue.expected else []
    return f"{place}{', ' if name else ''}{name}: {', '.join(said)}"


def outcome_message(result: ImportResult, *, is_dry_run: bool) -> str:
    """Return what came of a file, as one line without its name."""
    match result.outcome:
        case Outcome.IMPORTED:
            assert result.flow_file is not None
            said = [f"imported as #{result.flow_file.pk}: {_readings(result)}"]
            said += _added(result)
        case Outcome.CHECKED:
            said = [f"would be imported: {_readings(result)}"]
        case Outcome.ALREADY_IMPORTED:
            first = result.flow_file
            assert first is not None
            return (
                f"already imported as #{first.pk} ({first.filename}) on "
                f"{format_date(first.received_at)}; nothing to do"
            )
        case Outcome.REJECTED:
            return _refusal("would be rejected" if is_dry_run else "rejected", result)
        case _:
            return _refusal("would be refused" if is_dry_run else "refused", result)
    counts = (result.warning_count, "warning"), (result.note_count, "note")
    said += [counted(number, noun) for number, noun in counts if number]
    return ", ".join(said)


def _readings(result: ImportResult) -> str:
    words = counted(result.readings_loaded, "reading")
    if result.readings_rejected:
        words += f", {result.readings_rejected:,} left out"
    return words


def _added(result: ImportResult) -> Iterator[str]:
    """Yield what a load added besides its readings, and what became of those."""
    loaded = result.loaded
    assert loaded is not None
    for number, words in (
        (loaded.meter_points, counted(loaded.meter_points, "new meter point")),
        (loaded.meters, counted(loaded.meters, "new meter")),
        (loaded.site_visits, counted(loaded.site_visits, "site visit")),
        (loaded.superseding, f"{loaded.superseding:,} in the place of another"),
        (loaded.duplicate, counted(loaded.duplicate, "duplicate")),
        (loaded.superseded, f"{loaded.superseded:,} superseded"),
        (loaded.withdrawn, f"{loaded.withdrawn:,} withdrawn"),
    ):
        if number:
            yield words


def _refusal(verdict: str, result: ImportResult) -> str:
    """Return why nothing was loaded: the one fault, or how many there are."""
    rules = findings_by_rule(result, 1)
    errors = [rule for rule in rules if rule.severity == Severity.ERROR]
    number = sum(rule.count for rule in errors)
    lines = counted(result.line_count, "line")
    if len(errors) > 1:
        return f"{verdict}: {counted(number, 'error')} in {lines}"
    (rule,) = errors
    times = f" ({rule.count:,} times)" if rule.count > 1 else ""
    return f"{verdict}: {rule.sentence.removesuffix('.')}{times}"


def summary_message(
    outcomes: Mapping[str, int], readings_loaded: int, *, is_dry_run: bool
) -> str:
    """Return what several files come to: `3 files: 2 imported, 1 rejected; …`."""
    parts = [
        f"{outcomes[outcome]:,} {text}"
        for outcome, text in OUTCOMES.items()
        if outcomes.get(outcome)
    ]
    if not parts:
        return "Nothing was imported."
    files = counted(sum(outcomes.values()), "file")
    verb = "would be loaded" if is_dry_run else "loaded"
    readings = counted(readings_loaded, "reading")
    return f"{files}: {', '.join(parts)}; {readings} {verb}."


def undo_message(result: UndoResult) -> str:
    """Return what an undoing takes away and changes, as one line."""
    taken = [
        counted(number, noun)
        for number, noun in (
            (result.readings, "reading"),
            (result.site_visits, "site visit"),
            (result.meters, "meter"),
            (result.meter_points, "meter point"),
        )
        if number
    ]
    *others, latest = taken or ["nothing"]
    words = f"{', '.join(others)} and {latest}" if others else latest
    words += " taken away"
    if result.restored:
        verb = "changes its" if result.restored == 1 else "change their"
        words += f"; {counted(result.restored, 'other reading')} {verb} standing"
    return words


def clear_message(result: ClearResult) -> str:
    """Return what a clearing removed, as one line."""
    return f"{listed(result._asdict())} removed"


def listed(counts: Mapping[str, int]) -> str:
    """Return what there is of each, by names such as "site_visits", as one line."""
    said = [
        counted(number, name.replace("_", " ").removesuffix("s"))
        for name, number in counts.items()
        if number
    ]
    *others, latest = said or ["nothing"]
    return f"{', '.join(others)} and {latest}" if others else latest


def counted(number: int, noun: str) -> str:
    """Return a number with its noun: `1 reading`, `1,200 readings`."""
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def format_date(moment: datetime) -> str:
    """Return the local day of a time: `4 March 2026`."""
    local = timezone.localtime(moment)
    return f"{local.day} {local:%B %Y}"
