"""What can be carried away from a flow file: its bytes, its readings, its report.

All of it is streamed: a download takes the same memory for a file of any size.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Generator, Iterator

from django.http import (
    FileResponse,
    HttpRequest,
    HttpResponseBase,
    StreamingHttpResponse,
)
from django.utils.http import content_disposition_header

from meter_readings import exports, importer
from meter_readings.models import FlowFile, Policy
from meter_readings.queries.readings import filter_readings

from .views import FlowFileView, page

# As many findings are fetched, and as many bytes sent, at a time.
_FINDINGS_AT_ONCE = 500
_BYTES_AT_ONCE = 1 << 16

# What a name on somebody's disk should not hold, whatever the sender called the file.
_NOT_IN_NAMES = str.maketrans(dict.fromkeys('/\\:*?"<>|', "_"))


class _Original(FileResponse):
    block_size = _BYTES_AT_ONCE


def original(request: HttpRequest, file: FlowFile) -> HttpResponseBase:
    """Give the bytes as they were received, to be kept and not to be shown."""
    # As bytes and nothing else: a browser must not take a file for a page.
    return _Original(
        importer.open_original(flow_file=file),
        as_attachment=True,
        filename=_named(file),
        content_type="application/octet-stream",
    )


def readings_csv(request: HttpRequest, file: FlowFile) -> HttpResponseBase:
    """Give every reading of the file as CSV, those that do not count too."""
    if file.status != FlowFile.Status.IMPORTED:
        return _nothing_held(request, file)
    readings = filter_readings(flow_file=file, current_only=False)
    lines = exports.csv_lines(readings=readings.order_by("line_number"))
    return _readings(file, lines, ".csv", "text/csv", exports.CSV_ENCODING)


def readings_d0010(request: HttpRequest, file: FlowFile) -> HttpResponseBase:
    """Give the whole file as it is held, written anew as D0010."""
    if file.status != FlowFile.Status.IMPORTED:
        return _nothing_held(request, file)
    lines = exports.flow_file_lines(flow_file=file)
    return _readings(file, lines, ".uff", "text/plain", exports.FLOW_FILE_ENCODING)


def _nothing_held(request: HttpRequest, file: FlowFile) -> HttpResponseBase:
    title = f"Nothing of {file.filename} is held"
    return page(request, file, "not_imported", title=title)


def _readings(
    file: FlowFile,
    lines: Generator[str],
    suffix: str,
    content_type: str,
    encoding: str,
) -> HttpResponseBase:
    filename = _named(file, f"-readings{suffix}")
    return _streamed(lines, filename, f"{content_type}; charset={encoding}", encoding)


def findings_csv(request: HttpRequest, file: FlowFile) -> HttpResponseBase:
    """Give the report as CSV."""
    return _report(file, exports.CsvReportFormat(), "-report.csv")


def findings_json(request: HttpRequest, file: FlowFile) -> HttpResponseBase:
    """Give the report as JSON."""
    return _report(file, exports.JsonReportFormat(), "-report.json")


def _report(
    file: FlowFile, form: exports.ReportFormat, suffix: str
) -> HttpResponseBase:
    lines = exports.report_lines(form, _rows_of_report(file))
    return _streamed(lines, _named(file, suffix), form.content_type, "utf-8")


def _rows_of_report(file: FlowFile) -> Iterator[exports.FindingRow]:
    """Yield the findings that are stored, then how many more were counted."""
    told: Counter[str] = Counter()
    findings = file.findings.order_by("line_number", "pk")
    for finding in findings.iterator(chunk_size=_FINDINGS_AT_ONCE):
        told[finding.code] += 1
        yield exports.finding_row(
            file=file.filename, finding=finding, severity=finding.severity
        )
    yield from exports.truncated_rows(
        file=file.filename,
        counts=file.finding_counts,
        listed=told,
        policy=Policy(file.policy),
    )


def _streamed(
    lines: Generator[str], filename: str, content_type: str, encoding: str
) -> HttpResponseBase:
    response = StreamingHttpResponse(
        exports.encode_stream(lines, encoding), content_type=content_type
    )
    response["Content-Disposition"] = content_disposition_header(True, filename)
    return response


def _named(file: FlowFile, suffix: str = "") -> str:
    """Return a name for a download, safe on any disk; with a suffix, in its place."""
    name = file.filename.translate(_NOT_IN_NAMES).lstrip(". ") or f"file-{file.pk}"
    return name.removesuffix(".uff") + suffix if suffix else name


VIEWS = [
    FlowFileView("original/", "original", ("export_reading",), original),
    FlowFileView("readings.csv", "csv", ("export_reading",), readings_csv),
    FlowFileView("readings.uff", "d0010", ("export_reading",), readings_d0010),
    FlowFileView("report.csv", "report_csv", ("view_finding",), findings_csv),
    FlowFileView("report.json", "report_json", ("view_finding",), findings_json),
]
