"""Look-ups of one meter point, as the audit trail has them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import NamedTuple

from django.conf import settings
from django.db.models import QuerySet
from rest_framework.request import Request

from meter_readings import audit
from meter_readings.d0010.mpan import normalise_mpan
from meter_readings.models import AuditEvent, MeterPoint

_MPAN = re.compile("[0-9]{13}")

# Query parameters that name a meter point, and the column of what is not an MPAN
_COLUMNS = {"mpan": "", "search": "", "meter_point": "pk", "meter": "meters"}
LOOK_UP_PARAMETERS = frozenset(_COLUMNS)


class LookUp(NamedTuple):
    """The meter points of a request: MPANs, or the column and id of one."""

    mpans: list[str]
    column: str = ""
    id: str = ""


def look_up_of(named: Mapping[str, str]) -> LookUp | None:
    """Return what a request names by valid parameters, or None if it is no look-up.

    `named` has `mpan` (one or several), `meter_point`, `meter` or `search`; a search is
    a look-up if its text is a whole MPAN.
    """
    texts = normalise_mpan(f"{named.get('mpan', '')},{named.get('search', '')}")
    if mpans := list(dict.fromkeys(filter(_MPAN.fullmatch, texts.split(",")))):
        return LookUp(mpans)
    for name in ("meter_point", "meter"):
        if named.get(name):
            return LookUp([], _COLUMNS[name], named[name])
    return None


def record_look_up(request: Request, named: Mapping[str, str]) -> None:
    """Record that a request has looked up a meter point, or several by their MPANs.

    It is one event for each request, also for a cached answer. AUDIT_API_LOOKUPS
    switches it off.
    """
    look_up = look_up_of(named) if settings.AUDIT_API_LOOKUPS else None
    if look_up is None:
        return
    mpans = look_up.mpans or list(_mpan_of(look_up))
    if not mpans:
        return
    match = request.resolver_match
    details = {"resource": match.url_name if match else ""}
    if len(mpans) > 1:
        details["mpans"] = ", ".join(mpans)
    label = mpans[0] if len(mpans) == 1 else ""
    audit.record_access(
        AuditEvent.Action.LOOK_UP, MeterPoint, label=label, details=details
    )


def _mpan_of(look_up: LookUp) -> QuerySet[MeterPoint, str]:
    points = MeterPoint.objects.filter(**{look_up.column: look_up.id})
    return points.values_list("mpan", flat=True)
