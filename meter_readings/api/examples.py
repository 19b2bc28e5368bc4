"""What answers look like: the examples of the schema, each as the API would send it."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any

from .errors import DETAILS

_V1 = "https://readings.example/api/v1"

METER_POINT = {
    "id": 1,
    "mpan": "2000000000015",
    "distributor": {
        "distributor_id": "20",
        "participant": "SOUT",
        "area": "Southern",
        "gsp_group": "_H",
    },
    "links": {
        "self": f"{_V1}/meter-points/1/",
        "readings": f"{_V1}/meter-points/1/readings/",
        "advances": f"{_V1}/meter-points/1/advances/",
        "meters": f"{_V1}/meters/?meter_point=1",
        "site_visits": f"{_V1}/site-visits/?meter_point=1",
    },
}

METER = {
    "id": 1,
    "serial_number": "SHOWN00001",
    "mpan": "2000000000015",
    "meter_point_id": 1,
    "links": {
        "self": f"{_V1}/meters/1/",
        "meter_point": f"{_V1}/meter-points/1/",
        "readings": f"{_V1}/meters/1/readings/",
        "site_visits": f"{_V1}/site-visits/?meter=1",
    },
}

READING = {
    "id": 1,
    "mpan": "2000000000015",
    "meter_serial": "SHOWN00001",
    "register_id": "S",
    "read_at": "2024-04-01T00:00:00+01:00",
    "value": "99.0",
    "version_status": "current",
    "version_status_label": "Current",
    "basis": "actual",
    "basis_label": "Actual",
    "reading_type": "R",
    "reading_type_label": "Routine",
    "bsc_validation_status": "V",
    "bsc_validation_status_label": "Validated",
    "is_suspect": False,
    "meter_reading_flag": True,
    "reading_method": "N",
    "reading_method_label": "Not viewed by an agent, or no site visit",
    "reason_code": "",
    "reason_code_label": "",
    "meter_reading_status": None,
    "md_reset_at": None,
    "md_reset_count": None,
    "meter_point_id": 1,
    "meter_id": 1,
    "flow_file_id": 1,
    "line_number": 5,
    "links": {
        "self": f"{_V1}/readings/1/",
        "meter_point": f"{_V1}/meter-points/1/",
        "meter": f"{_V1}/meters/1/",
        "flow_file": f"{_V1}/flow-files/1/",
    },
}

LATEST = {"results": [READING]}

ADVANCES = {
    "is_complete": True,
    "results": [
        {
            "mpan": "2000000000015",
            "meter_serial": "SHOWN00001",
            "register_id": "S",
            "from_read_at": "2024-03-01T00:00:00Z",
            "to_read_at": "2024-04-01T00:00:00+01:00",
            "from_value": "68.0",
            "to_value": "99.0",
            "days": 31,
            "course": "forward",
            "units": "31.0",
            "per_day": "1.0",
            "units_if_rollover": None,
            "is_estimate": False,
            "links": {
                "earlier": f"{_V1}/readings/7/",
                "later": f"{_V1}/readings/1/",
            },
        }
    ],
}

SUMMARY = {
    "count": 13,
    "count_is_exact": True,
    "earliest_read_at": "2023-04-01T00:00:00+01:00",
    "latest_read_at": "2024-04-01T00:00:00+01:00",
    "by_reading_type": [
        {
            "reading_type": "D",
            "reading_type_label": "Deemed or estimated",
            "basis": "estimated",
            "count": 2,
        },
        {
            "reading_type": "R",
            "reading_type_label": "Routine",
            "basis": "actual",
            "count": 11,
        },
    ],
    "by_version_status": [
        {"version_status": "current", "version_status_label": "Current", "count": 13}
    ],
}

SITE_VISIT = {
    "id": 1,
    "mpan": "2000000000015",
    "meter_serial": None,
    "group": "027",
    "check_code": "02",
    "check_code_label": "Not occupied",
    "additional_information": "",
    "bsc_validation_status": "V",
    "bsc_validation_status_label": "Validated",
    "reading_type": "",
    "reading_type_label": "",
    "meter_point_id": 1,
    "meter_id": None,
    "flow_file_id": 1,
    "line_number": 3,
    "links": {
        "self": f"{_V1}/site-visits/1/",
        "meter_point": f"{_V1}/meter-points/1/",
        "meter": None,
        "flow_file": f"{_V1}/flow-files/1/",
    },
}

FLOW_FILE = {
    "id": 1,
    "filename": "sample.uff",
    "status": "imported",
    "status_label": "Imported",
    "sha256": "a2cf6d2f7f8f37a1b3bd1f0b5ad1ab23bd1f2ed1a01be1f6a1dd6bbd0f4d8b9e",
    "size": 201,
    "policy": "standard",
    "received_at": "2026-11-24T12:00:00Z",
    "file_identifier": "TEST000001",
    "flow_and_version": "D0010002",
    "from_role": "D",
    "from_role_label": "NHH data collector",
    "from_participant": "UDMS",
    "to_role": "X",
    "to_role_label": "Supplier",
    "to_participant": "MRCY",
    "file_created_at": "2024-04-02T09:15:00+01:00",
    "test_data_flag": "OPER",
    "header_text": "ZHV|TEST000001|D0010002|D|UDMS|X|MRCY|20240402091500||||OPER|",
    "trailer_text": "ZPT|TEST000001|4||1|20240402091501|",
    "line_count": 6,
    "group_count": 4,
    "flow_count": 1,
    "trailer_group_count": 4,
    "trailer_flow_count": 1,
    "readings_read": 1,
    "readings_loaded": 1,
    "readings_rejected": 0,
    "readings_deleted": 0,
    "redacted_at": None,
    "error_count": 0,
    "warning_count": 1,
    "note_count": 0,
    "finding_counts": {"extra-decimals": 1},
    "links": {
        "self": f"{_V1}/flow-files/1/",
        "content": f"{_V1}/flow-files/1/content/",
        "findings": f"{_V1}/flow-files/1/findings/",
        "readings": f"{_V1}/flow-files/1/readings/",
        "site_visits": f"{_V1}/flow-files/1/site-visits/",
        "imports": f"{_V1}/imports/?flow_file=1",
    },
}

IMPORT = {
    "id": 1,
    "flow_file_id": 1,
    "filename": "sample.uff",
    "sha256": FLOW_FILE["sha256"],
    "state": "finished",
    "state_label": "Finished",
    "phase": "loading",
    "phase_label": "Loading",
    "outcome": "imported",
    "channel": "command",
    "channel_label": "Command line",
    "policy": "standard",
    "requested_by": None,
    "bytes_processed": 201,
    "counts": {"readings_read": 1, "readings_loaded": 1},
    "message": "",
    "started_at": "2026-11-24T12:00:00Z",
    "heartbeat_at": "2026-11-24T12:00:00Z",
    "finished_at": "2026-11-24T12:00:01Z",
    "links": {
        "self": f"{_V1}/imports/1/",
        "flow_file": f"{_V1}/flow-files/1/",
    },
}

FINDING = {
    "id": 1,
    "flow_file_id": 1,
    "line_number": 5,
    "group": "030",
    "field": "Register reading",
    "severity": "warning",
    "severity_label": "Warning",
    "code": "extra-decimals",
    "message": "The value has more decimals than the catalogue.",
    "found": "99.25",
    "expected": "one decimal",
    "links": {
        "self": f"{_V1}/findings/1/",
        "flow_file": f"{_V1}/flow-files/1/",
    },
}

FILES = {
    "text/csv": (
        "mpan,serial_number,register_id,read_at,value,…\r\n"
        "2000000000015,SHOWN00001,S,2024-04-01T00:00:00+01:00,99.0,…\r\n"
    ),
    "text/vnd.d0010": (
        "ZHV|1711962900|D0010002|X|SELF|X|SELF|20240402091500||||OPER|\n"
        "026|2000000000015|V|\n"
        "028|SHOWN00001|R|\n"
        "030|S|20240401000000|99.0|||T|N|\n"
        "ZPT|1711962900|3||1|20240402091500|\n"
    ),
}

_REQUEST_ID = "5b1d7c3e-1a63-4d0e-9f0a-0d4a3f3c2b11"

# Uploads

FORM = {"file": FILES["text/vnd.d0010"], "policy": "standard", "dry_run": False}

UPLOAD = {
    "outcome": "imported",
    "outcome_label": "Imported",
    "duplicate": False,
    "filename": "sample.uff",
    "sha256": FLOW_FILE["sha256"],
    "policy": "standard",
    "line_count": 6,
    "readings_read": 1,
    "readings_loaded": 1,
    "readings_rejected": 0,
    "loaded": {
        "meter_points": 1,
        "meters": 1,
        "site_visits": 0,
        "readings": 1,
        "current": 1,
        "duplicate": 0,
        "superseded": 0,
        "withdrawn": 0,
        "superseding": 0,
    },
    "error_count": 0,
    "warning_count": 1,
    "note_count": 0,
    "rules": [
        {
            "code": "extra-decimals",
            "severity": "warning",
            "count": 1,
            "message": FINDING["message"],
            "remedy": "Ask the sender what was meant; the value is kept as it came.",
        }
    ],
    "findings": [
        {
            "line_number": 5,
            "group": "030",
            "field": "Register reading",
            "severity": "warning",
            "code": "extra-decimals",
            "message": FINDING["message"],
            "found": "99.25",
            "expected": "one decimal",
        }
    ],
    "flow_file": FLOW_FILE,
}

_NOTHING_READ: dict[str, Any] = {
    "line_count": 0,
    "readings_read": 0,
    "readings_loaded": 0,
    "loaded": None,
    "warning_count": 0,
    "rules": [],
    "findings": [],
}
DUPLICATE = {
    **UPLOAD,
    **_NOTHING_READ,
    "outcome": "already-imported",
    "outcome_label": "Already imported",
    "duplicate": True,
}
DRY_RUN = {
    **UPLOAD,
    "outcome": "checked",
    "outcome_label": "Checked: it would be imported",
    "loaded": None,
    "flow_file": None,
}


def problem(status: int, **more: Any) -> dict[str, Any]:
    """Return what a refusal looks like."""
    errors = []
    if status == HTTPStatus.BAD_REQUEST:
        message = "An MPAN has 13 digits."
        errors = [{"field": "mpan", "code": "invalid", "message": message}]
    return {
        "type": "about:blank",
        "title": HTTPStatus(status).phrase,
        "status": status,
        "detail": DETAILS[status],
        "instance": f"urn:uuid:{_REQUEST_ID}",
        "request_id": _REQUEST_ID,
        "errors": errors,
        **more,
    }


NAME_TAKEN = problem(
    409,
    errors=[
        {
            "field": "filename",
            "code": "duplicate-filename",
            "message": "A file of this name, with other content, has been imported "
            "before.",
        }
    ],
)
UNREADABLE = problem(
    422,
    errors=[
        {"field": "file", "code": "unreadable", "message": "It holds no files."},
    ],
)
REJECTION = problem(
    422,
    detail="Rejected: The value is below zero. The report is kept: see "
    "report.links.",
    errors=[
        {
            "line": 5,
            "group": "030",
            "field": "Register Reading (J0040)",
            "code": "negative",
            "message": "The value is below zero.",
            "expected": "zero or more",
        }
    ],
    report={
        "error_count": 1,
        "warning_count": 0,
        "note_count": 0,
        "links": {
            "flow_file": f"{_V1}/flow-files/1/",
            "findings": f"{_V1}/flow-files/1/findings/",
        },
    },
)
