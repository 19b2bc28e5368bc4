"""Findings on the lines of an MPAN."""

from __future__ import annotations

from collections.abc import Iterable
from functools import reduce
from itertools import batched
from operator import or_

from django.db.models import Q, QuerySet

from meter_readings.models import Finding

from .originals import FileMention

# A query with more conditions is too long for SQLite.
_BLOCKS_PER_QUERY = 100


def findings_in_blocks(mentions: Iterable[FileMention]) -> Iterable[QuerySet[Finding]]:
    """Yield the findings on the lines of the MPAN, in batches of MPAN blocks."""
    conditions = [
        Q(flow_file=mention.flow_file, line_number__range=block)
        for mention in mentions
        for block in mention.redaction.mpan_blocks
    ]
    for batch in batched(conditions, _BLOCKS_PER_QUERY):
        yield Finding.objects.filter(reduce(or_, batch)).order_by("pk")
