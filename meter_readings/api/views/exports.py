"""Exports of readings as CSV and D0010, streamed from one snapshot of the database."""

from __future__ import annotations

from collections.abc import Generator
from typing import cast

from django.conf import settings
from django.contrib.auth.models import AnonymousUser, User
from django.http import QueryDict, StreamingHttpResponse
from django.utils import timezone
from rest_framework.exceptions import APIException
from rest_framework.request import Request

from meter_readings import audit, exports, jobs
from meter_readings.api.exceptions import Problem
from meter_readings.api.filtersets import ReadingExportFilterSet, ReadingFilterSet
from meter_readings.api.permissions import visible_rows
from meter_readings.api.query_parameters import parameter_error
from meter_readings.api.renderers import CsvRenderer
from meter_readings.models import FlowFile, ImportJob, Reading, ReadingQuerySet
from meter_readings.ops import db_router
from meter_readings.queries import mpan_text

_PAGE_PARAMETERS = ("cursor", "page_size", "fields")
_FORMAT_PARAMETERS = {"format", "file_format"}
# Parameters whose values can be an MPAN
_MPAN_PARAMETERS = {"mpan", "search"}
_INVALID_QUERY = "The readings cannot be selected any more."


class NoReadings(Problem):
    """No readings match; a flow file without readings does not exist."""

    status_code = 404
    default_detail = "No readings match, and a flow file cannot be empty."


class MisconfiguredParticipant(Problem):
    """MARKET_PARTICIPANT, the sender of exported flow files, is invalid."""

    status_code = 500


class NoWorker(Problem):
    """Jobs run in the requests: the site has no workers."""

    status_code = 409
    default_detail = (
        "This site has no worker that exports in the background: GET the readings with"
        " `format=csv` or `format=d0010`."
    )


def export_readings(
    request: Request, filterset: ReadingFilterSet, readings: ReadingQuerySet
) -> StreamingHttpResponse:
    """Return the filtered readings in the format that was negotiated."""
    output_format = request.accepted_renderer.format
    is_csv = output_format == CsvRenderer.format
    for name in _PAGE_PARAMETERS if is_csv else (*_PAGE_PARAMETERS, "ordering"):
        if name in request.query_params:
            message = f"It cannot be combined with the format {output_format}."
            raise parameter_error(name, message)
    export = _recorded_export(request, filterset, output_format)
    if is_csv:
        lines = export.counted(exports.csv_lines(readings=readings), header_lines=1)
        return _stream(export, lines, "text/csv", exports.CSV_ENCODING, "readings.csv")
    if filterset.is_whole_file:
        lines = _whole_file(request.user, filterset)
    else:
        lines = _selection(readings)
    return _stream(
        export,
        export.counted(lines, row_prefix=exports.READING_PREFIX),
        "text/vnd.d0010",
        exports.FLOW_FILE_ENCODING,
        "readings.uff",
    )


def _recorded_export(
    request: Request, filterset: ReadingFilterSet, output_format: str
) -> audit.RecordedExport:
    """Return the export for the audit trail, with the filters of path and query."""
    filters = filterset.parent_filters | _given_filters(request)
    details = {"format": output_format, "filter": filters}
    return audit.RecordedExport(Reading, details=details)


def enqueue_export(request: Request, filterset: ReadingFilterSet) -> ImportJob:
    """Queue an export of the filtered readings; raises NoWorker."""
    file_format = filterset.cleaned.get("file_format", "csv")
    if file_format != "csv":
        if "ordering" in request.query_params:
            message = f"It cannot be combined with the format {file_format}."
            raise parameter_error("ordering", message)
        _require_participant()
    if jobs.is_immediate():
        raise NoWorker
    return jobs.enqueue_export(
        file_format=file_format,
        query=request.query_params.urlencode(),
        filters=_given_filters(request),
        channel=ImportJob.Channel.API,
        requested_by=cast(User, request.user),
    )


def _given_filters(request: Request) -> dict[str, str]:
    """Return the filters of the query, MPANs as 13 digits, so an erasure finds them."""
    given = {
        name: ", ".join(values)
        for name, values in request.query_params.lists()
        if name not in _FORMAT_PARAMETERS
    }
    mpans = {name: given[name] for name in _MPAN_PARAMETERS & given.keys()}
    return given | {
        name: mpan_text.mpan_digits(text)
        for name, text in mpans.items()
        if mpan_text.is_mpan(text)
    }


def lines_of_query(
    *, query: str, file_format: str, user: User | AnonymousUser
) -> Generator[str]:
    """Return the lines of an export that was queued with a query string.

    Raises ValueError if it is no longer valid.
    """
    rows = visible_rows(Reading.objects.all(), user)
    filterset = ReadingExportFilterSet(QueryDict(query), queryset=rows)
    if not filterset.is_valid():
        raise ValueError(_INVALID_QUERY)
    try:
        readings = cast(ReadingQuerySet, filterset.qs)
        if file_format != "csv" and filterset.is_whole_file:
            return _whole_file(user, filterset)
    except APIException as error:
        raise ValueError(_INVALID_QUERY) from error
    return exports.format_lines(name=file_format, readings=readings, now=timezone.now())


def _whole_file(
    user: User | AnonymousUser, filterset: ReadingFilterSet
) -> Generator[str]:
    """Return the lines of an imported file as it was received."""
    files = visible_rows(FlowFile.objects.all(), user)
    file_id = cast(int, filterset.flow_file_id)
    flow_file = files.filter(pk=file_id, status=FlowFile.Status.IMPORTED).first()
    if flow_file is None:
        raise NoReadings
    return exports.flow_file_lines(flow_file=flow_file)


def _selection(readings: ReadingQuerySet) -> Generator[str]:
    """Return the lines of a new flow file with these readings."""
    if not readings.exists():
        raise NoReadings
    _require_participant()
    return exports.format_lines(name="d0010", readings=readings, now=timezone.now())


def _require_participant() -> None:
    """Raise MisconfiguredParticipant if no flow file can be written."""
    try:
        exports.parse_participant(settings.MARKET_PARTICIPANT)
    except ValueError as error:
        message = f"MARKET_PARTICIPANT is invalid: {error}."
        raise MisconfiguredParticipant(message) from error


def _stream(
    export: audit.RecordedExport,
    lines: Generator[str],
    media_type: str,
    encoding: str,
    filename: str,
) -> StreamingHttpResponse:
    chunks = db_router.keep_database_for(exports.encode_stream(lines, encoding))
    return StreamingHttpResponse(
        export.recorded(chunks),
        content_type=f"{media_type}; charset={encoding}",
        headers={"Content-Disposition": f'attachment; filename="{filename}"'},
    )
