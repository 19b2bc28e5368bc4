"""Columns of change lists, each a function of its row."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.contrib.admin import display
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString

from meter_readings.models import (
    Finding,
    FlowFile,
    ImportJob,
    Meter,
    MeterPoint,
    Reading,
    SiteVisit,
)
from meter_readings.templatetags import formatting

type FileRow = Reading | SiteVisit | Finding
type Column = Callable[[Any], SafeString | str]


def time_column(field: str, *, label: str, ordering: str | None = None) -> Column:
    """Return a column with the local time in a field."""

    def column(row: Any) -> SafeString | str:
        return formatting.local_time(getattr(row, field))

    return _named(column, field, label, ordering)


def badge_column(field: str, *, label: str, ordering: str | None = None) -> Column:
    """Return a column with the badge of a field that has choices."""

    def column(row: Any) -> SafeString | str:
        value = getattr(row, field)
        if not value:
            return formatting.EMPTY_VALUE
        return formatting.badge(value, getattr(row, f"get_{field}_display")())

    return _named(column, field, label, ordering)


def _named(column: Column, field: str, label: str, ordering: str | None) -> Column:
    # The name becomes the CSS class of the cells.
    column.__name__ = field
    return display(column, description=label, ordering=ordering)


def link(row: FlowFile | Meter | MeterPoint, text: str) -> SafeString:
    """Return a link to the page of an object."""
    return format_html('<a href="{}">{}</a>', row.get_absolute_url(), text)


# Readings


@display(description="read at")
def read_at(reading: Reading) -> SafeString | str:
    return formatting.read_time(reading.read_at)


bsc_validation = badge_column("bsc_validation_status", label="BSC validation")
version_status = badge_column("version_status", label="version status")


@display(description="MPAN")
def reading_mpan(reading: Reading) -> SafeString:
    return meter_mpan(reading.meter)


@display(description="serial number")
def reading_serial_number(reading: Reading) -> SafeString:
    return link(reading.meter, reading.meter.serial_number)


@display(description="register")
def register(reading: Reading) -> str:
    return reading.register_id


@display(description="reading")
def value(reading: Reading) -> str:
    return formatting.reading_value(reading.value)


@display(description="reading type")
def reading_type(reading: Reading) -> str:
    return formatting.code_label(
        reading.reading_type, reading.get_reading_type_display()
    )


@display(description="reading basis")
def basis(reading: Reading) -> str:
    return reading.basis.label


# Rows of flow files


@display(description="flow file")
def flow_file(row: FileRow) -> SafeString:
    return link(row.flow_file, row.flow_file.filename)


@display(description="line")
def line(row: FileRow) -> str:
    return formatting.EMPTY_VALUE if row.line_number is None else f"{row.line_number:,}"


# Site visits


@display(description="MPAN")
def visit_mpan(visit: SiteVisit) -> SafeString:
    return link(visit.meter_point, formatting.mpan(visit.meter_point.mpan))


@display(description="serial number")
def visit_meter(visit: SiteVisit) -> SafeString | str:
    return (
        link(visit.meter, visit.meter.serial_number)
        if visit.meter
        else formatting.EMPTY_VALUE
    )


# Meters and meter points


@display(description="MPAN", ordering="meter_point__mpan")
def meter_mpan(meter: Meter) -> SafeString:
    return link(meter.meter_point, formatting.mpan(meter.meter_point.mpan))


@display(description="MPAN", ordering="mpan")
def mpan(point: MeterPoint) -> SafeString:
    return formatting.mpan(point.mpan)


@display(description="distribution area")
def distributor(point: MeterPoint) -> str:
    found = point.distributor
    return f"{found.area} ({found.distributor_id})" if found else "Unknown"


# Flow files

status = badge_column("status", label="status", ordering="status")
received_at = time_column("received_at", label="received", ordering="received_at")
file_created_at = time_column(
    "file_created_at", label="file created", ordering="file_created_at"
)


@display(description="from")
def sender(file: FlowFile) -> str:
    return _participant(file.from_participant, file.from_role)


@display(description="to")
def recipient(file: FlowFile) -> str:
    return _participant(file.to_participant, file.to_role)


def _participant(participant: str, role: str) -> str:
    return f"{participant} ({role})" if role else participant or formatting.EMPTY_VALUE


@display(description="readings loaded", ordering="readings_loaded")
def readings_loaded(file: FlowFile) -> str:
    is_undone = file.status == FlowFile.Status.UNDONE
    return "0" if is_undone else f"{file.readings_loaded:,}"


@display(description="findings")
def findings(file: FlowFile) -> SafeString | str:
    return formatting.findings(file)


# Findings

severity = badge_column("severity", label="severity")


@display(description="rule")
def rule(finding: Finding) -> SafeString:
    """Return the message of the rule with its code below."""
    message = formatting.rule_message(finding.code)
    return format_html("{}<br><code>{}</code>", message, finding.code)


@display(description="line")
def finding_line(finding: Finding) -> SafeString | str:
    """Return the line number as a link to the line in the original file."""
    if finding.line_number is None:
        return formatting.EMPTY_VALUE
    url = reverse("admin:meter_readings_flowfile_lines", args=(finding.flow_file_id,))
    return format_html(
        '<a href="{}?line={}">{}</a>', url, finding.line_number, line(finding)
    )


# Import jobs

started_at = time_column("started_at", label="started", ordering="started_at")
finished_at = time_column("finished_at", label="finished", ordering="finished_at")


@display(description="result")
def outcome(job: ImportJob) -> SafeString:
    return formatting.outcome(job)


@display(description="flow file")
def job_flow_file(job: ImportJob) -> SafeString | str:
    return (
        link(job.flow_file, job.flow_file.filename)
        if job.flow_file
        else formatting.EMPTY_VALUE
    )
