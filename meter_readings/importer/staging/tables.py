"""The temporary tables of a load: their columns, and the columns that are staged.

Column types are placeholders, which each database fills in.
"""

from __future__ import annotations

STAGING_TABLES = {
    # Staged while the file is validated: 028 groups, 030 groups, site visits
    "staged_meter": "line_number {integer}, mpan_line_number {integer}, mpan {text},"
    " serial_number {text}, reading_type {text}, bsc_validation_status {text}",
    "staged_reading": "line_number {integer}, meter_line_number {integer},"
    " register_id {text}, read_at {timestamp}, value {decimal},"
    " md_reset_at {timestamp}, md_reset_count {smallint},"
    " meter_reading_flag {boolean}, reading_method {text},"
    " reason_code {text} DEFAULT '', meter_reading_status {boolean},"
    " source_lines {text} DEFAULT ''",
    "staged_visit": 'line_number {integer}, "group" {text},'
    " mpan_line_number {integer}, meter_line_number {integer},"
    " reading_line_number {integer}, mpan {text}, bsc_validation_status {text},"
    " check_code {text}, additional_information {text}",
    # Filled by the merge: the meter of each 028 line, keys that the file has more than
    # once, readings with a stored version, keys with several versions
    "resolved_meter": "line_number {primary_key}, mpan_line_number {integer},"
    " meter_id {integer}, meter_point_id {integer}, serial_number {text},"
    " reading_type {text}, bsc_validation_status {text}, is_known {boolean}",
    "repeated_key": "meter_id {integer}, register_id {text}, read_at {timestamp}",
    "competing_reading": "line_number {primary_key}, meter_id {integer},"
    " register_id {text}, read_at {timestamp}, is_duplicate {boolean}",
    "reading_key_to_resolve": "meter_id {integer}, register_id {text},"
    " read_at {timestamp}",
    # Filled by an undo: the meters and meter points that the file names
    "affected_meter": "meter_id {integer}, meter_point_id {integer}",
}

# What is staged while the file is validated, with the columns by which statements join
# or group: PostgreSQL needs no statistics of others, and half of the time for these.
ANALYZED_COLUMNS = (
    "staged_meter (line_number, mpan, serial_number)",
    "staged_reading (line_number, meter_line_number, register_id, read_at)",
    "staged_visit (meter_line_number, mpan)",
)

METER_COLUMNS = (
    "line_number",
    "mpan_line_number",
    "mpan",
    "serial_number",
    "reading_type",
    "bsc_validation_status",
)

# Most readings have only these; the other columns keep their defaults.
COMMON_COLUMNS = (
    "line_number",
    "meter_line_number",
    "register_id",
    "read_at",
    "value",
    "meter_reading_flag",
    "reading_method",
)
DEMAND_COLUMNS = "md_reset_at", "md_reset_count"
RESULT_COLUMNS = "reason_code", "meter_reading_status"
READING_COLUMNS = (
    *COMMON_COLUMNS,
    *DEMAND_COLUMNS,
    *RESULT_COLUMNS,
    "source_lines",
)

VISIT_COLUMNS = (
    "line_number",
    '"group"',
    "mpan_line_number",
    "meter_line_number",
    "reading_line_number",
    "mpan",
    "bsc_validation_status",
    "check_code",
    "additional_information",
)
