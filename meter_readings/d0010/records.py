"""Records: the values of one line of a flow file, one class for each kind of group.

They are NamedTuples because a large file has millions of them. Dates and times are
aware, in Europe/London, with the clock time of the file. An empty text field is "";
an empty number, date and time or flag is None.
"""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import NamedTuple

# Makes a record from its class and a sequence of values: `tuple.__new__` without the
# wrapper of a NamedTuple, which takes three times as long.
make_record = tuple.__new__


class Header(NamedTuple):
    """ZHV: the sender, the recipient and the time of creation.

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
    """ZPT: the control totals. `ZPT|0000475656|35||11|20160302154650|`"""

    file_identifier: str
    group_count: int | None
    checksum: int | None
    flow_count: int | None
    file_completed_at: datetime | None


class MpanCore(NamedTuple):
    """026: one metering point. `026|1200023305967|V|`"""

    mpan_core: str
    bsc_validation_status: str


class MeterReadingType(NamedTuple):
    """028: one meter and the type of its readings. `028|F75A 00802|D|`"""

    meter_id: str
    reading_type: str


class RegisterReading(NamedTuple):
    """030: one register at one time. `030|S|20160222000000|56311.0|||T|N|`"""

    register_id: str
    read_at: datetime
    value: Decimal
    md_reset_at: datetime | None
    md_reset_count: int | None
    meter_reading_flag: bool | None
    reading_method: str


class ValidationResult(NamedTuple):
    """032: the validation result of a suspect reading. `032|05|F|`"""

    reason_code: str
    meter_reading_status: bool | None


class SiteVisit(NamedTuple):
    """027, 029 and 033: the findings of a site visit. `027|02|Synthetic note|`"""

    check_code: str
    additional_information: str


class ParentGroup[Record](NamedTuple):
    """The record of a 026 or 028 and its line number."""

    line_number: int
    record: Record


class Entry(NamedTuple):
    """A record of a file with its parent groups.

    A 030 has its 032s in `results`. A 033 has the line number of its 030 in
    `reading_line_number`. A 026 or 028 is an entry only if it has no children.
    """

    line_number: int
    group: str
    record: RegisterReading | SiteVisit | MpanCore | MeterReadingType
    mpan: ParentGroup[MpanCore]
    meter: ParentGroup[MeterReadingType] | None
    results: tuple[ValidationResult, ...] = ()
    reading_line_number: int | None = None
