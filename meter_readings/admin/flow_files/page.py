"""Context of the page of a flow file.

It takes a fixed number of queries and reads a limited number of rows.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any, NamedTuple

from django.db.models import F, Window
from django.db.models.functions import RowNumber

from meter_readings import d0010, importer
from meter_readings.exports import rule_text
from meter_readings.importer.formatting import pluralise
from meter_readings.models import Finding, FlowFile, ImportJob, Policy, Severity
from meter_readings.queries import attention

from . import stats
from .history import file_history

_EXAMPLES_PER_RULE = 5

_STATUS = FlowFile.Status
# Outcomes that change the status of a file
_DECISIVE = (
    ImportJob.Outcome.IMPORTED,
    ImportJob.Outcome.REJECTED,
    ImportJob.Outcome.UNDONE,
)


@dataclass(frozen=True)
class RuleReport:
    """The findings of one rule: their number, and the first of them."""

    code: str
    message: str
    remedy: str
    count: int
    examples: Sequence[Finding]

    @property
    def severity(self) -> Severity:
        """All findings of a rule in a file have the same severity."""
        return Severity(self.examples[0].severity)


class Verdict(NamedTuple):
    """The result of a file as one sentence, and what to do next.

    `level` is "ok", "note", "warning" or "error". A rejected file may be accepted under
    the `suggested_policy`.
    """

    level: str
    sentence: str
    advice: str
    suggested_policy: Policy | None = None


def flow_file_context(file: FlowFile) -> dict[str, Any]:
    imported_by, undone_by = _decisive_jobs(file)
    versions = stats.version_counts(file, imported_by)
    rules = _rule_reports(file)
    return {
        "verdict": _verdict(file, rules),
        "needs_attention": FlowFile.objects.filter(
            attention.needs_attention_q(), pk=file.pk
        ).exists(),
        "is_acknowledged": attention.is_acknowledged(file),
        "correction": attention.correction_of(file),
        "imported_by": imported_by,
        "undone_by": undone_by,
        "breakdowns": stats.breakdowns(file, versions),
        "versions": versions,
        "totals": stats.trailer_totals(file),
        "rules": rules,
        "max_stored_per_rule": importer.MAX_STORED_PER_RULE,
        "history": file_history(file),
    }


def _decisive_jobs(file: FlowFile) -> tuple[ImportJob | None, ImportJob | None]:
    """Return the job that imported or rejected the file, and the one that undid it."""
    jobs = file.jobs.filter(outcome__in=_DECISIVE).select_related("requested_by")
    latest = list(jobs.order_by("-started_at", "-pk")[:2])
    undone_by = None
    if latest and latest[0].outcome == ImportJob.Outcome.UNDONE:
        undone_by = latest.pop(0)
    return (latest[0] if latest else None), undone_by


# Findings


def _rule_reports(file: FlowFile) -> list[RuleReport]:
    """Return the findings by rule, ordered by severity, then by descending count."""
    position = Window(
        RowNumber(), partition_by=F("code"), order_by=[F("line_number"), F("pk")]
    )
    examples = file.findings.annotate(position=position).filter(
        position__lte=_EXAMPLES_PER_RULE
    )
    reports = []
    for code, rows in groupby(
        examples.order_by("code", "position"), lambda finding: finding.code
    ):
        findings = list(rows)
        count = file.finding_counts.get(code, len(findings))
        reports.append(RuleReport(code, *rule_text(code), count, findings))
    severities = list(Severity)
    return sorted(
        reports,
        key=lambda report: (severities.index(report.severity), -report.count),
    )


# Verdict


def _verdict(file: FlowFile, rules: list[RuleReport]) -> Verdict:
    if file.status == _STATUS.UNDONE:
        return Verdict(
            "note",
            "Import undone: no data from this file is stored.",
            "The original file and the validation report are kept. The file can be "
            "imported again.",
        )
    if file.status == _STATUS.REJECTED:
        return _rejection(file, rules)
    loaded = pluralise(file.readings_loaded, "reading")
    if file.readings_rejected:
        not_loaded = pluralise(file.readings_rejected, "reading")
        return Verdict(
            "warning",
            f"Partly loaded: {loaded} loaded, {not_loaded} not loaded.",
            "The validation report gives the reasons. Ask the sender for a corrected "
            "file.",
        )
    if file.warning_count:
        warnings = pluralise(file.warning_count, "warning")
        return Verdict(
            "warning",
            f"Loaded: {loaded}, with {warnings}.",
            "All data was stored as received. The validation report lists the "
            "warnings.",
        )
    return Verdict("ok", f"Loaded: {loaded}.", "No action needed.")


def _rejection(file: FlowFile, rules: list[RuleReport]) -> Verdict:
    errors = [rule for rule in rules if rule.severity == Severity.ERROR]
    count = pluralise(file.error_count, "error")
    sentence = f"Rejected, {count}: nothing from this file was loaded."
    if len(errors) == 1:
        advice = f"{errors[0].message} {errors[0].remedy}"
    else:
        advice = "The validation report lists the errors by rule, and what to do."
    return Verdict("error", sentence, advice, _suggested_policy(file, errors))


def _suggested_policy(file: FlowFile, errors: list[RuleReport]) -> Policy | None:
    """Return the strictest policy under which these errors do not reject the file.

    It is a suggestion: only the first findings of each rule are examined.
    """
    if file.policy == Policy.STRICT and all(
        _severity(rule, Policy.STANDARD) != Severity.ERROR for rule in errors
    ):
        return Policy.STANDARD
    if file.policy != Policy.PARTIAL and all(
        _severity(rule, Policy.PARTIAL) != Severity.ERROR or _affects_group_only(rule)
        for rule in errors
    ):
        return Policy.PARTIAL
    return None


_CODES = {str(code): code for code in importer.RULES}
_ENVELOPE = d0010.HEADER.code, d0010.TRAILER.code


def _severity(rule: RuleReport, policy: Policy) -> Severity:
    """Return the severity under a policy; a rule that no longer exists is an error."""
    code = _CODES.get(rule.code)
    return importer.severity_of(code, policy) if code else Severity.ERROR


def _affects_group_only(rule: RuleReport) -> bool:
    """Return whether the partial policy leaves out only the groups concerned."""
    code = _CODES.get(rule.code)
    return (
        code is not None
        and importer.RULES[code].affects_group_only
        and all(
            finding.line_number and finding.group not in _ENVELOPE
            for finding in rule.examples
        )
    )
