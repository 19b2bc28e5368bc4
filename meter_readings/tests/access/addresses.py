"""Every address of the site, each with something there to look at."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

from django.apps import apps
from django.contrib.auth.models import User
from django.contrib.contenttypes.models import ContentType
from django.urls import URLPattern, URLResolver, get_resolver

from meter_readings.models import MeterPoint

# As paths and as regular expressions write what varies in a route.
_PARAMETER = re.compile(r"<(?:\w+:)?(\w+)>|\(\?P<(\w+)>[^)]*\)")
_ANCHOR = re.compile(r"[\^$]")
_MODEL = re.compile(r"admin/(\w+)/(\w+)/<")


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
    model = _MODEL.match(route)
    values: dict[str, object] = {
        "app_label": "meter_readings",
        "url": "no-such-page/",
        # As "view on site" names a thing: by its type and its key.
        "content_type_id": ContentType.objects.get_for_model(MeterPoint).pk,
        "object_id": MeterPoint.objects.latest("pk").pk,
    }
    if model and model[2] == "user":
        values |= {"object_id": target.pk, "id": target.pk}
    elif model:
        values["object_id"] = apps.get_model(model[1], model[2]).objects.latest("pk").pk
    filled = _PARAMETER.sub(lambda found: str(values[found[1] or found[2]]), route)
    return _ANCHOR.sub("", filled)
