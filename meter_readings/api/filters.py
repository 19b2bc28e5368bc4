"""What may be asked of files, attempts, findings, places, meters and visits."""

from __future__ import annotations

from django.db.models import Q, QuerySet

from meter_readings.d0010 import codes
from meter_readings.models import FlowFile, ImportJob, Meter, Policy, Severity
from meter_readings.queries import search as found
from meter_readings.queries.keyset import Ordering

from .parameters import (
    Choice,
    Code,
    Mpan,
    Number,
    Search,
    Sha256,
    Text,
    TimeFrom,
    TimeUntil,
    TrueOrFalse,
)
from .query import Query, order_choice, refusal

# More meters bear one serial number only where it is none, such as "UNKNOWN".
MOST_METERS = 1000


def meters_bearing(serial_number: str) -> list[int]:
    """Return the meters with a serial number; refuses what is no serial number."""
    meters = Meter.objects.filter(serial_number=serial_number)
    return not_too_many(list(meters.values_list("pk", flat=True)[: MOST_METERS + 1]))


def not_too_many(meters: list[int], name: str = "meter_serial") -> list[int]:
    """Return meters, of which there may be only so many; the parameter named them."""
    if len(meters) > MOST_METERS:
        raise refusal(name, f"More than {MOST_METERS} meters bear this number.")
    return meters


class FlowFileQuery(Query):
    """Files as they came."""

    orders = {
        "-received_at": ("-received_at", "-id"),
        "received_at": ("received_at", "id"),
        "filename": ("filename", "id"),
        "-filename": ("-filename", "-id"),
    }
    status = Choice(FlowFile.Status.choices, "What became of the file.")
    policy = Choice(Policy.choices, "How strictly it was judged.")
    sender = Text(4, "Market participant id of the sender.", "from_participant")
    recipient = Text(4, "Market participant id of the recipient.", "to_participant")
    name = Text(255, "The whole filename.", "filename")
    file_identifier = Text(20, "The sender's own number of the file.")
    sha256 = Sha256("SHA-256 of the file's bytes.")
    created_from = TimeFrom("Made by its sender then or later.", "file_created_at")
    created_to = TimeUntil("Made by its sender then or earlier.", "file_created_at")
    received_from = TimeFrom("Received then or later.", "received_at")
    received_to = TimeUntil("Received then or earlier.", "received_at")
    has_findings = TrueOrFalse("Whether there is anything to say about it.")
    search = Search("The beginning of a filename, file identifier or SHA-256.")
    ordering = order_choice(*orders)

    def filter_has_findings(self, rows: QuerySet, value: bool) -> QuerySet:
        """Return the files with findings, or those without."""
        without = Q(error_count=0, warning_count=0, note_count=0)
        return rows.exclude(without) if value else rows.filter(without)

    def filter_search(self, rows: QuerySet, value: str) -> QuerySet:
        """Return the files that begin so."""
        return rows.filter(found.flow_files_found_by(value))


class ImportQuery(Query):
    """Attempts to import a file, or to undo an import."""

    orders = {
        "-started_at": ("-started_at", "-id"),
        "started_at": ("started_at", "id"),
    }
    state = Choice(ImportJob.State.choices, "Whether the attempt is over.")
    phase = Choice(ImportJob.Phase.choices, "How far it is.")
    channel = Choice(ImportJob.Channel.choices, "Where the file came in.")
    policy = Choice(Policy.choices, "How strictly the file is judged.")
    outcome = Text(20, "What came of it.")
    flow_file = Number("The flow file's id.", "flow_file_id")
    name = Text(255, "The whole filename.", "filename")
    sha256 = Sha256("SHA-256 of the file's bytes.")
    started_from = TimeFrom("Begun then or later.", "started_at")
    started_to = TimeUntil("Begun then or earlier.", "started_at")
    ordering = order_choice(*orders)


class FindingQuery(Query):
    """What there is to say about files and their lines."""

    orders = {"id": ("id",), "-id": ("-id",)}
    by_index = ("flow_file", "search")
    flow_file = Number("The flow file's id.", "flow_file_id")
    severity = Choice(Severity.choices, "How much it matters.")
    code = Text(40, "The rule, by its code, such as `negative`.")
    group = Text(3, "The group of the line, such as `030`.")
    line_number = Number("The line of the file.")
    search = Search("A whole filename or file identifier.")
    ordering = order_choice(*orders)

    @property
    def is_few(self) -> bool:
        """Return whether they are one file's, of which a limited number is kept."""
        return bool(self.within or {"flow_file", "search"} & set(self.asked))

    def filter_search(self, rows: QuerySet, value: str) -> QuerySet:
        """Return the findings in a file of that name."""
        return rows.filter(found.from_flow_files_found_by(value))


class MeterPointQuery(Query):
    """Meter points."""

    orders = {"mpan": ("mpan",), "-mpan": ("-mpan",)}
    by_index = ("mpan", "search")
    mpan = Mpan("The whole MPAN; spaces may stand between its digits.")
    search = Search("The beginning of an MPAN, or a whole serial number.")
    ordering = order_choice(*orders)

    def filter_search(self, rows: QuerySet, value: str) -> QuerySet:
        """Return the meter points that begin so or have such a meter."""
        return rows.filter(found.meter_points_found_by(value))


class MeterQuery(Query):
    """Meters."""

    orders = {
        "id": ("id",),
        "-id": ("-id",),
        "serial_number": ("serial_number", "id"),
        "-serial_number": ("-serial_number", "-id"),
    }
    by_index = ("mpan", "meter_serial", "meter_point", "search")
    mpan = Mpan("The MPAN where the meter is.", "meter_point__mpan")
    meter_serial = Text(20, "The whole serial number.", "serial_number")
    meter_point = Number("The meter point's id.", "meter_point_id")
    search = Search("The beginning of a serial number, or a whole MPAN.")
    ordering = order_choice(*orders)

    def filter_search(self, rows: QuerySet, value: str) -> QuerySet:
        """Return the meters that begin so or are at that MPAN."""
        return rows.filter(found.meters_found_by(value))


class SiteVisitQuery(Query):
    """What was found on site; a file's visits come by their lines."""

    orders = {
        "-id": ("-id",),
        "id": ("id",),
        "line_number": ("flow_file_id", "line_number"),
    }
    by_index = ("mpan", "meter_serial", "meter_point", "meter", "flow_file", "search")
    mpan = Mpan("The MPAN that was visited.", "meter_point__mpan")
    meter_serial = Text(20, "The visited meter's whole serial number.")
    meter_point = Number("The meter point's id.", "meter_point_id")
    meter = Number("The meter's id.", "meter_id")
    flow_file = Number("The flow file's id.", "flow_file_id")
    check_code = Code(codes.SiteVisitCheckCode, 2, "What was found (J0024).")
    search = Search("A whole MPAN, serial number, filename or file identifier.")
    ordering = order_choice(*orders)

    @property
    def is_of_file(self) -> bool:
        """Return whether one file is named."""
        return "flow_file" in self.asked or "flow_file" in self.within

    @property
    def order_name(self) -> str:
        """Return the name of the order."""
        by_itself = "line_number" if self.is_of_file else "-id"
        name: str = self.asked.get("ordering", by_itself)
        return name

    @property
    def order(self) -> Ordering:
        """Return the columns of the order; within a file its number is the same."""
        columns = super().order
        return columns[-1:] if self.is_of_file else columns

    def filter_meter_serial(self, rows: QuerySet, value: str) -> QuerySet:
        """Return the visits to meters with this serial number."""
        return rows.filter(meter__in=meters_bearing(value))

    def filter_search(self, rows: QuerySet, value: str) -> QuerySet:
        """Return the visits that a person means."""
        return rows.filter(found.site_visits_found_by(value))
