"""Grammar of D0010 version 002: one table of its groups, their nesting and fields.

Source: Data Transfer Catalogue v15.4 (Data Flow Catalogue for the groups, Data Item
Catalogue for the fields). Parser, writer and format documentation read this table.
Another flow of the same structure needs only another table.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import Any

from . import codes, records
from .field_types import (
    BooleanType,
    CodeType,
    DateTimeType,
    DecimalType,
    FieldReport,
    FieldType,
    IntegerType,
    MpanType,
    TextType,
)
from .issues import InvalidValue, IssueCode


class Required(Enum):
    """Whether a field must be filled."""

    MANDATORY = "mandatory"  # the record is invalid without it
    EXPECTED = "mandatory (absence is reported)"
    OPTIONAL = "optional"


@dataclass(frozen=True)
class Field:
    """A field of a group.

    `name` is the attribute of the record. `catalogue_name` and `j_number` are the
    catalogue's name and number of the data item.
    """

    name: str
    catalogue_name: str
    j_number: str
    format: FieldType
    required: Required = Required.OPTIONAL

    def read(self, text: str, report: FieldReport) -> object:
        """Return the value of a text; raise InvalidValue if it has none.

        An unusual value is reported by `report(code, expected)` and returned.
        """
        stripped = text.strip(" ")
        if stripped:
            if stripped != text:
                report(IssueCode.SURROUNDING_SPACES, "the value alone")
            return self.format.read(stripped, report)
        if self.required is Required.MANDATORY:
            raise InvalidValue(IssueCode.MISSING_VALUE, self.format.notation)
        if self.required is Required.EXPECTED:
            report(IssueCode.MISSING_EXPECTED_VALUE, self.format.notation)
        return "" if isinstance(self.format, TextType | CodeType) else None

    def write(self, value: object) -> str:
        """Return the text of a value in canonical form."""
        return "" if value is None or value == "" else self.format.write(value)

    def __str__(self) -> str:
        return f"{self.catalogue_name} ({self.j_number})"


@dataclass(frozen=True)
class Group:
    """A kind of line, such as 030; `parent` is the code of its parent group."""

    code: str
    title: str
    record: type[tuple[Any, ...]]
    fields: tuple[Field, ...]
    parent: str | None = None
    cardinality: str = "1"


@dataclass(frozen=True)
class Flow:
    """A data flow: its name, version and groups, each by its role in the flow."""

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
        """J0937, such as `D0010002`."""
        return self.name + self.version

    @property
    def groups(self) -> tuple[Group, ...]:
        """The groups in the order of the catalogue."""
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
        """Return the group with this code, or None."""
        return next((group for group in self.groups if group.code == code), None)


MANDATORY, EXPECTED, OPTIONAL = Required

HEADER = Group(
    "ZHV",
    "Header of the user file",
    records.Header,
    (
        Field(
            "file_identifier", "File Identifier", "J1064", TextType(10, 20), MANDATORY
        ),
        Field(
            "flow_and_version",
            "Data Flow and Version",
            "J0937",
            TextType(8, 8),
            MANDATORY,
        ),
        Field(
            "from_role",
            "From Market Participant Role Code",
            "J0934",
            TextType(1, 1),
            EXPECTED,
        ),
        Field(
            "from_participant",
            "From Market Participant Id",
            "J0938",
            TextType(4, 4),
            EXPECTED,
        ),
        Field(
            "to_role",
            "To Market Participant Role Code",
            "J0935",
            TextType(1, 1),
            EXPECTED,
        ),
        Field(
            "to_participant",
            "To Market Participant Id",
            "J0939",
            TextType(4, 4),
            EXPECTED,
        ),
        Field(
            "file_created_at",
            "File Creation Timestamp",
            "J0280",
            DateTimeType(),
            MANDATORY,
        ),
        Field("sending_application", "Sending Application Id", "J1060", TextType(5, 5)),
        Field(
            "receiving_application", "Receiving Application Id", "J1061", TextType(5, 5)
        ),
        Field("broadcast", "Broadcast", "J1062", TextType(1, 1)),
        Field("test_data_flag", "Test Data Flag", "J1063", TextType(4, 4)),
    ),
)

TRAILER = Group(
    "ZPT",
    "Trailer of the user file",
    records.Trailer,
    (
        Field(
            "file_identifier", "File Identifier", "J1064", TextType(10, 20), MANDATORY
        ),
        Field("group_count", "Total Group Count", "J1067", IntegerType(10), EXPECTED),
        Field("checksum", "Checksum", "J1078", IntegerType(10)),
        Field("flow_count", "Flow Count", "J1066", IntegerType(8), EXPECTED),
        Field(
            "file_completed_at",
            "File Completion Timestamp",
            "J1065",
            DateTimeType(),
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
        CodeType(2, codes.SiteVisitCheckCode),
        EXPECTED,
    ),
    Field(
        "additional_information", "Additional Information", "J0012", TextType(200, 200)
    ),
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
            Field("mpan_core", "MPAN Core", "J0003", MpanType(), MANDATORY),
            Field(
                "bsc_validation_status",
                "BSC Validation Status",
                "J0022",
                CodeType(1, codes.BscValidationStatus),
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
            Field(
                "meter_id",
                "Meter Id (Serial Number)",
                "J0004",
                TextType(10, 20),
                MANDATORY,
            ),
            Field(
                "reading_type",
                "Reading Type",
                "J0171",
                CodeType(1, codes.ReadingType),
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
            Field(
                "register_id", "Meter Register Id", "J0010", TextType(2, 2), MANDATORY
            ),
            Field("read_at", "Reading Date & Time", "J0016", DateTimeType(), MANDATORY),
            Field("value", "Register Reading", "J0040", DecimalType(8, 1), MANDATORY),
            Field("md_reset_at", "MD Reset Date & Time", "J0044", DateTimeType()),
            Field("md_reset_count", "Number of MD Resets", "J1013", IntegerType(3)),
            Field("meter_reading_flag", "Meter Reading Flag", "J0045", BooleanType()),
            Field(
                "reading_method",
                "Reading Method",
                "J1888",
                CodeType(1, codes.ReadingMethod),
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
                CodeType(2, codes.ReasonCode),
                EXPECTED,
            ),
            Field(
                "meter_reading_status",
                "Meter Reading Status",
                "J0047",
                BooleanType(),
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

# Recipients of a D0010 by sender (DTC-F v15.4), for the roles with a known code
ROUTES: dict[str, set[str]] = {
    _COLLECTOR: {_DISTRIBUTOR, _COLLECTOR, _SUPPLIER},
    _HALF_HOURLY: {_DISTRIBUTOR, _HALF_HOURLY, _SUPPLIER},
    _OPERATOR: {_DISTRIBUTOR, _HALF_HOURLY, _OPERATOR, _COLLECTOR, _SUPPLIER},
    _SUPPLIER: {_DISTRIBUTOR, _COLLECTOR, _SUPPLIER},
    _DISTRIBUTOR: {_COLLECTOR},
}
