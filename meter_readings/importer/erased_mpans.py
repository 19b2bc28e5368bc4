"""MPANs that were erased on request and are named again, known by their pseudonyms."""

from __future__ import annotations

from typing import NamedTuple

from django.db.backends.utils import CursorWrapper

from meter_readings.d0010 import D0010, Issue
from meter_readings.models import MeterPoint, SubjectRequest
from meter_readings.models.pseudonyms import pseudonymise_mpan

from .findings import FindingCollector
from .rules import ImportIssueCode

_LATEST = f"SELECT COALESCE(MAX(id), 0) FROM {MeterPoint._meta.db_table}"

_FIRST_LINES = """
SELECT named.mpan, MIN(named.line_number) FROM (
    SELECT mpan, mpan_line_number AS line_number FROM staged_meter
    UNION ALL SELECT mpan, mpan_line_number FROM staged_visit
) AS named
WHERE named.mpan = %s GROUP BY named.mpan
"""


class Watch(NamedTuple):
    """What was erased, and the latest meter point before a load."""

    pseudonyms: frozenset[str]
    latest_point: int


def watch(cursor: CursorWrapper) -> Watch | None:
    """Return what to look for among new meter points; None where nothing was erased."""
    erasures = SubjectRequest.objects.filter(kind=SubjectRequest.Kind.ERASURE)
    pseudonyms = frozenset(erasures.values_list("pseudonym", flat=True))
    if not pseudonyms:
        return None
    cursor.execute(_LATEST)
    return Watch(pseudonyms, cursor.fetchone()[0])


def report_erased_mpans(
    cursor: CursorWrapper, watched: Watch, findings: FindingCollector
) -> None:
    """Report each new meter point that had been erased, on its first line.

    Whoever asked for it may have become a customer again: a person should know.
    """
    new = MeterPoint.objects.filter(pk__gt=watched.latest_point).order_by("pk")
    for mpan in new.values_list("mpan", flat=True).iterator():
        if pseudonymise_mpan(mpan) in watched.pseudonyms:
            cursor.execute(_FIRST_LINES, [mpan])
            _, line_number = cursor.fetchone()
            group = D0010.mpan
            findings.add(
                Issue(
                    ImportIssueCode.PREVIOUSLY_ERASED,
                    line_number,
                    group.code,
                    str(group.fields[0]),
                    mpan,
                    "an MPAN that was not erased",
                )
            )
