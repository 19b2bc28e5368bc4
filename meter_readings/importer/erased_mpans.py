"""Erased MPANs in new imports: found by their pseudonyms, reported as findings."""

from __future__ import annotations

from typing import NamedTuple

from django.db.backends.utils import CursorWrapper

from meter_readings.d0010 import D0010, Issue
from meter_readings.models import MeterPoint, SubjectRequest
from meter_readings.models import pseudonymise_mpan

from .findings import FindingCollector
from .rules import ImportIssueCode
from .sql import METER_POINT

_LATEST_ID_SQL = f"SELECT COALESCE(MAX(id), 0) FROM {METER_POINT}"

_FIRST_LINE_SQL = """
SELECT MIN(line_number) FROM (
    SELECT mpan, mpan_line_number AS line_number FROM staged_meter
    UNION ALL SELECT mpan, mpan_line_number FROM staged_visit
) AS staged
WHERE mpan = %s
"""


class ErasureWatch(NamedTuple):
    """The pseudonyms of erased MPANs, and the highest meter point id before a load."""

    pseudonyms: frozenset[str]
    latest_meter_point_id: int


def start_erasure_watch(cursor: CursorWrapper) -> ErasureWatch | None:
    """Return the watch for a load that begins; None if no MPAN was erased so far."""
    erasures = SubjectRequest.objects.filter(kind=SubjectRequest.Kind.ERASURE)
    pseudonyms = frozenset(erasures.values_list("pseudonym", flat=True))
    if not pseudonyms:
        return None
    cursor.execute(_LATEST_ID_SQL)
    return ErasureWatch(pseudonyms, cursor.fetchone()[0])


def report_erased_mpans(
    cursor: CursorWrapper, watch: ErasureWatch, findings: FindingCollector
) -> None:
    """Add a finding for each new meter point that was erased before.

    The person may be a customer again, which only a person can find out.
    """
    new = MeterPoint.objects.filter(pk__gt=watch.latest_meter_point_id).order_by("pk")
    for mpan in new.values_list("mpan", flat=True).iterator():
        if pseudonymise_mpan(mpan) in watch.pseudonyms:
            cursor.execute(_FIRST_LINE_SQL, [mpan])
            (line_number,) = cursor.fetchone()
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
