"""Which questions to the API are measured."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from urllib.parse import urlencode, urlsplit

from django.http import QueryDict
from django.test import Client
from django.urls import reverse

from meter_readings.models import FlowFile, Meter, MeterPoint, Reading

from .asking import measured, signed_in

_MOST_PAGES, _MOST_MPANS = 100, 200


def measure_resources(*, rounds: int) -> dict[str, dict[str, float]]:
    """Return the seconds and the number of queries of each question, by its title."""
    client = signed_in()
    return measured(client, _addresses(client), rounds=rounds)


def questions() -> dict[str, list[str]]:
    """Return what a client asks one after the other: `addresses`."""
    mpan = MeterPoint.objects.earliest("pk").mpan
    return {
        "addresses": [
            _address("meter-point-list", mpan=mpan),
            _address("reading-list", mpan=mpan),
            _address("reading-latest", mpan=mpan),
            _address("reading-list"),
        ]
    }


def _addresses(client: Client) -> Iterator[tuple[str, str]]:
    """Yield the title and the address of each question."""
    meter = Meter.objects.select_related("meter_point").earliest("pk")
    mpan = meter.meter_point.mpan
    file = FlowFile.objects.earliest("pk")
    yield from _of_all_readings(client)
    yield "History of an MPAN", _address("reading-list", mpan=mpan)
    yield "History of a meter point", _address(
        "meter-point-readings", meter.meter_point_id
    )
    yield "Latest per register of an MPAN", _address("reading-latest", mpan=mpan)
    several = MeterPoint.objects.order_by("pk").values_list("mpan", flat=True)
    mpans = ",".join(several[:_MOST_MPANS])
    yield "Latest per register of 200 MPANs", _address("reading-latest", mpan=mpans)
    advances = _address("meter-point-advances", meter.meter_point_id)
    yield "Advances at a meter point", advances
    yield "Summary of an MPAN", _address("reading-summary", mpan=mpan)
    yield "Summary of all", _address("reading-summary")
    yield "Readings of a file", _address("flow-file-readings", file.pk)
    for title, asked in _asked(meter, file).items():
        yield f"Readings: {title}", _address("reading-list", **asked)
    for name in "flow-file", "import", "finding", "meter-point", "meter", "site-visit":
        yield f"List: {name}", _address(f"{name}-list")
    yield "Meter points found", _address("meter-point-list", search=mpan[:6])
    yield "One reading", _address("reading-detail", Reading.objects.latest("pk").pk)


def _of_all_readings(client: Client) -> Iterator[tuple[str, str]]:
    """Yield the first page and the hundredth one, or the last where there are fewer."""
    yield "First page", _address("reading-list")
    every = {"standing": "all"}
    yield "First page, every version", _address("reading-list", **every)
    cursor = _cursor_of_hundredth(client, **every)
    yield "Hundredth page, every version", _address("reading-list", **every, **cursor)


def _cursor_of_hundredth(client: Client, **asked: str) -> dict[str, str]:
    """Return the parameter that leads there, from page to page."""
    cursor: dict[str, str] = {}
    pages = 1
    following = _next(client, _address("reading-list", fields="id", **asked))
    while following and pages < _MOST_PAGES:
        cursor = {"cursor": QueryDict(urlsplit(following).query)["cursor"]}
        pages += 1
        following = _next(client, following)
    return cursor


def _next(client: Client, address: str) -> str | None:
    following: str | None = client.get(address).json()["next"]
    return following


def _asked(meter: Meter, file: FlowFile) -> dict[str, dict[str, Any]]:
    """Return what is asked of the list of readings, by what it is called."""
    day = f"{Reading.objects.latest('read_at', 'pk').read_at:%Y-%m}-01"
    return {
        "of a day": {"date_from": day, "date_to": day},
        "of a serial number": {"meter_serial": meter.serial_number},
        "of a register": {"register_id": "MD"},
        "of no register": {"register_id": "??"},
        "estimated": {"basis": "estimated"},
        "withdrawn": {"standing": "withdrawn"},
        "of a value": {"min_value": "999999999"},
        "of a file, of a register": {"flow_file": file.pk, "register_id": "MD"},
        "the earliest": {"ordering": "read_at"},
        "search by serial number": {"search": meter.serial_number},
        "search by file name": {"search": file.filename},
    }


def _address(view: str, *numbers: int, **asked: Any) -> str:
    question = f"?{urlencode(asked)}" if asked else ""
    return reverse(f"api:{view}", args=numbers) + question
