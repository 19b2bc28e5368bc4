"""Filter sets of flow files, import jobs and findings."""

from __future__ import annotations

from django.db.models import Q, QuerySet

from meter_readings.models import FlowFile, ImportJob, Policy, Severity
from meter_readings.queries import attention, search

from .base import ListFilterSet
from .filters import (
    AfterFilter,
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
        "changed_at": ("changed_at", "id"),
    }

    status = ChoiceFilter(
        choices=FlowFile.Status.choices, help_text="Status of the file."
    )
    policy = ChoiceFilter(
        choices=Policy.choices, help_text="Import policy of the file."
    )
    from_participant = TextFilter(
        max_length=4,
        help_text="Market participant id of the sender.",
    )
    to_participant = TextFilter(
        max_length=4,
        help_text="Market participant id of the recipient.",
    )
    filename = TextFilter(max_length=255, help_text="Whole filename.")
    file_identifier = TextFilter(
        max_length=20, help_text="Whole file identifier, the sender's number."
    )
    sha256 = Sha256Filter(help_text="SHA-256 of the file's content.")
    file_created_at_from = FromFilter(
        "file_created_at", help_text="File created then or later."
    )
    file_created_at_to = ToFilter(
        "file_created_at", help_text="File created then or earlier."
    )
    received_at_from = FromFilter("received_at", help_text="Received then or later.")
    received_at_to = ToFilter("received_at", help_text="Received then or earlier.")
    changed_since = AfterFilter(
        "changed_at",
        help_text="Status or stored readings changed later than then; the default"
        " ordering is `changed_at`. Files that were deleted are not listed: retention"
        " deletes rejected and undone files, by default after 90 days.",
    )
    has_findings = BooleanFilter(
        method="filter_has_findings", help_text="Whether the file has findings."
    )
    needs_attention = BooleanFilter(
        method="filter_needs_attention",
        help_text="Whether the file was rejected, or imported with errors or warnings, "
        "and was neither acknowledged nor corrected by a later file.",
    )
    search = SearchFilter(
        method="filter_search",
        help_text="Start of a filename, file identifier or SHA-256.",
    )
    ordering = ordering_filter(orderings)

    @property
    def ordering_name(self) -> str:
        if "changed_since" in self.cleaned:
            name: str = self.cleaned.get("ordering", "changed_at")
            return name
        return super().ordering_name

    def filter_has_findings(
        self, queryset: QuerySet, name: str, value: bool
    ) -> QuerySet:
        without = Q(error_count=0, warning_count=0, note_count=0)
        return queryset.exclude(without) if value else queryset.filter(without)

    def filter_needs_attention(
        self, queryset: QuerySet, name: str, value: bool
    ) -> QuerySet:
        needed = attention.needs_attention_q()
        return queryset.filter(needed if value else ~needed)

    def filter_search(self, queryset: QuerySet, name: str, value: str) -> QuerySet:
        return queryset.filter(search.flow_files_search_q(value))


class ImportJobFilterSet(ListFilterSet):
    """Filters of import jobs: requests to import a file or to delete imported data."""

    orderings = {
        "-started_at": ("-started_at", "-id"),
        "started_at": ("started_at", "id"),
    }

    kind = ChoiceFilter(choices=ImportJob.Kind.choices, help_text="What the job does.")
    state = ChoiceFilter(choices=ImportJob.State.choices, help_text="State of the job.")
    phase = ChoiceFilter(
        choices=ImportJob.Phase.choices, help_text="Phase that the job has reached."
    )
    channel = ChoiceFilter(
        choices=ImportJob.Channel.choices,
        help_text="Channel by which the file arrived.",
    )
    policy = ChoiceFilter(choices=Policy.choices, help_text="Import policy.")
    outcome = TextFilter(max_length=20, help_text="Result of the job.")
    flow_file = IdFilter("flow_file_id", help_text="Id of the flow file.")
    filename = TextFilter(max_length=255, help_text="Whole filename.")
    sha256 = Sha256Filter(help_text="SHA-256 of the file's content.")
    started_at_from = FromFilter("started_at", help_text="Started then or later.")
    started_at_to = ToFilter("started_at", help_text="Started then or earlier.")
    ordering = ordering_filter(orderings)


class FindingFilterSet(ListFilterSet):
    """Filters of findings: the rows of validation reports."""

    orderings = {"id": ("id",), "-id": ("-id",)}
    indexed_filters = ("flow_file", "search")

    flow_file = IdFilter("flow_file_id", help_text="Id of the flow file.")
    severity = ChoiceFilter(
        choices=Severity.choices, help_text="Severity of the finding."
    )
    code = TextFilter(max_length=40, help_text="Code of the rule, such as `negative`.")
    group = TextFilter(max_length=3, help_text="Group of the line, such as `030`.")
    line_number = IdFilter(help_text="Line number in the file.")
    search = SearchFilter(
        method="filter_search", help_text="Whole filename or file identifier."
    )
    ordering = ordering_filter(orderings)

    @property
    def is_small(self) -> bool:
        # The number of findings that are stored for one file is limited.
        return bool(self.parent_filters or {"flow_file", "search"} & set(self.cleaned))

    def filter_search(self, queryset: QuerySet, name: str, value: str) -> QuerySet:
        return queryset.filter(search.flow_file_rows_search_q(value))
