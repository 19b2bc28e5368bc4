"""The findings of one import: weighed by policy, counted exactly, kept to a limit."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable

from meter_readings import models
from meter_readings.d0010 import Issue
from meter_readings.d0010.issues import IssueCodeBase
from meter_readings.models import FlowFile, Policy, Severity

from . import rules

# How many findings of one rule are stored; beyond it they are only counted.
MAX_STORED_PER_RULE = 1000

type OnFinding = Callable[[Issue, Severity], None]


class FindingCollector:
    """Collects faults; a million of a kind cost no more than a count."""

    def __init__(self, policy: Policy, on_finding: OnFinding | None = None) -> None:
        self.policy = policy
        self.is_rejected = False
        self.counts: Counter[IssueCodeBase] = Counter()
        self._kept: list[Issue] = []
        self._on_finding = on_finding

    def add(self, issue: Issue) -> None:
        """Take one fault in."""
        self.counts[issue.code] += 1
        if self.counts[issue.code] <= MAX_STORED_PER_RULE:
            self._kept.append(issue)
        if not self.is_rejected:
            self.is_rejected = rules.rejects_file(issue, self.policy)
        if self._on_finding is not None:
            self._on_finding(issue, rules.severity_of(issue.code, self.policy))

    def set_total(self, code: IssueCodeBase, count: int) -> None:
        """Raise the count of a rule to `count`, of which only the first were added."""
        self.counts[code] = max(self.counts[code], count)
        self.counts = +self.counts

    @property
    def kept(self) -> list[Issue]:
        """Return the faults kept, in line order."""
        return sorted(self._kept, key=lambda issue: issue.line_number or 0)

    def count(self, severity: Severity) -> int:
        """Return how many findings have this severity."""
        return sum(
            count
            for code, count in self.counts.items()
            if rules.severity_of(code, self.policy) == severity
        )

    def store(self, flow_file: FlowFile) -> None:
        """Save a file with its findings and how many there are."""
        flow_file.error_count = self.count(Severity.ERROR)
        flow_file.warning_count = self.count(Severity.WARNING)
        flow_file.note_count = self.count(Severity.NOTE)
        flow_file.finding_counts = {
            str(code): count for code, count in sorted(self.counts.items())
        }
        flow_file.save()
        models.Finding.objects.bulk_create(self._rows(flow_file), batch_size=500)

    def _rows(self, flow_file: FlowFile) -> Iterable[models.Finding]:
        for issue in self.kept:
            yield models.Finding(
                flow_file=flow_file,
                code=str(issue.code),
                severity=rules.severity_of(issue.code, self.policy),
                line_number=issue.line_number,
                group=issue.group[:3],
                field=issue.field,
                found=issue.found,
                expected=issue.expected,
            )
