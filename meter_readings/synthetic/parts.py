"""The parts of a flow file, and the whole that is made of them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any
from zlib import crc32

from meter_readings.d0010 import (
    D0010,
    HEADER,
    TRAILER,
    Group,
    Header,
    MeterReadingType,
    MpanCore,
    RegisterReading,
    SiteVisit,
    Trailer,
    ValidationResult,
    write_group,
)
from meter_readings.d0010.codes import (
    BscValidationStatus,
    MarketRole,
    ReadingMethod,
    ReadingType,
    ReasonCode,
    SiteVisitCheckCode,
    TestDataFlag,
)

from .meters import Meter

# A group and its record.
type Part = tuple[Group, Any]

# Who sends and receives: ids (J0938, J0939) that say they are made up.
PARTICIPANT = "SYN"


def file_identifier(*told: object) -> str:
    """Return ten digits (J1064) that differ where what is told differs."""
    return f"{crc32(' '.join(map(str, told)).encode('ascii')):010}"


def header(
    file_identifier: str,
    created_at: datetime,
    *,
    from_role: MarketRole = MarketRole.NHH_DATA_COLLECTOR,
    to_role: MarketRole = MarketRole.SUPPLIER,
) -> Header:
    """Return the header of an operational file: from collector to supplier, mostly."""
    return Header(
        file_identifier=file_identifier,
        flow_and_version=D0010.flow_and_version,
        from_role=from_role,
        from_participant=PARTICIPANT + from_role,
        to_role=to_role,
        to_participant=PARTICIPANT + to_role,
        file_created_at=created_at,
        sending_application="",
        receiving_application="",
        broadcast="",
        test_data_flag=TestDataFlag.OPERATIONAL,
    )


def trailer(header: Header, *, group_count: int, flow_count: int) -> Trailer:
    """Return the trailer of a file that took a minute to write."""
    return Trailer(
        file_identifier=header.file_identifier,
        group_count=group_count,
        checksum=None,
        flow_count=flow_count,
        file_completed_at=header.file_created_at + timedelta(minutes=1),
    )


def line(group: Group, record: tuple[Any, ...]) -> str:
    """Return the line of one group with its line end."""
    return write_group(group, record) + "\n"


def flow_file(header: Header, parts: Iterable[Part]) -> Iterator[str]:
    """Yield the lines of a whole file, the trailer's counts among them."""
    yield line(HEADER, header)
    group_count = flow_count = 0
    for group, record in parts:
        group_count += 1
        flow_count += group is D0010.mpan
        yield line(group, record)
    counted = trailer(header, group_count=group_count, flow_count=flow_count)
    yield line(TRAILER, counted)


def meter_point(
    meter: Meter,
    status: BscValidationStatus = BscValidationStatus.VALIDATED,
) -> Part:
    """Return the 026 of a meter's meter point."""
    return D0010.mpan, MpanCore(meter.mpan_core, status)


def visit_to_premises(code: SiteVisitCheckCode, information: str = "") -> Part:
    """Return a 027: what was found at the premises."""
    return D0010.mpan_visit, SiteVisit(code, information)


def read(meter: Meter, reading_type: ReadingType = ReadingType.ROUTINE) -> Part:
    """Return a 028: this meter was read, and why."""
    return D0010.meter, MeterReadingType(meter.meter_id, reading_type)


def visit_to_meter(code: SiteVisitCheckCode, information: str = "") -> Part:
    """Return a 029: what was found at the meter."""
    return D0010.meter_visit, SiteVisit(code, information)


def reading(
    register_id: str,
    read_at: datetime,
    tenths: int,
    *,
    reset: tuple[datetime, int] | None = None,
    flag: bool = True,
    method: ReadingMethod = ReadingMethod.VIEWED,
) -> Part:
    """Return a 030. `reset` is when the demand was set to zero, and how many times."""
    reset_at, reset_count = reset or (None, None)
    value = Decimal(tenths).scaleb(-1)
    return D0010.reading, RegisterReading(
        register_id, read_at, value, reset_at, reset_count, flag, method
    )


def verdict(reason: ReasonCode, status: bool) -> Part:
    """Return a 032: which check a reading failed, and whether it still stands."""
    return D0010.result, ValidationResult(reason, status)


def visit_to_register(code: SiteVisitCheckCode, information: str = "") -> Part:
    """Return a 033: what was found at the register."""
    return D0010.reading_visit, SiteVisit(code, information)
