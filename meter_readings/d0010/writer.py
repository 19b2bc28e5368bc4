"""Writer of D0010 flow files: from records to lines, by the grammar."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from . import grammar
from .grammar import Flow, Group
from .records import Entry, Header, Trailer


def write_group(group: Group, record: tuple[Any, ...]) -> str:
    """Return the line of a group, without a line end: `026|1200023305967|V|`."""
    texts = (
        field.write(value) for field, value in zip(group.fields, record, strict=True)
    )
    return "|".join((group.code, *texts, ""))


def write_entries(
    entries: Iterable[Entry], *, flow: Flow = grammar.D0010
) -> Iterator[str]:
    """Yield the lines of entries in file order; a 026 or 028 is written once."""
    groups = {group.code: group for group in flow.groups}
    mpan_line = meter_line = 0
    for entry in entries:
        if entry.mpan.line_number != mpan_line:
            mpan_line = entry.mpan.line_number
            yield write_group(flow.mpan, entry.mpan.record)
        meter = entry.meter
        if meter is not None and meter.line_number != meter_line:
            meter_line = meter.line_number
            yield write_group(flow.meter, meter.record)
        if entry.group not in (flow.mpan.code, flow.meter.code):
            yield write_group(groups[entry.group], entry.record)
        for result in entry.results:
            yield write_group(flow.result, result)


def write_flow_file(
    header: Header,
    entries: Iterable[Entry],
    trailer: Trailer | None,
    *,
    flow: Flow = grammar.D0010,
) -> Iterator[str]:
    """Yield the lines of a flow file, without line ends.

    The counts of the trailer are not checked.
    """
    yield write_group(grammar.HEADER, header)
    yield from write_entries(entries, flow=flow)
    if trailer is not None:
        yield write_group(grammar.TRAILER, trailer)
