"""Every address of the site, each with something there to look at."""

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

# As paths and as regular expressions write what varies in a route.
_PARAMETER = re.compile(r"<(?:\w+:)?(\w+)>|\(\?P<(\w+)>[^)]*\)")
_ANCHOR = re.compile(r"[\^$]")
_MODEL = re.compile(r"admin/(\w+)/(\w+)/<|api/v1/([a-z-]+)/<")

# What the API calls them.
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
    """One address: its name (its route, where it has none) and where it is."""

    name: str
    path: str


def addresses(target: User) -> list[Address]:
    """Return every address; pages of users are those of `target`."""
    return [
        Address(name, "/" + _filled(route, target))
        for name, route in routes(get_resolver())
    ]


def routes(
    resolver: URLResolver, namespace: str = "", prefix: str = ""
) -> Iterator[tuple[str, str]]:
    """Yield name and route of every address, as the URLconf has them."""
    for pattern in resolver.url_patterns:
        route = prefix + str(pattern.pattern)
        if isinstance(pattern, URLPattern):
            yield (namespace + pattern.name if pattern.name else route), route
        else:
            inner = f"{pattern.namespace}:" if pattern.namespace else ""
            yield from routes(pattern, namespace + inner, route)


def _filled(route: str, target: User) -> str:
    """Return a route with the keys of things that exist."""
    model = _model_of(route)
    key = target.pk if model is User else model._default_manager.latest("pk").pk
    values: dict[str, object] = {
        "app_label": "meter_readings",
        "url": "no-such-page/",
        # As "view on site" names a thing: by its type and its key.
        "content_type_id": ContentType.objects.get_for_model(model).pk,
        **dict.fromkeys(("object_id", "id", "pk"), key),
        "name": "csv",
        "page": "ARCHITECTURE",
    }
    filled = _PARAMETER.sub(lambda found: str(values[found[1] or found[2]]), route)
    return _ANCHOR.sub("", filled)


def _model_of(route: str) -> type[Model]:
    """Return of what a route shows one; meter points, where it does not say."""
    found = _MODEL.match(route)
    if found is None:
        return MeterPoint
    app_label, model_name, resource = found.groups()
    if resource:
        return _RESOURCES[resource]
    return apps.get_model(app_label, model_name)
