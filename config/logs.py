"""Write log lines that hold no personal data and cannot be forged."""

import logging
import re

# An MPAN names somebody's home. It is thirteen digits, alone or spaced as on a bill.
MPAN = re.compile(r"(?<![0-9])[0-9]{2}(?: ?[0-9]){11}(?![0-9])")
# People search by MPAN and by serial number, so what they asked for is left out.
QUERY_STRING = re.compile(r"\?[^\s\"']+")

CONTROL_CHARACTERS = {
    code: f"\\x{code:02x}" for code in [*range(0x20), *range(0x7F, 0xA0)]
}
# A traceback needs its own line ends and tabs.
CONTROL_CHARACTERS_IN_TRACEBACKS = {
    code: escape
    for code, escape in CONTROL_CHARACTERS.items()
    if chr(code) not in "\n\t"
}


class PrivateFormatter(logging.Formatter):
    """Mask MPANs and queries in messages and tracebacks; one event, one line."""

    def formatMessage(self, record: logging.LogRecord) -> str:
        """Return the message on one line, whatever it was given."""
        return super().formatMessage(record).translate(CONTROL_CHARACTERS)

    def format(self, record: logging.LogRecord) -> str:
        """Return the whole entry, its traceback included, without personal data."""
        entry = super().format(record).translate(CONTROL_CHARACTERS_IN_TRACEBACKS)
        return MPAN.sub("[MPAN]", QUERY_STRING.sub("?[query]", entry))
