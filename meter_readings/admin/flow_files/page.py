"""What the page of a flow file shows beside its own columns.

It asks a fixed number of questions, and for a limited number of rows: did the file
load, what was wrong with it, and what is there to do now?
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby
from typing import Any, NamedTuple

from django.db.models import F, Window
from django.db.models.functions import RowNumber

from meter_readings import d0010, exports, importer
from meter_readings.importer import result_messages
from meter_readings.importer.formatting import pluralise
from meter_readings.models import Finding, FlowFile, ImportJob, Policy, Severity

from . import stats as figures

_FINDINGS_SHOWN_PER_RULE = 5
_ATTEMPTS_SHOWN = 10

_STATUS = FlowFile.Status
# Attempts with these outcomes made the file what it is.
_DECISIVE = (
    ImportJob.Outcome.IMPORTED,
    ImportJob.Outcome.REJECTED,
    ImportJob.Outcome.UNDONE,
)


class RuleReport(NamedTuple):
    """What a file has against one rule: how often, and the first times."""

    code: str
    sentence: str
    remedy: str
    times: int
    first: Sequence[Finding]

    @property
    def severity(self) -> Severity:
        """Return how much it matters, the same for all findings of a rule."""
        return Severity(self.first[0].severity)


class Verdict(NamedTuple):
    """What became of a file, as one sentence, and what to do about it as another.

    `gentler` is a policy under which the file may be accepted.
    """

    tone: str
    sentence: str
    advice: str
    gentler: Policy | None = None


class Attempt(NamedTuple):
    """An attempt to import or to undo, with what came of it in result_messages."""

    job: ImportJob
    words: str


def flow_file_context(file: FlowFile) -> dict[str, Any]:
    """Return how the file adds up, what was found, and who tried it when."""
    made_by, undone_by = _decisive_jobs(file)
    standings = figures.standings_of(file, made_by)
    rules = _rules_of(file)
    attempts = file.jobs.select_related("requested_by").order_by("-started_at", "-pk")
    return {
        "verdict": _verdict(file, rules),
        "made_by": made_by,
        "undone_by": undone_by,
        "sums": figures.breakdowns(file, standings),
        "standings": standings,
        "totals": figures.totals_of(file),
        "rules": rules,
        "kept_per_rule": importer.MAX_STORED_PER_RULE,
        "attempts": [
            Attempt(job, job_words(job)) for job in attempts[:_ATTEMPTS_SHOWN]
        ],
    }


def _decisive_jobs(file: FlowFile) -> tuple[ImportJob | None, ImportJob | None]:
    """Return the attempt that loaded or rejected the file, and what undid it."""
    jobs = file.jobs.filter(outcome__in=_DECISIVE).select_related("requested_by")
    latest = list(jobs.order_by("-started_at", "-pk")[:2])
    undone_by = None
    if latest and latest[0].outcome == ImportJob.Outcome.UNDONE:
        undone_by = latest.pop(0)
    return (latest[0] if latest else None), undone_by


# Findings


def _rules_of(file: FlowFile) -> list[RuleReport]:
    """Return the findings by rule, errors first, then by how many there are."""
    place = Window(
        RowNumber(), partition_by=F("code"), order_by=[F("line_number"), F("pk")]
    )
    first = file.findings.annotate(place=place).filter(
        place__lte=_FINDINGS_SHOWN_PER_RULE
    )
    by_rule = []
    for code, rows in groupby(first.order_by("code", "place"), lambda row: row.code):
        findings = list(rows)
        times = file.finding_counts.get(code, len(findings))
        by_rule.append(RuleReport(code, *exports.rule_text(code), times, findings))
    in_order = list(Severity)
    return sorted(
        by_rule,
        key=lambda report: (in_order.index(report.severity), -report.times),
    )


# The verdict


def _verdict(file: FlowFile, rules: list[RuleReport]) -> Verdict:
    """Return whether the file loaded, and what to do now."""
    if file.status == _STATUS.UNDONE:
        return Verdict(
            "note",
            "The import was undone: nothing of the file is held.",
            "The original and its report are kept, and it may be imported again.",
        )
    if file.status == _STATUS.REJECTED:
        return _rejection(file, rules)
    loaded = pluralise(file.readings_loaded, "reading")
    if file.readings_rejected:
        left_out = pluralise(file.readings_rejected, "reading")
        return Verdict(
            "warning",
            f"Loaded in part: {loaded} loaded, {left_out} left out.",
            "The report says which and why. Ask the sender for a corrected file.",
        )
    if file.warning_count:
        warnings = pluralise(file.warning_count, "warning")
        return Verdict(
            "warning",
            f"Loaded: {loaded}, with {warnings}.",
            "Everything is held as it came. The report says what is unusual about it.",
        )
    return Verdict("ok", f"Loaded: {loaded}.", "No action needed.")


def _rejection(file: FlowFile, rules: list[RuleReport]) -> Verdict:
    errors = [rule for rule in rules if rule.severity == Severity.ERROR]
    number = pluralise(file.error_count, "error")
    sentence = f"Rejected for {number}: nothing of the file is held."
    if len(errors) == 1:
        advice = f"{errors[0].sentence} {errors[0].remedy}"
    else:
        advice = "The report says what is wrong, rule by rule, and what to do."
    return Verdict("error", sentence, advice, _gentler_policy(file, errors))


def _gentler_policy(file: FlowFile, errors: list[RuleReport]) -> Policy | None:
    """Return the policy under which these rules would not reject the file, if any.

    The first findings of a rule stand for all of them.
    """
    if file.policy == Policy.STRICT and all(
        _weight(rule, Policy.STANDARD) != Severity.ERROR for rule in errors
    ):
        return Policy.STANDARD
    if file.policy != Policy.PARTIAL and all(
        _weight(rule, Policy.PARTIAL) != Severity.ERROR or _costs_group_only(rule)
        for rule in errors
    ):
        return Policy.PARTIAL
    return None


_CODES = {str(code): code for code in importer.RULES}
_ENVELOPE = d0010.HEADER.code, d0010.TRAILER.code


def _weight(rule: RuleReport, policy: Policy) -> Severity:
    code = _CODES.get(rule.code)
    return importer.severity_of(code, policy) if code else Severity.ERROR


def _costs_group_only(rule: RuleReport) -> bool:
    """Return whether the partial policy leaves out only the groups concerned."""
    code = _CODES.get(rule.code)
    return (
        code is not None
        and importer.RULES[code].affects_group_only
        and all(
            finding.line_number and finding.group not in _ENVELOPE
            for finding in rule.first
        )
    )


# Attempts


def job_words(job: ImportJob) -> str:
    """Return what an attempt brought or took away, from what its row remembers."""
    counts = job.counts
    if job.outcome == ImportJob.Outcome.UNDONE:
        return (
            result_messages.undo_message(importer.UndoResult(**counts)).capitalize()
            + "."
        )
    named = (
        ("readings_loaded", "reading", " loaded"),
        ("readings_rejected", "reading", " rejected"),
        ("errors", "error", ""),
        ("warnings", "warning", ""),
    )
    said = [
        pluralise(counts[name], noun) + what
        for name, noun, what in named
        if counts.get(name)
    ]
    return f"{', '.join(said)}." if said else job.message
