"""What is read from one line of a flow file: one record for each group.

NamedTuples, because they are made by the million. Times are aware, Europe/London,
and keep the clock time that the file said. Blank text is "", an absent number, time
or truth is None.
"""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import NamedTuple


class Header(NamedTuple):
    """ZHV: who sent the file, to whom, when.

    `ZHV|0000475656|D0010002|D|UDMS|X|MRCY|20160302153151||||OPER|`
    """

    file_identifier: str
    flow_and_version: str
    from_role: str
    from_participant: str
    to_role: str
    to_participant: str
    file_created_at: datetime
    sending_application: str
    receiving_application: str
    broadcast: str
    test_data_flag: str


class Trailer(NamedTuple):
    """ZPT: what the sender counted. `ZPT|0000475656|35||11|20160302154650|`"""

    file_identifier: str
    group_count: int | None
    checksum: int | None
    flow_count: int | None
    file_completed_at: datetime | None


class MpanCore(NamedTuple):
    """Group 026, one metering point. `026|1200023305967|V|`"""

    mpan_core: str
    bsc_validation_status: str


class MeterReadingType(NamedTuple):
    """Group 028, one meter and why it was read. `028|F75A 00802|D|`"""

    meter_id: str
    reading_type: str


class RegisterReading(NamedTuple):
    """Group 030, one register at one time. `030|S|20160222000000|56311.0|||T|N|`"""

    register_id: str
    read_at: datetime
    value: Decimal
    md_reset_at: datetime | None
    md_reset_count: int | None
    meter_reading_flag: bool | None
    reading_method: str


class ValidationResult(NamedTuple):
    """Group 032, the verdict on a suspect reading. `032|05|F|`"""

    reason_code: str
    meter_reading_status: bool | None


class SiteVisit(NamedTuple):
    """Groups 027, 029 and 033: what was found on site. `027|02|Synthetic note|`"""

    check_code: str
    additional_information: str


class ParentGroup[Record](NamedTuple):
    """A group that later lines stand under, and the line it came on."""

    line_number: int
    record: Record


class Entry(NamedTuple):
    """One thing a file said, with the groups it stands under.

    `group` is the catalogue's number and `record` its record. A 030 carries its 032s
    in `results`; a 033 names its 030 in `reading_line_number`. A 026 or 028 is an
    entry of its own only where nothing stands under it.
    """

    line_number: int
    group: str
    record: RegisterReading | SiteVisit | MpanCore | MeterReadingType
    mpan: ParentGroup[MpanCore]
    meter: ParentGroup[MeterReadingType] | None
    results: tuple[ValidationResult, ...] = ()
    reading_line_number: int | None = None
