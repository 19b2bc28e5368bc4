"""Header and trailer of a synthetic flow file."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any
from zlib import crc32

from meter_readings.d0010 import D0010, Group, Header, Trailer, write_group
from meter_readings.d0010.codes import MarketRole, TestDataFlag

# Participant ids (J0938, J0939) begin with this and end with the role's letter.
_PARTICIPANT_PREFIX = "SYN"


def file_identifier(*options: object) -> str:
    """Return ten digits (J1064) computed from the options."""
    return f"{crc32(' '.join(map(str, options)).encode('ascii')):010}"


def header(file_identifier: str, created_at: datetime, sender: MarketRole) -> Header:
    """Return the header of an operational file from a data collector to a supplier."""
    recipient = MarketRole.SUPPLIER
    return Header(
        file_identifier=file_identifier,
        flow_and_version=D0010.flow_and_version,
        from_role=sender,
        from_participant=_PARTICIPANT_PREFIX + sender,
        to_role=recipient,
        to_participant=_PARTICIPANT_PREFIX + recipient,
        file_created_at=created_at,
        sending_application="",
        receiving_application="",
        broadcast="",
        test_data_flag=TestDataFlag.OPERATIONAL,
    )


def trailer(header: Header, *, group_count: int, flow_count: int) -> Trailer:
    """Return the trailer of a file completed one minute after its creation."""
    return Trailer(
        file_identifier=header.file_identifier,
        group_count=group_count,
        checksum=None,
        flow_count=flow_count,
        file_completed_at=header.file_created_at + timedelta(minutes=1),
    )


def line(group: Group, record: tuple[Any, ...]) -> str:
    """Return the line of a record, with its line feed."""
    return write_group(group, record) + "\n"
