"""Every URL of the site, filled in with keys of existing rows."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

from django.apps import apps
from django.contrib.auth.models import User
from django.contrib.contenttypes.models import ContentType
from django.db.models import Model
from django.urls import URLPattern, URLResolver, get_resolver

from meter_readings.models import (
    Finding,
    FlowFile,
    ImportJob,
    Meter,
    MeterPoint,
    Reading,
    SiteVisit,
)

# Parameters of a path and groups of a regular expression
_PARAMETER = re.compile(r"<(?:\w+:)?(\w+)>|\(\?P<(\w+)>[^)]*\)")
_ANCHOR = re.compile(r"[\^$]")
_MODEL = re.compile(r"admin/(\w+)/(\w+)/<|api/v1/([a-z-]+)/<")

# Models by their name in the API
_RESOURCES: dict[str, type[Model]] = {
    "flow-files": FlowFile,
    "imports": ImportJob,
    "findings": Finding,
    "meter-points": MeterPoint,
    "meters": Meter,
    "site-visits": SiteVisit,
    "readings": Reading,
}


class Address(NamedTuple):
    """A URL: its name, or its route if it has none, and its path."""

    name: str
    path: str


def addresses(target: User) -> list[Address]:
    """Return every URL; pages of users are those of `target`."""
    return [
        Address(name, "/" + _filled(route, target))
        for name, route in routes(get_resolver())
    ]


def routes(
    resolver: URLResolver, namespace: str = "", prefix: str = ""
) -> Iterator[tuple[str, str]]:
    """Yield the name and route of every URL in the URLconf."""
    for pattern in resolver.url_patterns:
        route = prefix + str(pattern.pattern)
        if isinstance(pattern, URLPattern):
            yield (namespace + pattern.name if pattern.name else route), route
        else:
            inner = f"{pattern.namespace}:" if pattern.namespace else ""
            yield from routes(pattern, namespace + inner, route)


def _filled(route: str, target: User) -> str:
    """Return a path: the route with keys of existing rows."""
    model = _model_of(route)
    key = target.pk if model is User else model._default_manager.latest("pk").pk
    values: dict[str, object] = {
        "app_label": "meter_readings",
        "url": "no-such-page/",
        # "View on site" names a row by content type and key.
        "content_type_id": ContentType.objects.get_for_model(model).pk,
        **dict.fromkeys(("object_id", "id", "pk", "mpan"), key),
        "name": "csv",
        "page": "ARCHITECTURE",
    }
    filled = _PARAMETER.sub(lambda match: str(values[match[1] or match[2]]), route)
    return _ANCHOR.sub("", filled)


def _model_of(route: str) -> type[Model]:
    """Return the model of a route; MeterPoint if the route names none."""
    match = _MODEL.match(route)
    if match is None:
        return MeterPoint
    app_label, model_name, resource = match.groups()
    if resource:
        return _RESOURCES[resource]
    return apps.get_model(app_label, model_name)
