"""The findings of one import: issues with a severity, counted and partly stored."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from itertools import islice

from meter_readings.d0010 import Issue, RepeatedIssue
from meter_readings.d0010.issues import IssueCodeBase
from meter_readings.models import Finding, FlowFile, Policy, Severity

from . import rules
from .staging import StagingArea

# How many findings of one rule are stored for a file; further ones are only counted.
MAX_STORED_PER_RULE = 1000

# There are thousands of rows: instances of the model would take most of the time.
_COLUMNS = (
    "flow_file_id",
    "code",
    "severity",
    "line_number",
    '"group"',
    "field",
    "found",
    "expected",
)

type OnFinding = Callable[[Issue, Severity], None]


class FindingCollector:
    """Collects the issues of a file and decides whether they reject it.

    Memory is bounded: MAX_STORED_PER_RULE issues of each rule, and one count.
    """

    def __init__(self, policy: Policy, on_finding: OnFinding | None = None) -> None:
        self.is_rejected = False
        self._policy = policy
        self._on_finding = on_finding
        self._counts: Counter[IssueCodeBase] = Counter()
        self._stored: list[Issue] = []

    def add(self, issue: Issue) -> None:
        self._counts[issue.code] += 1
        if self._counts[issue.code] <= MAX_STORED_PER_RULE:
            self._stored.append(issue)
        if not self.is_rejected:
            self.is_rejected = rules.rejects_file(issue, self._policy)
        if self._on_finding is not None:
            self._on_finding(issue, self._severity(issue.code))

    def add_repeated(self, repeated: RepeatedIssue) -> None:
        """Add an issue of many lines; only the findings to be stored are made."""
        if self._on_finding is not None:
            for issue in repeated.issues():
                self.add(issue)
            return
        if not self.is_rejected:
            issue = next(repeated.issues())
            self.is_rejected = rules.rejects_file(issue, self._policy)
        space = max(0, MAX_STORED_PER_RULE - self._counts[repeated.code])
        self._stored.extend(islice(repeated.issues(), space))
        self._counts[repeated.code] += len(repeated.line_numbers)

    def set_total(self, code: IssueCodeBase, count: int) -> None:
        """Raise the count of a rule to `count`, which includes the issues added."""
        self._counts[code] = max(self._counts[code], count)

    @property
    def stored_with_severity(self) -> list[tuple[Issue, Severity]]:
        """The stored issues in line order; those of the whole file come first."""
        issues = sorted(self._stored, key=lambda issue: issue.line_number or 0)
        return [(issue, self._severity(issue.code)) for issue in issues]

    @property
    def counts_by_code(self) -> dict[str, int]:
        return {str(code): count for code, count in sorted(self._counts.items())}

    @property
    def error_count(self) -> int:
        return self._count(Severity.ERROR)

    @property
    def warning_count(self) -> int:
        return self._count(Severity.WARNING)

    @property
    def note_count(self) -> int:
        return self._count(Severity.NOTE)

    def store(self, flow_file: FlowFile, staging: StagingArea) -> None:
        """Save a file with its findings and their counts, in the open transaction."""
        flow_file.error_count = self.error_count
        flow_file.warning_count = self.warning_count
        flow_file.note_count = self.note_count
        flow_file.finding_counts = self.counts_by_code
        flow_file.save()
        encoder = staging.encoder
        rows = [
            (
                encoder.encode_int(flow_file.pk),
                str(issue.code),
                str(severity),
                encoder.encode_int(issue.line_number),
                encoder.quote(issue.group[:3]),
                issue.field,
                encoder.quote(issue.found),
                encoder.quote(issue.expected),
            )
            for issue, severity in self.stored_with_severity
        ]
        staging.stage_rows(Finding._meta.db_table, _COLUMNS, rows)
        staging.finish_staging()

    def _severity(self, code: IssueCodeBase) -> Severity:
        return rules.severity_of(code, self._policy)

    def _count(self, severity: Severity) -> int:
        return sum(
            count
            for code, count in self._counts.items()
            if self._severity(code) == severity
        )
