"""Filter sets of flow files, import jobs and findings."""

from __future__ import annotations

from django.db.models import Q, QuerySet

from meter_readings.models import FlowFile, ImportJob, Policy, Severity
from meter_readings.queries import search

from .base import ListFilterSet
from .filters import (
    BooleanFilter,
    ChoiceFilter,
    FromFilter,
    IdFilter,
    SearchFilter,
    Sha256Filter,
    TextFilter,
    ToFilter,
    ordering_filter,
)


class FlowFileFilterSet(ListFilterSet):
    """Filters of flow files."""

    orderings = {
        "-received_at": ("-received_at", "-id"),
        "received_at": ("received_at", "id"),
        "filename": ("filename", "id"),
        "-filename": ("-filename", "-id"),
    }

    status = ChoiceFilter(FlowFile.Status.choices, "Status of the file.")
    policy = ChoiceFilter(Policy.choices, "Import policy of the file.")
    sender = TextFilter(4, "Market participant id of the sender.", "from_participant")
    recipient = TextFilter(
        4, "Market participant id of the recipient.", "to_participant"
    )
    name = TextFilter(255, "Whole filename.", "filename")
    file_identifier = TextFilter(20, "Whole file identifier, the sender's number.")
    sha256 = Sha256Filter("SHA-256 of the file's content.")
    created_from = FromFilter("File created then or later.", "file_created_at")
    created_to = ToFilter("File created then or earlier.", "file_created_at")
    received_from = FromFilter("Received then or later.", "received_at")
    received_to = ToFilter("Received then or earlier.", "received_at")
    has_findings = BooleanFilter(
        "Whether the file has findings.", method="filter_has_findings"
    )
    search = SearchFilter("Start of a filename, file identifier or SHA-256.")
    ordering = ordering_filter(orderings)

    def filter_has_findings(
        self, queryset: QuerySet, name: str, value: bool
    ) -> QuerySet:
        without = Q(error_count=0, warning_count=0, note_count=0)
        return queryset.exclude(without) if value else queryset.filter(without)

    def filter_search(self, queryset: QuerySet, name: str, value: str) -> QuerySet:
        return queryset.filter(search.flow_files_search_q(value))


class ImportJobFilterSet(ListFilterSet):
    """Filters of import jobs: attempts to import a file or to undo an import."""

    orderings = {
        "-started_at": ("-started_at", "-id"),
        "started_at": ("started_at", "id"),
    }

    state = ChoiceFilter(ImportJob.State.choices, "State of the job.")
    phase = ChoiceFilter(ImportJob.Phase.choices, "Phase that the job has reached.")
    channel = ChoiceFilter(
        ImportJob.Channel.choices, "Channel by which the file arrived."
    )
    policy = ChoiceFilter(Policy.choices, "Import policy.")
    outcome = TextFilter(20, "Result of the job.")
    flow_file = IdFilter("Id of the flow file.", "flow_file_id")
    name = TextFilter(255, "Whole filename.", "filename")
    sha256 = Sha256Filter("SHA-256 of the file's content.")
    started_from = FromFilter("Started then or later.", "started_at")
    started_to = ToFilter("Started then or earlier.", "started_at")
    ordering = ordering_filter(orderings)


class FindingFilterSet(ListFilterSet):
    """Filters of findings: the rows of validation reports."""

    orderings = {"id": ("id",), "-id": ("-id",)}
    indexed_filters = ("flow_file", "search")

    flow_file = IdFilter("Id of the flow file.", "flow_file_id")
    severity = ChoiceFilter(Severity.choices, "Severity of the finding.")
    code = TextFilter(40, "Code of the rule, such as `negative`.")
    group = TextFilter(3, "Group of the line, such as `030`.")
    line_number = IdFilter("Line number in the file.")
    search = SearchFilter("Whole filename or file identifier.")
    ordering = ordering_filter(orderings)

    @property
    def is_small(self) -> bool:
        # The number of findings that are stored for one file is limited.
        return bool(self.parent_filters or {"flow_file", "search"} & set(self.cleaned))

    def filter_search(self, queryset: QuerySet, name: str, value: str) -> QuerySet:
        return queryset.filter(search.flow_file_rows_search_q(value))
