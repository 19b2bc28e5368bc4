"""Descriptions of the data items of a D0010, by J-number."""

FIELD_DESCRIPTIONS = {
    # Header and trailer
    "J1064": "The sender's own number of the file, the same in header and trailer. "
    "It is text: leading zeros are significant.",
    "J0937": "Data flow and version in one field: `D0010002`.",
    "J0934": "Role of the sender: see [Market roles](#market-roles).",
    "J0938": "The sender.",
    "J0935": "Role of the recipient.",
    "J0939": "The recipient.",
    "J0280": "When the sender created the file.",
    "J1060": "Reserved. Empty in all known files.",
    "J1061": "Reserved. Empty in all known files.",
    "J1062": "Reserved. Empty in all known files.",
    "J1063": "`OPER` for operational data. `TR01` and similar values mark tests and "
    "training.",
    "J1067": "Number of groups between header and trailer.",
    "J1078": "Belongs to another file format. It is empty here and is not verified.",
    "J1066": "Number of 026 groups.",
    "J1065": "When the sender completed the file.",
    # Groups
    "J0003": "The metering point: see [MPAN](#mpan).",
    "J0022": "Whether the readings are validated for Settlement.",
    "J0024": "What was found on site.",
    "J0012": "Free text.",
    "J0004": "The serial number on the meter's face. Spaces inside it are significant.",
    "J0171": "Why or by whom the reading was taken. It is not the type of the meter.",
    "J0010": "The register, by the two characters the meter shows: `S`, `01`, `DY` … "
    "Any two characters are possible; they do not identify a tariff. See "
    "[usual meanings](#meter-register-id-j0010).",
    "J0016": "When the reading was taken: see [Dates and times](#dates-and-times).",
    "J0040": "The value that the register showed. It is a position, not a consumption; "
    "the meter's multiplier is not applied.",
    "J0044": "When the maximum demand register was last reset to zero.",
    "J1013": "Number of resets of the maximum demand register.",
    "J0045": "Result of the first validation: `T` valid, `F` suspect.",
    "J1888": "Whether an agent viewed the meter.",
    "J0332": "The validation check that the reading failed.",
    "J0047": "Result of a second validation: `F` still suspect, `T` accepted. The flag "
    "of the 030 stays `F` in both cases.",
}
