"""D0010 version 002 as one table: its groups, their nesting, every field.

Source: Data Transfer Catalogue v15.4 (Data Flow Catalogue for the groups, Data Item
Catalogue for the fields). Parser, writer and documentation all read this table, so
another flow of the same structure is another table and nothing more.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import Any

from . import codes, records
from .field_types import (
    Amount,
    Code,
    FieldType,
    Integer,
    Moment,
    Mpan,
    Remark,
    Text,
    Truth,
)
from .issues import InvalidValue, IssueCode


class Required(Enum):
    """Whether a cell must be filled, and what its absence costs."""

    KEY = "mandatory"  # without it the line means nothing
    EXPECTED = "mandatory (absence is reported)"
    OPTIONAL = "optional"


@dataclass(frozen=True)
class Field:
    """One cell of a group.

    `name` is the record's attribute, `title` and `item` the catalogue's name and
    J-number, `format` how the cell is read and written.
    """

    name: str
    title: str
    item: str
    format: FieldType
    presence: Required = Required.OPTIONAL

    def read(self, cell: str, remark: Remark) -> object:
        """Return what a cell says; raise InvalidValue where it says nothing usable.

        What is odd but usable is told to `remark` with what was expected.
        """
        stripped = cell.strip(" ")
        if stripped:
            if stripped != cell:
                remark(IssueCode.SURROUNDING_SPACES, "the value alone")
            return self.format.read(stripped, remark)
        if self.presence is Required.KEY:
            raise InvalidValue(IssueCode.MISSING_VALUE, self.format.picture)
        if self.presence is Required.EXPECTED:
            remark(IssueCode.MISSING_EXPECTED_VALUE, self.format.picture)
        return "" if isinstance(self.format, Text | Code) else None

    def write(self, value: object) -> str:
        """Return the cell of a value: the inverse of `read` for what is canonical."""
        return "" if value is None or value == "" else self.format.write(value)

    def __str__(self) -> str:
        return f"{self.title} ({self.item})"


@dataclass(frozen=True)
class Group:
    """One numbered kind of line; `parent` is the code of the group it stands under."""

    code: str
    title: str
    record: type[tuple[Any, ...]]
    fields: tuple[Field, ...]
    parent: str | None = None
    cardinality: str = "1"


@dataclass(frozen=True)
class Flow:
    """A data flow: its reference and version, and the part each group plays in it."""

    name: str
    version: str
    title: str
    mpan: Group
    mpan_visit: Group
    meter: Group
    meter_visit: Group
    reading: Group
    result: Group
    reading_visit: Group

    @property
    def flow_and_version(self) -> str:
        """Return J0937 as the header writes it: `D0010002`."""
        return self.name + self.version

    @property
    def groups(self) -> tuple[Group, ...]:
        """Return the groups in catalogue order."""
        return (
            self.mpan,
            self.mpan_visit,
            self.meter,
            self.meter_visit,
            self.reading,
            self.result,
            self.reading_visit,
        )

    def group(self, code: str) -> Group | None:
        """Return the group of this code, or None where the flow has none."""
        return next((group for group in self.groups if group.code == code), None)


KEY, EXPECTED, OPTIONAL = Required

HEADER = Group(
    "ZHV",
    "Header of the user file",
    records.Header,
    (
        Field("file_identifier", "File Identifier", "J1064", Text(10, 20), KEY),
        Field("flow_and_version", "Data Flow and Version", "J0937", Text(8, 8), KEY),
        Field(
            "from_role",
            "From Market Participant Role Code",
            "J0934",
            Text(1, 1),
            EXPECTED,
        ),
        Field(
            "from_participant",
            "From Market Participant Id",
            "J0938",
            Text(4, 4),
            EXPECTED,
        ),
        Field(
            "to_role",
            "To Market Participant Role Code",
            "J0935",
            Text(1, 1),
            EXPECTED,
        ),
        Field(
            "to_participant", "To Market Participant Id", "J0939", Text(4, 4), EXPECTED
        ),
        Field("file_created_at", "File Creation Timestamp", "J0280", Moment(), KEY),
        Field("sending_application", "Sending Application Id", "J1060", Text(5, 5)),
        Field("receiving_application", "Receiving Application Id", "J1061", Text(5, 5)),
        Field("broadcast", "Broadcast", "J1062", Text(1, 1)),
        Field("test_data_flag", "Test Data Flag", "J1063", Text(4, 4)),
    ),
)

TRAILER = Group(
    "ZPT",
    "Trailer of the user file",
    records.Trailer,
    (
        Field("file_identifier", "File Identifier", "J1064", Text(10, 20), KEY),
        Field("group_count", "Total Group Count", "J1067", Integer(10), EXPECTED),
        Field("checksum", "Checksum", "J1078", Integer(10)),
        Field("flow_count", "Flow Count", "J1066", Integer(8), EXPECTED),
        Field(
            "file_completed_at",
            "File Completion Timestamp",
            "J1065",
            Moment(),
            EXPECTED,
        ),
    ),
    cardinality="0..1",
)

_SITE_VISIT_FIELDS = (
    Field(
        "check_code",
        "Site Visit Check Code",
        "J0024",
        Code(2, codes.SiteVisitCheckCode),
        EXPECTED,
    ),
    Field("additional_information", "Additional Information", "J0012", Text(200, 200)),
)

D0010 = Flow(
    name="D0010",
    version="002",
    title="Meter Readings",
    mpan=Group(
        "026",
        "MPAN Cores",
        records.MpanCore,
        (
            Field("mpan_core", "MPAN Core", "J0003", Mpan(), KEY),
            Field(
                "bsc_validation_status",
                "BSC Validation Status",
                "J0022",
                Code(1, codes.BscValidationStatus),
                EXPECTED,
            ),
        ),
        cardinality="1..*",
    ),
    mpan_visit=Group(
        "027",
        "Site Visit Information",
        records.SiteVisit,
        _SITE_VISIT_FIELDS,
        parent="026",
        cardinality="0..*",
    ),
    meter=Group(
        "028",
        "Meter/Reading Types",
        records.MeterReadingType,
        (
            Field("meter_id", "Meter Id (Serial Number)", "J0004", Text(10, 20), KEY),
            Field(
                "reading_type",
                "Reading Type",
                "J0171",
                Code(1, codes.ReadingType),
                EXPECTED,
            ),
        ),
        parent="026",
        cardinality="1..*",
    ),
    meter_visit=Group(
        "029",
        "Site Visit Information",
        records.SiteVisit,
        _SITE_VISIT_FIELDS,
        parent="028",
        cardinality="0..*",
    ),
    reading=Group(
        "030",
        "Register Readings",
        records.RegisterReading,
        (
            Field("register_id", "Meter Register Id", "J0010", Text(2, 2), KEY),
            Field("read_at", "Reading Date & Time", "J0016", Moment(), KEY),
            Field("value", "Register Reading", "J0040", Amount(8, 1), KEY),
            Field("md_reset_at", "MD Reset Date & Time", "J0044", Moment()),
            Field("md_reset_count", "Number of MD Resets", "J1013", Integer(3)),
            Field("meter_reading_flag", "Meter Reading Flag", "J0045", Truth()),
            Field(
                "reading_method",
                "Reading Method",
                "J1888",
                Code(1, codes.ReadingMethod),
                EXPECTED,
            ),
        ),
        parent="028",
        cardinality="0..*",
    ),
    result=Group(
        "032",
        "Meter Reading Validation Result",
        records.ValidationResult,
        (
            Field(
                "reason_code",
                "Meter Reading Reason Code",
                "J0332",
                Code(2, codes.ReasonCode),
                EXPECTED,
            ),
            Field(
                "meter_reading_status",
                "Meter Reading Status",
                "J0047",
                Truth(),
                EXPECTED,
            ),
        ),
        parent="030",
        cardinality="1 (0 or 1 in practice)",
    ),
    reading_visit=Group(
        "033",
        "Site Visit Information",
        records.SiteVisit,
        _SITE_VISIT_FIELDS,
        parent="030",
        cardinality="0..*",
    ),
)

_COLLECTOR = codes.MarketRole.NHH_DATA_COLLECTOR
_HALF_HOURLY = codes.MarketRole.HH_DATA_COLLECTOR
_OPERATOR = codes.MarketRole.METER_OPERATOR
_SUPPLIER = codes.MarketRole.SUPPLIER
_DISTRIBUTOR = codes.MarketRole.DISTRIBUTOR

# Which role sends a D0010 to which (DTC-F v15.4): the roles whose letters are sure.
ROUTES: dict[str, set[str]] = {
    _COLLECTOR: {_DISTRIBUTOR, _COLLECTOR, _SUPPLIER},
    _HALF_HOURLY: {_DISTRIBUTOR, _HALF_HOURLY, _SUPPLIER},
    _OPERATOR: {_DISTRIBUTOR, _HALF_HOURLY, _OPERATOR, _COLLECTOR, _SUPPLIER},
    _SUPPLIER: {_DISTRIBUTOR, _COLLECTOR, _SUPPLIER},
    _DISTRIBUTOR: {_COLLECTOR},
}
