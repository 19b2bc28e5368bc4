"""Which pages are measured."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from urllib.parse import urlencode

from django.urls import reverse

from meter_readings.d0010.codes import BscValidationStatus, ReadingType
from meter_readings.models import FlowFile, Meter, Reading, Standing

from .asking import measured, signed_in

# What a person asks for who will wait: it looks through more, if there is more.
FURTHER = "Readings: looking further"

_ADMIN = "admin:meter_readings_{}_{}"


def measure_pages(*, rounds: int) -> dict[str, dict[str, float]]:
    """Return the seconds and the number of queries of each page, by its title."""
    return measured(signed_in(), _addresses(), rounds=rounds)


def _addresses() -> Iterator[tuple[str, str]]:
    """Yield the title and the address of each page."""
    meter = Meter.objects.select_related("meter_point").earliest("pk")
    reading = Reading.objects.filter(meter=meter).earliest("read_at", "pk")
    file = FlowFile.objects.earliest("pk")
    yield "Home", reverse("home")
    yield "Admin's index", reverse("admin:index")
    for row in meter.meter_point, meter, reading, file:
        name = row._meta.model_name
        yield f"One {row._meta.verbose_name}", _page(str(name), row.pk)
    for name in "flowfile", "meterpoint", "meter", "sitevisit", "finding":
        yield f"List: {name}", _list(name)
    for title, asked in _asked(meter, file).items():
        yield f"Readings: {title}", _list("reading", **asked)
    latest = Reading.objects.latest("read_at", "pk")
    yield FURTHER, _list("reading", register_id="MD", after=latest.pk)


def _asked(meter: Meter, file: FlowFile) -> dict[str, dict[str, Any]]:
    """Return what is asked of the list of readings, by what it is called."""
    latest = Reading.objects.latest("read_at", "pk")
    last_page = max(Reading.objects.all()[:2_000].count() // 20, 1)
    month = latest.read_at.strftime("%Y-%m")
    demand = {"register_id": "MD"}
    failed = {"bsc_validation_status__exact": BscValidationStatus.FAILED.value}
    duplicate = {"standing__exact": Standing.DUPLICATE.value}
    estimated = {"basis": "estimated"}
    return {
        "first page": {},
        "hundredth page": {"p": last_page},
        "of a year": {"read_in": month[:4]},
        "of a month": {"read_in": month},
        "of a day": {"read_in": f"{month}-01"},
        "current": {"standing__exact": Standing.CURRENT.value},
        "duplicates": duplicate,
        "withdrawn": {"standing__exact": Standing.WITHDRAWN.value},
        "failed validation": failed,
        "estimated": estimated,
        "actual": {"basis": "actual"},
        "routine": {"reading_type__exact": ReadingType.ROUTINE.value},
        "proving tests": {"reading_type__exact": ReadingType.PROVING_TEST.value},
        "of a register": demand,
        "of no register": {"register_id": "??"},
        "of a sender": {"sender": file.from_participant},
        "of a file": {"flow_file": file.pk},
        "of a meter": {"meter": meter.pk},
        "register, estimated": demand | estimated,
        "register, failed, of a month": demand | failed | {"read_in": month},
        "duplicates, failed": duplicate | failed,
        "duplicates, of a sender": duplicate | {"sender": file.from_participant},
        "of a file, duplicates": {"flow_file": file.pk} | duplicate,
        "of a file, of a register": {"flow_file": file.pk} | demand,
        "search by MPAN": {"q": meter.meter_point.mpan},
        "search by serial number": {"q": meter.serial_number},
        "search by file name": {"q": file.filename},
        "search by MPAN, current": {"q": meter.meter_point.mpan}
        | {"standing__exact": Standing.CURRENT.value},
    }


def _page(name: str, pk: int) -> str:
    return reverse(_ADMIN.format(name, "change"), args=(pk,))


def _list(name: str, **asked: Any) -> str:
    question = f"?{urlencode(asked)}" if asked else ""
    return reverse(_ADMIN.format(name, "changelist")) + question
