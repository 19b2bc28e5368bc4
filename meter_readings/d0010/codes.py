"""Code lists of the catalogue: members by meaning, values by catalogue.

Source: Data Transfer Catalogue v15.4, Data Item Catalogue. A code of a file that is not
in its list is stored as received and reported.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Self


class CodeList(StrEnum):
    """Base of the code lists; labels are for display."""

    label: str

    def __new__(cls, value: str, label: str) -> Self:
        member = str.__new__(cls, value)
        member._value_ = value
        member.label = label
        return member

    @classmethod
    def choices(cls) -> list[tuple[str, str]]:
        """Return (value, label) pairs in the order of the catalogue."""
        return [(member.value, member.label) for member in cls]

    @classmethod
    def label_of(cls, value: str) -> str:
        """Return the label of `value`, or `value` itself if it is not in the list."""
        member = cls._value2member_map_.get(value)
        return member.label if isinstance(member, cls) else value


class BscValidationStatus(CodeList):
    """J0022: whether the readings are validated for Settlement."""

    VALIDATED = "V", "Validated"
    UNVALIDATED = "U", "Not validated"
    FAILED = "F", "Failed validation"


class ReadingType(CodeList):
    """J0171: why or by whom a reading was taken. It is not the type of the meter."""

    ACTUAL_CHANGE_OF_SUPPLIER = "A", "Actual change of supplier read"
    CUSTOMER = "C", "Customer's own read"
    DEEMED_OR_ESTIMATED = "D", "Deemed or estimated"
    FINAL = "F", "Final"
    INITIAL = "I", "Initial"
    METER_ADVANCE_RECONCILIATION = "M", "Meter advance reconciliation"
    OLD_SUPPLIERS_ESTIMATE = "O", "Old supplier's estimated change of supplier read"
    PREPAYMENT = "P", "Collected electronically by the prepayment provider"
    MODIFIED = "Q", "Modified manually by the data collector"
    ROUTINE = "R", "Routine"
    SPECIAL = "S", "Special"
    PROVING_TEST = "T", "Proving test reading"
    FORWARD_CHANGE_OF_AGENT = "U", "Forward migration, change of agent"
    FORWARD_CHANGE_OF_SUPPLIER = "V", "Forward migration, change of supplier"
    WITHDRAWN = "W", "Withdrawn"
    SUPPLIER_AGREED = "X", "Supplier agreed switch read"
    REVERSE_CHANGE_OF_SUPPLIER = "Y", "Reverse migration, change of supplier"
    ACTUAL_CHANGE_OF_TENANCY = "Z", "Actual change of tenancy read"


class Basis(CodeList):
    """Reading basis: derived from J0171, not an item of the catalogue."""

    ACTUAL = "actual", "Actual"
    CUSTOMER = "customer", "Customer"
    ESTIMATED = "estimated", "Estimated"
    ADJUSTED = "adjusted", "Adjusted"
    AGREED = "agreed", "Agreed"
    TEST = "test", "Proving test"
    WITHDRAWN = "withdrawn", "Withdrawn"


_BASIS_OTHER_THAN_ACTUAL: dict[str, Basis] = {
    ReadingType.CUSTOMER: Basis.CUSTOMER,
    ReadingType.DEEMED_OR_ESTIMATED: Basis.ESTIMATED,
    ReadingType.OLD_SUPPLIERS_ESTIMATE: Basis.ESTIMATED,
    ReadingType.MODIFIED: Basis.ADJUSTED,
    ReadingType.SUPPLIER_AGREED: Basis.AGREED,
    ReadingType.PROVING_TEST: Basis.TEST,
    ReadingType.WITHDRAWN: Basis.WITHDRAWN,
}


def basis_of(reading_type: str) -> Basis:
    """Return the basis of a J0171 code; an empty or unknown code is actual."""
    return _BASIS_OTHER_THAN_ACTUAL.get(reading_type, Basis.ACTUAL)


def reading_types_of(basis: str) -> list[str]:
    """Return the J0171 codes of a basis."""
    return [code.value for code in ReadingType if basis_of(code) == basis]


# Usual meanings of register ids (J0010), by the trade's habit. The file does not say
# them: the catalogue has no list, and a meter can use an id for something else.
REGISTER_MEANINGS = {
    "S": "Single rate",
    "TO": "Total",
    "DY": "Day",
    "NT": "Night",
    "EW": "Evening and weekend",
    "WE": "Weekend",
    "L": "Low rate (night)",
    "N": "Normal rate (day)",
    "01": "Rate 1, or the only rate",
    "02": "Rate 2",
    "03": "Rate 3",
    "04": "Rate 4",
    "1": "Rate 1, or the only rate",
    "2": "Rate 2",
    "A1": "Rate 1, or the only rate",
    "A2": "Rate 2",
    "MD": "Maximum demand",
    "M1": "Maximum demand 1",
    "M2": "Maximum demand 2",
    "IM": "Import",
    "EX": "Export",
}


def register_meaning(register_id: str) -> str:
    """Return the usual meaning of a J0010, or an empty string if it has none."""
    return REGISTER_MEANINGS.get(register_id, "")


class ReadingMethod(CodeList):
    """J1888: whether an agent viewed the meter.

    Catalogue v15.4 has no values; these are the values of files in use.
    """

    NOT_VIEWED = "N", "Not viewed by an agent, or no site visit"
    VIEWED = "P", "Viewed by an agent, or site visit"


class TestDataFlag(CodeList):
    """J1063: the only documented value. TRnn values mark test and training files."""

    OPERATIONAL = "OPER", "Operational"


class ReasonCode(CodeList):
    """J0332: the validation check that a reading failed (group 032)."""

    MSID_INCORRECT = "01", "MSID incorrect"
    READING_DATES = "02", "Reading dates"
    NEGATIVE_CONSUMPTION = "03", "Negative consumption"
    INCONSISTENT_WITH_SLAVE = "04", "Inconsistent with slave register advance"
    OVER_TWICE_EXPECTED = "05", "Over twice expected advance"
    INCORRECTLY_ENERGISED = "06", "Meter incorrectly energised"
    INCORRECTLY_DE_ENERGISED = "07", "Meter incorrectly de-energised"
    FULL_SCALE_DEMAND = "08", "Full-scale maximum demand"
    ZERO_DEMAND = "09", "Zero maximum demand"
    SEVERAL_DEMAND_RESETS = "10", "More than one maximum demand reset"
    DIGITS_INCORRECT = "11", "Number of register digits incorrect"
    INCONSISTENT_READ_DATE = "12", "Inconsistent register read date"
    FAULTY_METER = "13", "Faulty meter"
    HAND_HELD_FAILURE = "14", "Hand-held read failure"
    METER_NOT_ON_SITE = "15", "Meter not on site, or protocol not approved"
    STANDING_DATA_INCORRECT = "16", "Standing data incorrect"
    NO_ACCESS = "17", "No access to meter"
    METER_CLOCK_RESET = "18", "Meter time or date reset"
    OUTSTATION_RESET = "19", "Outstation reset"
    METER_CHANGE = "20", "Meter change or maintenance"
    PHASE_FAILURE = "21", "Phase failure"
    RECORDING_ZEROS = "22", "Meters recording zeros"
    TEST_DATA = "23", "Test data recorded"
    DATA_LAPSE = "24", "Data lapse"
    ACTUAL_KEYED = "25", "Actual data manually keyed"
    INVALID_ZERO_ADVANCES = "26", "Invalid zero advances"
    ZERO_CONSUMPTION = "27", "Zero consumption"


class SiteVisitCheckCode(CodeList):
    """J0024: the result of a site visit (groups 027, 029 and 033). 12 is not used."""

    OCCUPIED = "01", "Occupied"
    NOT_OCCUPIED = "02", "Not occupied"
    ENERGISED = "03", "System energised"
    DE_ENERGISED = "04", "System de-energised"
    DAMAGE = "05", "Equipment or meter damage"
    TAMPERING = "06", "Suspected tampering"
    TIMESWITCH_STOPPED = "07", "Timeswitch stopped"
    PHASE_OR_FUSE_FAILURE = "08", "Phase or fuse failure"
    CONSUMPTION_DE_ENERGISED = "09", "Consumption on de-energised meter"
    CHANGE_OF_METER = "10", "Change of meter"
    ZERO_DEMAND_REGISTER = "11", "Zero on maximum demand register"
    DEMAND_FULL_SCALE = "13", "Maximum demand register full scale"
    SEVERAL_DEMAND_RESETS = "14", "More than one maximum demand reset"
    METER_STOPPED = "15", "Meter stopped"
    SEALS_DAMAGED = "16", "Seals damaged"
    SEALS_MISSING = "17", "Seals missing"
    UNSAFE = "18", "Unsafe"
    NO_ROUTINE_CALL = "19", "No routine call made"
    NO_ACCESS = "20", "No access"
    ACCESS_REFUSED = "21", "Access refused"
    METER_BLOCKED = "22", "Meter blocked"
    WIRING_DANGEROUS = "23", "Wiring dangerous or incomplete"
    TOKEN_METER_RESET = "24", "Token meter reset"
    TOKEN_METER_NOT_RESET = "25", "Token meter not reset"
    APPOINTMENT_MISSED = "26", "Agent missed appointment"
    MODIFIED_MANUALLY = "27", "Read modified manually by NHHDC, no visit needed"
    ADDRESS_INSUFFICIENT = "28", "Address insufficient"
    CUSTOMER_CANNOT_GIVE_ACCESS = "29", "Customer cannot give access"
    NO_ACCESS_HIGH_VOLTAGE = "30", "No access to high voltage environment"
    PORT_UNAVAILABLE = "31", "Interrogation port unavailable (half-hourly)"
    WRONG_PASSWORD = "32", "Wrong password (half-hourly)"
    HAND_HELD_FAILURE = "33", "Hand-held failure (half-hourly)"
    SUSPECTED_DEMOLISHED = "34", "Suspected demolished"
    DEMOLISHED = "35", "Demolished"
    CHANGE_OF_OCCUPIER = "36", "Change of occupier"
    UNMANNED = "37", "Unmanned"
    KEY_UNAVAILABLE = "38", "Key or code unavailable"
    METER_NOT_LOCATED = "39", "Meter not located"
    SUSPECTED_ENERGISED = "40", "Suspected energised"
    SUSPECTED_DE_ENERGISED = "41", "Suspected de-energised"
    CAN_EXPORT = "42", "Site can export"
    REMOTELY_DISABLED = "43", "Supply remotely disabled"
    REMOTELY_RE_ARMED = "44", "Supply remotely re-armed"
    NETWORK_DEFECT_A = "50", "Network defect category A"
    NETWORK_DEFECT_B = "51", "Network defect category B"
    EXTRA_EQUIPMENT = "52", "Extra equipment required"
    NO_WAN = "53", "No WAN"
    NO_HAN = "54", "No HAN"
    INSUFFICIENT_SPACE = "55", "Insufficient space"
    PARKING = "56", "Parking"
    WEATHER = "57", "Weather"
    HEIGHT_OR_POSITION = "58", "Height or position"
    REQUEST_REJECTED = "88", "Request rejected"
    FAULT_RESOLUTION_REPORT = "89", "Fault resolution report complete"


class MarketRole(CodeList):
    """J0934 and J0935: market participant role codes (2008 market domain list)."""

    UNMETERED_OPERATOR = "3", "Unmetered supplies operator"
    METER_ADMINISTRATOR = "4", "Meter administrator"
    NHH_DATA_RETRIEVER = "6", "NHH data retriever"
    METER_ASSET_PROVIDER = "8", "Meter asset provider"
    HH_DATA_AGGREGATOR = "A", "HH data aggregator"
    NHH_DATA_AGGREGATOR = "B", "NHH data aggregator"
    HH_DATA_COLLECTOR = "C", "HH data collector"
    NHH_DATA_COLLECTOR = "D", "NHH data collector"
    ENERGY_TRADING_CENTRE = "E", "Energy trading centre"
    POOL_FUNDS_ADMINISTRATOR = "F", "Pool funds administrator"
    VOLUME_ALLOCATION_AGENT = "G", "Volume allocation agent"
    GA_AGENT = "H", "GA agent"
    TELESWITCH_AGENT = "I", "Teleswitch agent"
    SUPPLY_FAULT_INFORMATION = "J", "Supply fault information"
    PROFILE_ADMINISTRATOR = "K", "Profile administrator"
    ECOES = "L", "ECOES"
    METER_OPERATOR = "M", "Meter operator"
    METER_USER = "N", "BSP meter user"
    GRS = "O", "GRS"
    REGISTRATION_AGENT = "P", "Registration agent"
    SYSTEM_DATA_PROVISION = "Q", "System data provision"
    DISTRIBUTOR = "R", "Distributor"
    SETTLEMENT_ADMINISTRATOR = "S", "Settlement system administrator"
    GRID = "T", "Grid"
    MARKET_DOMAIN_DATA_AGENT = "U", "Market domain data agent"
    PREPAYMENT_PROVIDER = "V", "Prepayment infrastructure provider"
    REVENUE_PROTECTION = "W", "Revenue protection"
    SUPPLIER = "X", "Supplier"
    GENERATOR = "Y", "Generator"
    NON_CORE = "Z", "Non-core"
