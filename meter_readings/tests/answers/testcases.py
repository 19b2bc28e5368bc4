"""What the tests of cached answers share: files of one meter point, and its answers."""

from __future__ import annotations

import re
from typing import Any

from django.test import Client
from prometheus_client import REGISTRY

from meter_readings.models import FlowFile, MeterPoint
from meter_readings.tests.support.flow_file_builder import flow_file, header_line
from meter_readings.tests.support.import_helpers import imported

MPAN, OTHER_MPAN = "2000000000015", "1000000000003"
READINGS = f"/api/v1/readings/?mpan={MPAN}"
LATEST = f"/api/v1/readings/latest/?mpan={MPAN}"
HISTORY = f"/api/v1/meter-points/{MPAN}/readings/"
ADVANCES = f"/api/v1/meter-points/{MPAN}/advances/"
METER_POINT = f"/api/v1/meter-points/{MPAN}/"
METER_POINTS = f"/api/v1/meter-points/?mpan={MPAN}"
ANSWERS = [READINGS, LATEST, HISTORY, ADVANCES, METER_POINT, METER_POINTS]
SEARCH = f"/search/?q={MPAN}"


def import_reading(value: int, *, number: int | None = None) -> FlowFile:
    """Import a version of one reading; that of the highest number is current."""
    number = value if number is None else number
    header = header_line(
        file_identifier=f"ANSWER{number:04}",
        created_at=f"202404{1 + number // 60:02}07{number % 60:02}00",
    )
    text = f"""
        026|{MPAN}|V|
        028|SERIAL0001|R|
        030|S|20240101000000|{value}.0|||T|N|
    """
    return imported(flow_file(text, header=header), f"{number}.uff")


def values(client: Client, url: str) -> list[str]:
    """Return the values of readings that the API answers."""
    response = client.get(url)
    assert response.status_code == 200, response
    results: list[dict[str, Any]] = response.json()["results"]
    return [row["value"] for row in results]


def page_url() -> str:
    """Return the address of the page of the meter point."""
    return MeterPoint.objects.get(mpan=MPAN).get_absolute_url()


def page_value(client: Client, url: str) -> list[str]:
    """Return the values that the page of the meter point shows in large type."""
    response = client.get(url)
    assert response.status_code == 200, response
    html = response.content.decode()
    return re.findall(r'class="stat-value" href="[^"]+">([^<]+)<', html)


def hits_and_misses() -> tuple[float, float]:
    """Return how many answers came from the cache, and how many did not."""
    hits, misses = (
        REGISTRY.get_sample_value("d0010_cached_answers_total", {"result": result})
        for result in ("hit", "miss")
    )
    assert hits is not None and misses is not None
    return hits, misses
