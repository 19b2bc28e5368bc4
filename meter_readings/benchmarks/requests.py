"""The pages and endpoints that the API benchmark times, as paths by their titles."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple
from urllib.parse import urlencode

from django.urls import reverse

from meter_readings.models import READING_ORDER, FlowFile, Meter, MeterPoint, Reading

# Numbers of all readings, which are counted after each import: they are timed without
# the cache, and with it.
_SUMMARY, _HOME = "Summary of all readings", "Page: home"
_SUMMARY_AGAIN, _HOME_AGAIN = f"{_SUMMARY}, asked again", f"{_HOME}, asked again"
ASKED_AGAIN = {_SUMMARY_AGAIN, _HOME_AGAIN}

_MAX_MPANS = 200

# Neither a register nor a serial number of a synthetic file
_UNKNOWN_REGISTER, _UNKNOWN_PART = "??", "NO SUCH PART"

# Lists of the admin that are timed without a filter
_LISTS = (
    "flowfile",
    "finding",
    "meterpoint",
    "meter",
    "sitevisit",
    "importjob",
    "auditevent",
    "notification",
    "subjectrequest",
    "senderschedule",
    "overduereading",
)


class _Rows(NamedTuple):
    """The rows that the requests name, which a database of any size has."""

    meter: Meter
    mpan: str
    mpans: str
    flow_file: FlowFile
    latest: Reading
    month: str


def benchmark_requests() -> dict[str, str]:
    """Return the paths of all requests; the first reads no rows.

    The time of the first is what authentication and the framework take.
    """
    meter = Meter.objects.select_related("meter_point").earliest("pk")
    points = MeterPoint.objects.order_by("pk").values_list("mpan", flat=True)
    latest = Reading.objects.latest(*READING_ORDER)
    rows = _Rows(
        meter=meter,
        mpan=meter.meter_point.mpan,
        mpans=",".join(points[:_MAX_MPANS]),
        flow_file=FlowFile.objects.earliest("pk"),
        latest=latest,
        month=f"{latest.read_at:%Y-%m}",
    )
    return {
        "Index": api_path("versions"),
        **dict(_endpoints(rows)),
        **dict(_pages(rows)),
    }


def load_test_paths() -> list[str]:
    """Return the paths that each client of the load test requests."""
    mpan = MeterPoint.objects.earliest("pk").mpan
    return [
        api_path("meter-point-list", mpan=mpan),
        api_path("reading-list", mpan=mpan),
        api_path("reading-latest", mpan=mpan),
        api_path("reading-list"),
    ]


def api_path(view: str, *arguments: int, **query: Any) -> str:
    return _path(f"api:{view}", *arguments, **query)


def _path(view: str, *arguments: int, **query: Any) -> str:
    query_string = f"?{urlencode(query)}" if query else ""
    return reverse(view, args=arguments) + query_string


def _endpoints(rows: _Rows) -> Iterator[tuple[str, str]]:
    """Yield title and path of each request of the API."""
    mpan, file, serial_number = rows.mpan, rows.flow_file, rows.meter.serial_number
    point = rows.meter.meter_point_id
    day = f"{rows.month}-01"
    yield "Readings: first page", api_path("reading-list")
    reading_filters: dict[str, dict[str, Any]] = {
        "all versions": {"version_status": "all"},
        "by MPAN": {"mpan": mpan},
        "by day": {"date_from": day, "date_to": day},
        "by serial number": {"meter_serial": serial_number},
        "by register": {"register_id": "MD"},
        "by unknown register": {"register_id": _UNKNOWN_REGISTER},
        "by reading basis": {"basis": "estimated"},
        "withdrawn": {"version_status": "withdrawn"},
        "by value": {"min_value": "999999999"},
        "by flow file and register": {"flow_file": file.pk, "register_id": "MD"},
        "earliest first": {"ordering": "read_at"},
        "changed since": {"changed_since": "2020-01-01"},
        "search for a serial number": {"search": serial_number},
        "search for a file name": {"search": file.filename},
    }
    for title, filters in reading_filters.items():
        yield f"Readings: {title}", api_path("reading-list", **filters)
    yield "Readings of a meter point", api_path("meter-point-readings", point)
    yield "Readings of a flow file", api_path("flow-file-readings", file.pk)
    yield "Latest readings of an MPAN", api_path("reading-latest", mpan=mpan)
    yield "Latest readings of 200 MPANs", api_path("reading-latest", mpan=rows.mpans)
    yield "Advances of a meter point", api_path("meter-point-advances", point)
    yield "Summary of an MPAN", api_path("reading-summary", mpan=mpan)
    yield "Failed reads", api_path("failed-read-list")
    yield "Summary of failed reads", api_path("failed-read-summary")
    yield _SUMMARY, api_path("reading-summary")
    yield _SUMMARY_AGAIN, api_path("reading-summary")
    lists = "flow-file", "import", "finding", "meter-point", "meter", "site-visit"
    for name in (*lists, "overdue-reading"):
        yield f"List: {name}", api_path(f"{name}-list")
    yield "One flow file", api_path("flow-file-detail", file.pk)
    yield "Findings of a flow file", api_path("flow-file-findings", file.pk)
    yield "Search for meter points", api_path("meter-point-list", search=mpan[:6])
    yield "One meter point", api_path("meter-point-detail", point)
    yield "One reading", api_path("reading-detail", rows.latest.pk)


def _pages(rows: _Rows) -> Iterator[tuple[str, str]]:
    """Yield title and path of each page."""
    file, serial_number = rows.flow_file, rows.meter.serial_number
    yield _HOME, _path("home")
    yield _HOME_AGAIN, _path("home")
    searches = {
        "an MPAN": rows.mpan,
        "a serial number": serial_number,
        "the beginning of an MPAN": rows.mpan[:6],
        "the beginning of a serial number": serial_number[:3],
        "a part of a serial number": serial_number[2:],
        "an unknown part": _UNKNOWN_PART,
        "200 MPANs": rows.mpans,
    }
    for title, text in searches.items():
        yield f"Page: search for {title}", _path("search", q=text)
    yield "Page: meter point", _admin("meterpoint_change", rows.meter.meter_point_id)
    yield "Page: meter", _admin("meter_change", rows.meter.pk)
    yield "Page: reading", _admin("reading_change", rows.latest.pk)
    yield "Page: flow file", _admin("flowfile_change", file.pk)
    yield "Page: lines of a flow file", _admin("flowfile_lines", file.pk)
    yield "Page: history of a flow file", _admin("flowfile_history", file.pk)
    yield "Page: findings of a flow file", _admin(
        "finding_changelist", flow_file=file.pk
    )
    yield "Page: readings", _admin("reading_changelist")
    reading_filters: dict[str, dict[str, Any]] = {
        "all versions": {"version_status__exact": "all"},
        "duplicates": {"version_status__exact": "duplicate"},
        "of a month": {"read_in": rows.month},
        "of a flow file": {"flow_file": file.pk},
        "of a meter": {"meter": rows.meter.pk},
        "search for an MPAN": {"q": rows.mpan},
        "by register": {"register_id": "MD"},
        "by unknown register": {"register_id": _UNKNOWN_REGISTER},
        "search more": {"register_id": _UNKNOWN_REGISTER, "after": rows.latest.pk},
        "estimated": {"basis": "estimated"},
        "failed validation": {"bsc_validation_status__exact": "F"},
        "by sender": {"sender": file.from_participant},
        "final": {"reading_type__exact": "F"},
    }
    for title, filters in reading_filters.items():
        path = _admin("reading_changelist", **filters)
        yield f"Page: readings, {title}", path
    yield "Page: export of readings", _admin("reading_export")
    for name in _LISTS:
        yield f"Page: list of {name}", _admin(f"{name}_changelist")
    part = _admin("meter_changelist", q=_UNKNOWN_PART)
    yield "Page: meters, search for a part", part
    yield "Page: expected files", _path("expected-files")
    yield "Page: not read", _path("not-read")
    yield "Page: upload", _path("upload")


def _admin(view: str, *arguments: int, **query: Any) -> str:
    return _path(f"admin:meter_readings_{view}", *arguments, **query)
