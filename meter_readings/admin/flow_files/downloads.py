"""Downloads of a flow file: the original file, its readings, its validation report.

They are streamed: a download uses the same memory for a file of any size.
"""

from __future__ import annotations

from collections.abc import Generator

from django.http import (
    FileResponse,
    HttpRequest,
    HttpResponseBase,
    StreamingHttpResponse,
)
from django.utils.http import content_disposition_header

from meter_readings import audit, exports, importer
from meter_readings.models import AuditEvent, FlowFile
from meter_readings.queries.readings import filter_readings

from .views import FlowFileView, render_flow_file_page

# Characters that file systems do not allow in names
_UNSAFE_CHARACTERS = str.maketrans(dict.fromkeys('/\\:*?"<>|', "_"))


class _OriginalResponse(FileResponse):
    block_size = 1 << 16


def original(request: HttpRequest, file: FlowFile) -> HttpResponseBase:
    """Return the original file, with a type that no browser displays as a page."""
    content = importer.open_original(flow_file=file)
    if request.method == "GET":
        audit.record_access(AuditEvent.Action.DOWNLOAD, file)
    return _OriginalResponse(
        content,
        as_attachment=True,
        filename=_download_name(file),
        content_type="application/octet-stream",
    )


def readings_csv(request: HttpRequest, file: FlowFile) -> HttpResponseBase:
    """Return all readings of the file as CSV, whatever their version status."""
    if file.status != FlowFile.Status.IMPORTED:
        return _not_imported(request, file)
    readings = filter_readings(flow_file=file, current_only=False)
    export = audit.RecordedExport(file, details={"format": "csv"})
    lines = exports.csv_lines(readings=readings.order_by("line_number"))
    return _stream(
        export,
        export.counted(lines, header_lines=1),
        _download_name(file, "-readings.csv"),
        f"text/csv; charset={exports.CSV_ENCODING}",
        exports.CSV_ENCODING,
    )


def readings_d0010(request: HttpRequest, file: FlowFile) -> HttpResponseBase:
    """Return the stored content of the file as D0010."""
    if file.status != FlowFile.Status.IMPORTED:
        return _not_imported(request, file)
    export = audit.RecordedExport(file, details={"format": "d0010"})
    lines = exports.flow_file_lines(flow_file=file)
    return _stream(
        export,
        export.counted(lines, row_prefix=exports.READING_PREFIX),
        _download_name(file, "-readings.uff"),
        f"text/plain; charset={exports.FLOW_FILE_ENCODING}",
        exports.FLOW_FILE_ENCODING,
    )


def _not_imported(request: HttpRequest, file: FlowFile) -> HttpResponseBase:
    title = f"{file.filename} is not imported"
    return render_flow_file_page(request, file, "not_imported", title=title)


def findings_csv(request: HttpRequest, file: FlowFile) -> HttpResponseBase:
    return _report_response(file, exports.CsvReportFormat(), "-report.csv")


def findings_json(request: HttpRequest, file: FlowFile) -> HttpResponseBase:
    return _report_response(file, exports.JsonReportFormat(), "-report.json")


def _report_response(
    file: FlowFile, report_format: exports.ReportFormat, suffix: str
) -> HttpResponseBase:
    lines = exports.report_lines(report_format, exports.stored_finding_rows(file))
    filename = _download_name(file, suffix)
    export = audit.RecordedExport(file, details={"format": f"validation {suffix[1:]}"})
    return _stream(export, lines, filename, report_format.content_type, "utf-8")


def _stream(
    export: audit.RecordedExport,
    lines: Generator[str],
    filename: str,
    content_type: str,
    encoding: str,
) -> HttpResponseBase:
    response = StreamingHttpResponse(
        export.recorded(exports.encode_stream(lines, encoding)),
        content_type=content_type,
    )
    response["Content-Disposition"] = content_disposition_header(True, filename)
    return response


def _download_name(file: FlowFile, suffix: str = "") -> str:
    """Return a file name that is safe on any disk; a suffix replaces ".uff"."""
    name = file.filename.translate(_UNSAFE_CHARACTERS).lstrip(". ")
    name = name or f"file-{file.pk}"
    return name.removesuffix(".uff") + suffix if suffix else name


VIEWS = [
    FlowFileView("original/", "original", ("export_reading",), original),
    FlowFileView("readings.csv", "csv", ("export_reading",), readings_csv),
    FlowFileView("readings.uff", "d0010", ("export_reading",), readings_d0010),
    FlowFileView("report.csv", "report_csv", ("view_finding",), findings_csv),
    FlowFileView("report.json", "report_json", ("view_finding",), findings_json),
]
