"""From the database back to text: readings as CSV, files and selections as D0010.

Every export is an iterator of lines with their line ends, made as they are asked for:
a fixed number of queries, and the same memory for any number of rows.
"""

from .csv import COLUMNS, CSV_ENCODING, csv_line, csv_lines
from .d0010 import (
    FLOW_FILE_ENCODING,
    NotImported,
    flow_file_lines,
    new_header,
    participant,
    reading_lines,
    selection_lines,
)
from .streaming import consistent_snapshot, encoded

__all__ = [
    "COLUMNS",
    "CSV_ENCODING",
    "FLOW_FILE_ENCODING",
    "NotImported",
    "csv_line",
    "csv_lines",
    "encoded",
    "flow_file_lines",
    "new_header",
    "consistent_snapshot",
    "participant",
    "reading_lines",
    "selection_lines",
]
