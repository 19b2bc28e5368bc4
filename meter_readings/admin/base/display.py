"""Columns of change lists, each a function of its row."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, cast

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
from meter_readings.templatetags import corrections, formatting

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


def two_lines(first: str, second: str) -> SafeString:
    """Return two texts, the second below the first and muted."""
    return format_html('{}<div class="muted">{}</div>', first, second)


# Readings


@display(description="read at")
def read_at(reading: Reading) -> SafeString | str:
    return formatting.read_time(reading.read_at)


@display(description="MPAN, serial number")
def reading_meter(reading: Reading) -> SafeString:
    meter = link(reading.meter, reading.meter.serial_number)
    return two_lines(meter_mpan(reading.meter), meter)


_version_status = badge_column("version_status", label="version status")
_bsc_validation = badge_column("bsc_validation_status", label="BSC validation")


@display(description="version status, BSC validation")
def statuses(reading: Reading) -> SafeString:
    return two_lines(_version_status(reading), _bsc_validation(reading))


@display(description="register")
def register(reading: Reading) -> SafeString:
    return formatting.register_label(reading.register_id)


@display(description="reading")
def value(reading: Reading) -> str:
    return formatting.reading_value(reading.value)


@display(description="reading")
def value_and_links(reading: Reading) -> SafeString:
    """Return the value, and links to correct it, for users with the permission."""
    return two_lines(value(reading), corrections.correction_links(reading))


@display(description="basis, reading type")
def basis(reading: Reading) -> SafeString:
    reading_type = formatting.code_label(
        reading.reading_type, reading.get_reading_type_display()
    )
    return two_lines(reading.basis.label, reading_type)


# Rows of flow files


@display(description="source")
def source(reading: Reading) -> SafeString:
    """Return the flow file of a reading, or who entered it."""
    correction = reading.correction
    if correction is None:
        return flow_file(reading)
    user = correction.created_by or "a deleted user"
    act = format_html("{} by {}", corrections.correction_badge(correction), user)
    undone = "undone" if correction.is_undone else ""
    return two_lines(act, undone or formatting.day(correction.created_at))


@display(description="flow file")
def flow_file(row: FileRow) -> SafeString:
    file = cast(FlowFile, row.flow_file)
    return link(file, formatting.breakable(file.filename))


@display(description="flow file, line")
def flow_file_and_line(row: FileRow) -> SafeString:
    return two_lines(flow_file(row), f"line {row.line_number:,}")


# Site visits


@display(description="MPAN, serial number")
def visit_meter(visit: SiteVisit) -> SafeString:
    point = link(visit.meter_point, formatting.mpan(visit.meter_point.mpan))
    if visit.meter is None:
        return point
    return two_lines(point, link(visit.meter, visit.meter.serial_number))


# Meters and meter points


@display(description="serial number", ordering="serial_number_search")
def serial_number(meter: Meter) -> str:
    return meter.serial_number


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


@display(description="filename, identifier", ordering="filename")
def filename(file: FlowFile) -> SafeString:
    name = formatting.breakable(file.filename)
    return two_lines(name, file.file_identifier) if file.file_identifier else name


@display(description="from, to")
def participants(file: FlowFile) -> SafeString:
    recipient = _participant(file.to_participant, file.to_role)
    sender = _participant(file.from_participant, file.from_role)
    return two_lines(sender, f"to {recipient}")


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


@display(description="flow file, line")
def finding_line(finding: Finding) -> SafeString:
    """Return links to the file and to the line in it, if the finding has a line."""
    number = finding.line_number
    if number is None:
        return flow_file(finding)
    url = reverse("admin:meter_readings_flowfile_lines", args=(finding.flow_file_id,))
    line = format_html('line <a href="{}?line={}">{}</a>', url, number, f"{number:,}")
    return two_lines(flow_file(finding), line)


@display(description="group, field")
def field(finding: Finding) -> str:
    return f"{finding.group} {finding.field}".strip() or formatting.EMPTY_VALUE


# Import jobs

started_at = time_column("started_at", label="started", ordering="started_at")
finished_at = time_column("finished_at", label="finished", ordering="finished_at")


@display(description="file")
def job_subject(job: ImportJob) -> str:
    return job.subject


@display(description="channel, user")
def channel(job: ImportJob) -> SafeString:
    return two_lines(job.get_channel_display(), str(job.requested_by or ""))


@display(description="flow file")
def job_flow_file(job: ImportJob) -> SafeString | str:
    return link(job.flow_file, "View file") if job.flow_file else formatting.EMPTY_VALUE
