"""What each item of the catalogue means, in plain words, by its J-number."""

MEANINGS = {
    # The envelope
    "J1064": "The sender's own number for the file, the same in header and trailer. "
    "It is text: leading zeros count.",
    "J0937": "Which flow this is and which version of it, in one cell: `D0010002`.",
    "J0934": "What the sender is: see [Market roles](#market-roles).",
    "J0938": "Who the sender is.",
    "J0935": "What the recipient is.",
    "J0939": "Who the recipient is.",
    "J0280": "When the sender made the file.",
    "J1060": "Reserved. Empty in every file seen.",
    "J1061": "Reserved. Empty in every file seen.",
    "J1062": "Reserved. Empty in every file seen.",
    "J1063": "`OPER` for real data. `TR01` and the like mark tests and training.",
    "J1067": "How many groups stand between header and trailer.",
    "J1078": "Belongs to another format. Empty here, and not verified.",
    "J1066": "How many 026 groups there are.",
    "J1065": "When the sender finished the file.",
    # The groups
    "J0003": "The metering point: see [The MPAN](#the-mpan).",
    "J0022": "Whether the readings are validated for Settlement.",
    "J0024": "What was found on site.",
    "J0012": "Whatever else there is to say.",
    "J0004": "The serial number on the meter's face. Spaces inside it belong to it.",
    "J0171": "Why the meter was read, or by whom. It is not a type of meter.",
    "J0010": "Which of the meter's counters, by the two characters the meter bears: "
    "`S`, `01`, `DY` … Any are possible, and none proves a tariff.",
    "J0016": "When the register was read: see [Times](#times).",
    "J0040": "What the register showed: a position, not a consumption. "
    "The meter's multiplier is not applied.",
    "J0044": "When a maximum demand register was last set to zero.",
    "J1013": "How many times it was set to zero.",
    "J0045": "As first judged: `T` valid, `F` suspect.",
    "J1888": "Whether somebody stood before the meter.",
    "J0332": "Which check the reading failed.",
    "J0047": "The verdict after a second look: `F` still suspect, `T` accepted after "
    "all. The flag of the 030 keeps its `F` either way.",
}
