"""Exports of readings as CSV and D0010, streamed from one snapshot of the database."""

from __future__ import annotations

from collections.abc import Generator
from typing import cast

from django.conf import settings
from django.http import StreamingHttpResponse
from django.utils import timezone
from rest_framework.request import Request

from meter_readings import audit, exports
from meter_readings.api.exceptions import Problem
from meter_readings.api.filtersets import ReadingFilterSet
from meter_readings.api.permissions import visible_rows
from meter_readings.api.query_parameters import parameter_error
from meter_readings.api.renderers import CsvRenderer
from meter_readings.models import FlowFile, Reading, ReadingQuerySet
from meter_readings.ops import db_router

_PAGE_PARAMETERS = ("cursor", "page_size", "fields")


class NoReadings(Problem):
    """No readings match; a flow file without readings does not exist."""

    status_code = 404
    default_detail = "No readings match, and a flow file cannot be empty."


class MisconfiguredParticipant(Problem):
    """MARKET_PARTICIPANT, the sender of exported flow files, is invalid."""

    status_code = 500


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
        lines = _whole_file(request, filterset)
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
    parameters = request.query_params.lists()
    filters = filterset.parent_filters | {
        name: ", ".join(values) for name, values in parameters if name != "format"
    }
    details = {"format": output_format, "filter": filters}
    return audit.RecordedExport(Reading, details=details)


def _whole_file(request: Request, filterset: ReadingFilterSet) -> Generator[str]:
    """Return the lines of an imported file as it was received."""
    files = visible_rows(FlowFile.objects.all(), request.user)
    file_id = cast(int, filterset.flow_file_id)
    flow_file = files.filter(pk=file_id, status=FlowFile.Status.IMPORTED).first()
    if flow_file is None:
        raise NoReadings
    return exports.flow_file_lines(flow_file=flow_file)


def _selection(readings: ReadingQuerySet) -> Generator[str]:
    """Return the lines of a new flow file with these readings."""
    if not readings.exists():
        raise NoReadings
    try:
        participant = exports.parse_participant(settings.MARKET_PARTICIPANT)
    except ValueError as error:
        message = f"MARKET_PARTICIPANT is invalid: {error}."
        raise MisconfiguredParticipant(message) from error
    header = exports.new_header(
        created_at=timezone.now(), sender=participant, recipient=participant
    )
    return exports.selection_lines(readings=readings, header=header)


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
