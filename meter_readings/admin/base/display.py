"""Columns that several lists and pages show, each a function of its row."""

from __future__ import annotations

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

type FromFile = Reading | SiteVisit | Finding


def link(row: FlowFile | Meter | MeterPoint, text: str) -> SafeString:
    """Return a text that leads to the page of an object."""
    return format_html('<a href="{}">{}</a>', row.get_absolute_url(), text)


# Readings


@display(description="read at")
def read_at(reading: Reading) -> SafeString | str:
    """Return when it was taken."""
    return formatting.local_time(reading.read_at)


@display(description="MPAN")
def mpan_of_reading(reading: Reading) -> SafeString:
    """Return where it was taken, leading there."""
    return mpan_of_meter(reading.meter)


@display(description="serial number")
def serial_number_of_reading(reading: Reading) -> SafeString:
    """Return on which meter it was taken, leading there."""
    return link(reading.meter, reading.meter.serial_number)


@display(description="register")
def register(reading: Reading) -> str:
    """Return on which register it was taken."""
    return reading.register_id


@display(description="reading")
def value(reading: Reading) -> str:
    """Return what the register said."""
    return formatting.reading_value(reading.value)


@display(description="reading type")
def reading_type(reading: Reading) -> str:
    """Return why, or by whom, it was taken."""
    return formatting.code_label(
        reading.reading_type, reading.get_reading_type_display()
    )


@display(description="basis")
def basis(reading: Reading) -> str:
    """Return what it rests on."""
    return reading.basis.label


@display(description="BSC validation")
def bsc_validation(reading: Reading) -> SafeString | str:
    """Return whether it is validated for Settlement."""
    status = reading.bsc_validation_status
    if not status:
        return formatting.EMPTY_VALUE
    return formatting.badge(status, reading.get_bsc_validation_status_display())


@display(description="version_status")
def version_status(reading: Reading) -> SafeString:
    """Return whether it counts."""
    return formatting.badge(
        reading.version_status, reading.get_version_status_display()
    )


# What stands in a file


@display(description="flow file")
def flow_file(row: FromFile) -> SafeString:
    """Return which file says so, leading there."""
    return link(row.flow_file, row.flow_file.filename)


@display(description="line")
def line(row: FromFile) -> str:
    """Return on which line of its file it stands."""
    return formatting.EMPTY_VALUE if row.line_number is None else f"{row.line_number:,}"


@display(description="line")
def line_of_finding(finding: Finding) -> SafeString | str:
    """Return on which line it was found, leading to how that line came."""
    if finding.line_number is None:
        return formatting.EMPTY_VALUE
    address = reverse(
        "admin:meter_readings_flowfile_lines", args=(finding.flow_file_id,)
    )
    return format_html(
        '<a href="{}?line={}">{}</a>', address, finding.line_number, line(finding)
    )


# Site visits


@display(description="MPAN")
def visited_meter_point(visit: SiteVisit) -> SafeString:
    """Return where the visit was, leading there."""
    return link(visit.meter_point, formatting.mpan(visit.meter_point.mpan))


@display(description="serial number")
def visited_meter(visit: SiteVisit) -> SafeString | str:
    """Return which meter was visited, leading there, if one was."""
    return (
        link(visit.meter, visit.meter.serial_number)
        if visit.meter
        else formatting.EMPTY_VALUE
    )


# Meters and meter points


@display(description="MPAN", ordering="meter_point__mpan")
def mpan_of_meter(meter: Meter) -> SafeString:
    """Return where the meter is, leading there."""
    return link(meter.meter_point, formatting.mpan(meter.meter_point.mpan))


@display(description="MPAN", ordering="mpan")
def mpan(point: MeterPoint) -> SafeString:
    """Return the meter point's number."""
    return formatting.mpan(point.mpan)


@display(description="distributor")
def distributor(point: MeterPoint) -> str:
    """Return whose network the point is on."""
    found = point.distributor
    return f"{found.area} ({found.distributor_id})" if found else "Unknown"


# Flow files


@display(description="status", ordering="status")
def status(file: FlowFile) -> SafeString:
    """Return what became of the file."""
    return formatting.badge(file.status, file.get_status_display())


@display(description="received", ordering="received_at")
def received_at(file: FlowFile) -> SafeString | str:
    """Return when the file came."""
    return formatting.local_time(file.received_at)


@display(description="created by sender", ordering="file_created_at")
def file_created_at(file: FlowFile) -> SafeString | str:
    """Return when the sender made the file."""
    return formatting.local_time(file.file_created_at)


@display(description="from")
def sender(file: FlowFile) -> str:
    """Return who sent the file."""
    return _participant(file.from_participant, file.from_role)


@display(description="to")
def recipient(file: FlowFile) -> str:
    """Return to whom the file was sent."""
    return _participant(file.to_participant, file.to_role)


def _participant(participant: str, role: str) -> str:
    return f"{participant} ({role})" if role else participant or formatting.EMPTY_VALUE


@display(description="readings loaded", ordering="readings_loaded")
def readings_loaded(file: FlowFile) -> str:
    """Return how many of its readings are held."""
    is_undone = file.status == FlowFile.Status.UNDONE
    return "0" if is_undone else f"{file.readings_loaded:,}"


@display(description="findings")
def findings(file: FlowFile) -> SafeString | str:
    """Return how many errors and warnings there are."""
    return formatting.findings(file)


# Findings


@display(description="rule")
def rule(finding: Finding) -> str:
    """Return which rule the finding is of."""
    return finding.code


@display(description="severity")
def severity(finding: Finding) -> SafeString:
    """Return how much it matters."""
    return formatting.badge(finding.severity, finding.get_severity_display())


# Import jobs


@display(description="outcome")
def outcome(job: ImportJob) -> SafeString:
    """Return what came of the attempt, or how far it is."""
    return formatting.outcome(job)


@display(description="started", ordering="started_at")
def started_at(job: ImportJob) -> SafeString | str:
    """Return when the attempt began."""
    return formatting.local_time(job.started_at)


@display(description="finished")
def finished_at(job: ImportJob) -> SafeString | str:
    """Return when the attempt was over."""
    return formatting.local_time(job.finished_at)


@display(description="flow file")
def file_of_job(job: ImportJob) -> SafeString | str:
    """Return which file came of it, leading there, if one did."""
    return (
        link(job.flow_file, job.flow_file.filename)
        if job.flow_file
        else formatting.EMPTY_VALUE
    )
