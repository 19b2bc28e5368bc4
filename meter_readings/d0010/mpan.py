"""MPAN core (J0003): check digit, distributor and formatting."""

from __future__ import annotations

import re
from operator import mul
from typing import NamedTuple

# Thirteen digits, together or spaced as on a bill
_MPAN_IN_TEXT = re.compile(r"(?<![0-9])[0-9]{2}(?: ?[0-9]){11}(?![0-9])")

# Primes without 2 and 11, one for each of the first twelve digits (J0003).
_WEIGHTS = (3, 5, 7, 13, 17, 19, 23, 29, 31, 37, 41, 43)

# Weighted sums of three digits at each of four positions, quicker than digit by digit
_SUMS: tuple[dict[str, int], ...] = tuple(
    {
        digits: sum(map(mul, map(int, digits), _WEIGHTS[place : place + 3]))
        for digits in (f"{number:03}" for number in range(1000))
    }
    for place in range(0, len(_WEIGHTS), 3)
)

# Prefixes of asset metering ids (Data Item Catalogue, AMSID)
_AMSID_FROM_SVAA = "77"
_AMSID_FROM_AMVLP = "78"


class Distributor(NamedTuple):
    """The distributor of an MPAN; `distributor_id` is the first two digits.

    `gsp_group` is empty for independent operators, whose ids have no region. `operator`
    is the company that operates the network, by its present name.
    """

    distributor_id: str
    participant: str
    area: str
    gsp_group: str
    operator: str


_UKPN = "UK Power Networks"
_NATIONAL_GRID = "National Grid Electricity Distribution"
_SPEN = "SP Energy Networks"
_SSEN = "Scottish and Southern Electricity Networks"
_NORTHERN = "Northern Powergrid"

DISTRIBUTORS = {
    row[0]: Distributor(*row)
    for row in (
        ("10", "EELC", "Eastern", "_A", _UKPN),
        ("11", "EMEB", "East Midlands", "_B", _NATIONAL_GRID),
        ("12", "LOND", "London", "_C", _UKPN),
        ("13", "MANW", "Merseyside and North Wales", "_D", _SPEN),
        ("14", "MIDE", "West Midlands", "_E", _NATIONAL_GRID),
        ("15", "NEEB", "North East", "_F", _NORTHERN),
        ("16", "NORW", "North West", "_G", "Electricity North West"),
        ("17", "HYDE", "North Scotland", "_P", _SSEN),
        ("18", "SPOW", "South Scotland", "_N", _SPEN),
        ("19", "SEEB", "South East", "_J", _UKPN),
        ("20", "SOUT", "Southern", "_H", _SSEN),
        ("21", "SWAE", "South Wales", "_K", _NATIONAL_GRID),
        ("22", "SWEB", "South West", "_L", _NATIONAL_GRID),
        ("23", "YELG", "Yorkshire", "_M", _NORTHERN),
        ("24", "IPNL", "Independent Power Networks", "", "Independent Power Networks"),
        ("25", "LENG", "ESP Electricity", "", "ESP Electricity"),
        ("26", "GUCL", "Last Mile", "", "Last Mile"),
        (
            "27",
            "ETCL",
            "Electricity Network Company",
            "",
            "Electricity Network Company",
        ),
        ("28", "EDFI", "UK Power Networks IDNO", "", "UK Power Networks IDNO"),
        ("29", "HARL", "Harlaxton", "", "Harlaxton"),
        ("30", "PENL", "Leep", "", "Leep"),
        ("31", "UKPD", "UK Power Distribution", "", "UK Power Distribution"),
        ("32", "UDNL", "Energy Assets Networks", "", "Energy Assets Networks"),
        ("33", "GGEN", "Eclipse", "", "Eclipse"),
        ("34", "MPDL", "Murphy", "", "Murphy"),
        ("35", "FEAL", "Fulcrum", "", "Fulcrum"),
        ("36", "VATT", "Vattenfall", "", "Vattenfall"),
        ("37", "FORB", "Optimal", "", "Optimal"),
        ("38", "INDI", "Indigo", "", "Indigo"),
    )
}


def check_digit(first_twelve: str) -> str:
    """Return the thirteenth digit of an MPAN core from its first twelve.

    It is the sum of each digit times its weight, modulo 11, modulo 10 (J0003): a
    remainder of ten becomes 0.
    """
    return str(_remainder(first_twelve))


def _remainder(mpan: str) -> int:
    first, second, third, fourth = _SUMS
    weighted = first[mpan[:3]] + second[mpan[3:6]] + third[mpan[6:9]]
    return (weighted + fourth[mpan[9:12]]) % 11 % 10


def has_valid_check_digit(mpan: str) -> bool:
    """Return whether the last digit of a 13-digit MPAN core is right.

    Always true for an asset metering id of an AMVLP (78…), which has no check digit.
    """
    if mpan[:2] == _AMSID_FROM_AMVLP:
        return True
    return _remainder(mpan) == int(mpan[12])


def distributor_of(mpan: str) -> Distributor | None:
    """Return the distributor of an MPAN core, or None if its id is unknown."""
    return DISTRIBUTORS.get(mpan[:2])


def is_asset_metering_id(mpan: str) -> bool:
    """Return whether an MPAN core is an asset metering id (77… or 78…)."""
    return mpan[:2] in (_AMSID_FROM_SVAA, _AMSID_FROM_AMVLP)


def format_mpan(mpan: str) -> str:
    """Return an MPAN core with spaces: `12 0002 3305 967`."""
    return " ".join((mpan[:2], mpan[2:6], mpan[6:10], mpan[10:])).strip()


def normalise_mpan(text: str) -> str:
    """Return a typed MPAN without its spaces."""
    return "".join(text.split())


def mask_mpans(text: str) -> str:
    """Return a text with [MPAN] for every thirteen digits that can be an MPAN."""
    return _MPAN_IN_TEXT.sub("[MPAN]", text)
