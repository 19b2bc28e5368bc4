"""What was found on the lines of an MPAN."""

from __future__ import annotations

from collections.abc import Iterable
from functools import reduce
from itertools import batched
from operator import or_

from django.db.models import Q, QuerySet

from meter_readings.models import Finding

from .originals import Mention

# As many conditions as any database takes in one question
_PASSAGES_AT_ONCE = 100


def of_passages(mentions: Iterable[Mention]) -> Iterable[QuerySet[Finding]]:
    """Yield the findings on lines under the MPAN, those of some passages at a time."""
    passages = [
        Q(flow_file=mention.flow_file, line_number__range=passage)
        for mention in mentions
        for passage in mention.redaction.passages
    ]
    for some in batched(passages, _PASSAGES_AT_ONCE):
        yield Finding.objects.filter(reduce(or_, some)).order_by("pk")
