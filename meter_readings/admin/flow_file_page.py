"""What the page of a flow file shows beside its own columns.

It asks a fixed number of questions, and for a limited number of rows.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby
from typing import Any, NamedTuple

from django.db.models import F, Window
from django.db.models.functions import RowNumber

from meter_readings import importer
from meter_readings.models import Finding, FlowFile, Severity

_FINDINGS_SHOWN_PER_RULE = 5
_ATTEMPTS_SHOWN = 10

_RULES = {
    str(code): (code.sentence, rule.remedy) for code, rule in importer.RULES.items()
}


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


class Total(NamedTuple):
    """What the trailer says against what was counted."""

    name: str
    said: int | None
    counted: int

    @property
    def agrees(self) -> bool:
        """Return whether the trailer is right."""
        return self.said == self.counted


def of_flow_file(file: FlowFile) -> dict[str, Any]:
    """Return how the file's totals compare, what was found, and who tried it when."""
    attempts = file.jobs.select_related("requested_by").order_by("-started_at", "-pk")
    return {
        "totals": [
            Total("Groups", file.trailer_group_count, file.group_count),
            Total("026 groups", file.trailer_flow_count, file.flow_count),
        ],
        "rules": _rules_of(file),
        "attempts": attempts[:_ATTEMPTS_SHOWN],
    }


def _rules_of(file: FlowFile) -> list[RuleReport]:
    """Return the findings by rule, errors first, then by how many there are."""
    place = Window(
        RowNumber(), partition_by=F("code"), order_by=[F("line_number"), F("pk")]
    )
    first = file.findings.annotate(place=place).filter(
        place__lte=_FINDINGS_SHOWN_PER_RULE
    )
    reports = []
    for code, rows in groupby(first.order_by("code", "place"), lambda row: row.code):
        findings = list(rows)
        sentence, remedy = _RULES.get(code, (code, ""))
        times = file.finding_counts.get(code, len(findings))
        reports.append(RuleReport(code, sentence, remedy, times, findings))
    in_order = list(Severity)
    return sorted(
        reports,
        key=lambda report: (in_order.index(report.severity), -report.times),
    )
