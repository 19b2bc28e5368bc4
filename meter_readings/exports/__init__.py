"""From the database back to text: readings as CSV, files and selections as D0010.

Every export is an iterator of lines with their line ends, made as they are asked for:
a fixed number of queries, and the same memory for any number of rows.
"""

from .flow_files import (
    FLOW_FILE_ENCODING,
    NothingHeld,
    flow_file_lines,
    new_header,
    participant,
    reading_lines,
    selection_lines,
)
from .snapshots import encoded, one_snapshot
from .spreadsheets import COLUMNS, CSV_ENCODING, csv_line, csv_lines

__all__ = [
    "COLUMNS",
    "CSV_ENCODING",
    "FLOW_FILE_ENCODING",
    "NothingHeld",
    "csv_line",
    "csv_lines",
    "encoded",
    "flow_file_lines",
    "new_header",
    "one_snapshot",
    "participant",
    "reading_lines",
    "selection_lines",
]
