"""Exports from the database to text: CSV, D0010 and validation reports.

An export is a generator of lines with line endings. The number of queries is fixed, and
memory does not grow with the number of rows.
"""

from .csv import COLUMNS, CSV_ENCODING, csv_line, csv_lines
from .d0010 import (
    FLOW_FILE_ENCODING,
    READING_PREFIX,
    NotImported,
    flow_file_lines,
    new_header,
    parse_participant,
    reading_lines,
    selection_lines,
)
from .formats import FORMATS, ExportFormat, download_name, format_lines
from .findings import (
    CsvReportFormat,
    FindingReport,
    FindingRow,
    JsonReportFormat,
    ReportFormat,
    finding_row,
    report_lines,
    rule_text,
    stored_finding_rows,
    truncated_rows,
)
from .streaming import consistent_snapshot, encode_stream

__all__ = [
    "COLUMNS",
    "CSV_ENCODING",
    "CsvReportFormat",
    "ExportFormat",
    "FORMATS",
    "FLOW_FILE_ENCODING",
    "FindingReport",
    "FindingRow",
    "JsonReportFormat",
    "NotImported",
    "READING_PREFIX",
    "ReportFormat",
    "consistent_snapshot",
    "csv_line",
    "csv_lines",
    "download_name",
    "encode_stream",
    "finding_row",
    "flow_file_lines",
    "format_lines",
    "new_header",
    "parse_participant",
    "reading_lines",
    "report_lines",
    "rule_text",
    "selection_lines",
    "stored_finding_rows",
    "truncated_rows",
]
