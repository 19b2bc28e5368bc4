"""Masking of identifiers in the text fields of every model.

In audit events of a meter point the pseudonym takes the place of the MPAN, so that they
can still be told from those of others.

The fields are found by type, so a new model is covered without a change here.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from functools import partial, reduce
from operator import or_
from typing import Any

from django.apps import apps
from django.contrib.sessions.models import Session
from django.db import models
from django.db.models import Q
from django.db.models.functions import Cast

from meter_readings import audit
from meter_readings.d0010.redaction import Identifiers
from meter_readings.models import (
    AuditEvent,
    ImportJob,
    Meter,
    MeterPoint,
    pseudonymise_mpan,
)

_TEXTS = models.CharField, models.TextField, models.JSONField
# Shorter than an MPAN and than the serial numbers that are masked
_MIN_LENGTH = 5
# These rows are deleted, not masked; sessions by delete_sessions.
_NOT_MASKED = MeterPoint, Meter, Session

type Model = type[models.Model]
type Mask = Callable[[str], str]


def text_models() -> Iterator[tuple[Model, list[models.Field]]]:
    """Yield each model with text fields, and these fields."""
    for model in apps.get_models():
        fields = [f for f in model._meta.concrete_fields if _can_mention(f)]
        if fields and model not in _NOT_MASKED:
            yield model, fields


def _can_mention(field: models.Field) -> bool:
    if field == ImportJob._meta.get_field("mpan"):
        # An erasure that waits or runs needs it, and deletes it at its end.
        return False
    is_short = (getattr(field, "max_length", None) or _MIN_LENGTH) < _MIN_LENGTH
    return isinstance(field, _TEXTS) and not field.choices and not is_short


def mask_text_fields(identifiers: Identifiers) -> int:
    """Mask the identifiers in all text fields; return the number of changed rows."""
    with audit.changing_texts():
        return sum(
            _mask_model(model, fields, identifiers) for model, fields in text_models()
        )


def _mask_model(
    model: Model, fields: list[models.Field], identifiers: Identifiers
) -> int:
    """Mask the fields of one model: one query, then one statement for 500 rows."""
    names, changed = [field.name for field in fields], []
    mask = identifiers.mask
    if model is AuditEvent:
        mask = partial(_pseudonymise, identifiers)
    as_text = {f"{name}_as_text": Cast(name, models.TextField()) for name in names}
    conditions = (
        Q(**{f"{name}__contains": text})
        for name in as_text
        for text in identifiers.texts
    )
    rows = model._default_manager.annotate(**as_text).filter(reduce(or_, conditions))
    for row in rows.iterator(chunk_size=500):
        before = [getattr(row, name) for name in names]
        after = [_masked_value(value, mask) for value in before]
        if before != after:
            for name, value in zip(names, after, strict=True):
                setattr(row, name, value)
            changed.append(row)
    model._default_manager.bulk_update(changed, names, batch_size=500)
    return len(changed)


def _masked_value(value: Any, mask: Mask) -> Any:
    if isinstance(value, str):
        return mask(value)
    return json.loads(mask(json.dumps(value)))


def _pseudonymise(identifiers: Identifiers, text: str) -> str:
    """Return the pseudonym of the MPAN; mask the identifiers in another text."""
    if text == identifiers.mpan_core:
        return pseudonymise_mpan(text)
    return identifiers.mask(text)


def delete_sessions(identifiers: Identifiers) -> int:
    """Delete the sessions that contain an identifier; return their number."""
    keys = [
        session.pk
        for session in Session.objects.iterator()
        if any(text in str(session.get_decoded()) for text in identifiers.texts)
    ]
    deleted, _ = Session.objects.filter(pk__in=keys).delete()
    return deleted
