"""Texts in the database that can mention anything: masked wherever they stand.

Every text of every model is looked at, so that a new model needs no word here.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from functools import reduce
from operator import or_
from typing import Any

from django.apps import apps
from django.contrib.sessions.models import Session
from django.db import models
from django.db.models import Q
from django.db.models.functions import Cast

from meter_readings.d0010.redaction import Identifiers
from meter_readings.models import Meter, MeterPoint

_TEXTS = models.CharField, models.TextField, models.JSONField
# Shorter than an MPAN, and than any serial number that is looked for
_TOO_SHORT = 5
# Keys, which are removed and not masked; what is signed in is looked into by itself.
_NOT_MASKED = MeterPoint, Meter, Session

type Model = type[models.Model]


def text_models() -> Iterator[tuple[Model, list[models.Field]]]:
    """Yield each model that has texts, with those."""
    for model in apps.get_models():
        fields = [each for each in model._meta.concrete_fields if _can_mention(each)]
        if fields and model not in _NOT_MASKED:
            yield model, fields


def _can_mention(field: models.Field) -> bool:
    is_short = (getattr(field, "max_length", None) or _TOO_SHORT) < _TOO_SHORT
    return isinstance(field, _TEXTS) and not field.choices and not is_short


def mask(traces: Identifiers) -> int:
    """Mask all traces in texts; return how many rows had some."""
    return sum(_masked(*each, traces) for each in text_models())


def _masked(model: Model, fields: list[models.Field], traces: Identifiers) -> int:
    """Mask them in one model, by one question and one statement for 500 rows."""
    condition, names, changed = Q(), [field.name for field in fields], []
    as_text = {f"{name}_as_text": Cast(name, models.TextField()) for name in names}
    found = (
        Q(**{f"{name}__contains": text}) for name in as_text for text in traces.texts
    )
    condition = reduce(or_, found)
    rows = model._default_manager.annotate(**as_text).filter(condition)
    for row in rows.iterator(chunk_size=500):
        before = [getattr(row, name) for name in names]
        after = [_without(value, traces) for value in before]
        if before != after:
            for name, value in zip(names, after, strict=True):
                setattr(row, name, value)
            changed.append(row)
    model._default_manager.bulk_update(changed, names, batch_size=500)
    return len(changed)


def _without(value: Any, traces: Identifiers) -> Any:
    if isinstance(value, str):
        return traces.masked(value)
    return json.loads(traces.masked(json.dumps(value)))


def end_sessions(traces: Identifiers) -> int:
    """End the sessions that remember a trace; return how many."""
    keys = [
        session.pk
        for session in Session.objects.iterator()
        if any(text in str(session.get_decoded()) for text in traces.texts)
    ]
    ended, _ = Session.objects.filter(pk__in=keys).delete()
    return ended
