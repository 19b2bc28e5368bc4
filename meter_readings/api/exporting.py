"""Readings as CSV and D0010: the same choice of rows, whole, and streamed.

It takes the same memory for any number of rows, and all of them as the database is at
one moment.
"""

from __future__ import annotations

from collections.abc import Generator
from typing import cast

from django.conf import settings
from django.db.models import QuerySet
from django.http import StreamingHttpResponse
from django.utils import timezone

from meter_readings import exports
from meter_readings.models import FlowFile, ReadingQuerySet
from meter_readings.ops import db_router

from .errors import Problem
from .query import refusal
from .reading_filters import ReadingQuery
from .renderers import Csv

# What has no meaning where everything is sent.
_OF_PAGES = ("cursor", "page_size", "fields")


class NothingToExport(Problem):
    """There is no flow file without a reading."""

    status_code = 404
    default_detail = "No reading matches, and a flow file cannot be empty."


class NotSetUp(Problem):
    """What writes the header of a flow file is set wrong on the server."""

    status_code = 500


def streamed(
    query: ReadingQuery,
    output_format: str,
    *,
    readings: ReadingQuerySet,
    files: QuerySet[FlowFile],
) -> StreamingHttpResponse:
    """Return all readings that a query chooses, in a format.

    Of `readings` and `files`, which are those that may be seen.
    """
    not_used = _OF_PAGES if output_format == Csv.format else (*_OF_PAGES, "ordering")
    for name in not_used:
        if name in query.data:
            raise refusal(name, f"It does not go with the format {output_format}.")
    if output_format == Csv.format:
        rows = cast(ReadingQuerySet, query.in_order(query.matching(readings)))
        lines = exports.csv_lines(readings=rows)
        return _sent(lines, Csv.media_type, exports.CSV_ENCODING, "readings.csv")
    lines = _flow_file_lines(query, readings, files)
    return _sent(lines, "text/vnd.d0010", exports.FLOW_FILE_ENCODING, "readings.uff")


def _flow_file_lines(
    query: ReadingQuery, readings: ReadingQuerySet, files: QuerySet[FlowFile]
) -> Generator[str]:
    """Return a whole file as it came, or a selection in a file of its own."""
    if query.is_whole_file:
        number = query.flow_file_id or 0
        flow_file = files.filter(pk=number).first()
        if flow_file is None or flow_file.status != FlowFile.Status.IMPORTED:
            raise NothingToExport
        return exports.flow_file_lines(flow_file=flow_file)
    chosen = cast(ReadingQuerySet, query.matching(readings))
    if not chosen.exists():
        raise NothingToExport
    try:
        ourselves = exports.participant(settings.MARKET_PARTICIPANT)
    except ValueError as error:
        raise NotSetUp(f"MARKET_PARTICIPANT is not set right: {error}.") from error
    header = exports.new_header(
        created_at=timezone.now(), sender=ourselves, recipient=ourselves
    )
    return exports.selection_lines(readings=chosen, header=header)


def _sent(
    lines: Generator[str], media_type: str, encoding: str, filename: str
) -> StreamingHttpResponse:
    return StreamingHttpResponse(
        db_router.keep_database_for(exports.encoded(lines, encoding)),
        content_type=f"{media_type}; charset={encoding}",
        headers={"Content-Disposition": f'attachment; filename="{filename}"'},
    )
