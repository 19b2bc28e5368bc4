"""The guide's page on the MPAN: its parts, its check digit, who issues it."""

from __future__ import annotations

from meter_readings.d0010 import D0010, mpan
from meter_readings.synthetic import RECIPES

from .markdown import prose, section, table

# The primes without 2 and 11, one for each of the first twelve digits.
_PRIMES = (3, 5, 7, 13, 17, 19, 23, 29, 31, 37, 41, 43)


def the_mpan() -> str:
    """Return what thirteen digits say, by the example of a made-up meter point."""
    lines = RECIPES["every_group"].lines()
    *_, example = [
        line.split("|")[1] for line in lines if line.startswith(D0010.mpan.code)
    ]
    distributor = mpan.DISTRIBUTORS[example[:2]]
    return section(
        "## The MPAN",
        prose(f"""
            The MPAN core (J0003) names a metering point with thirteen digits. People
            write `{example}` as `{mpan.shown(example)}`; it has three parts:
            """),
        table(
            ("Digits", "Here", "Meaning"),
            (
                ("1 and 2", f"`{example[:2]}`", f"Distributor: {distributor.area}."),
                (
                    "3 to 12",
                    f"`{example[2:12]}`",
                    "The distributor's own number. Those that begin with 99 are made "
                    "up: here and in all of `sample_data/`, they are nobody's.",
                ),
                ("13", f"`{example[12]}`", "Check digit."),
            ),
        ),
        _check_digit(example),
        _distributors(),
    )


def _check_digit(example: str) -> str:
    """Return how the last digit is computed, with an example worked out."""
    digits = [int(digit) for digit in example[:12]]
    products = [digit * prime for digit, prime in zip(digits, _PRIMES, strict=True)]
    total = sum(products)
    rows = (["Digit", *digits], ["Prime", *_PRIMES], ["Product", *products])
    return section(
        "### Check digit",
        prose("""
            Each of the first twelve digits is multiplied by a prime of its own: 3, 5, 7
            and so on, without 11. The products are added. The remainder after division
            by 11 is the check digit; a remainder of 10 is written 0.
            """),
        table(
            ["", *("" for _ in digits)], ([str(cell) for cell in row] for row in rows)
        ),
        prose(f"""
            The sum is {total}. Divided by 11 it leaves {total % 11}, so the last digit
            is **{total % 11 % 10}**. Because 10 and 0 look alike, about one slip of the
            pen in fifty goes unnoticed. Asset metering ids that begin with 78 have no
            check digit.
            """),
    )


def _distributors() -> str:
    rows = (
        (row.distributor_id, row.participant, row.area, row.gsp_group)
        for row in mpan.DISTRIBUTORS.values()
    )
    return section(
        "### Distributors",
        prose("""
            The first fourteen have a region each; the others work everywhere, so their
            number says nothing about where a meter is. A number that is not here is
            reported, never refused. 77 and 78 mark asset metering ids.
            """),
        table(("Id", "Participant", "Name", "GSP group"), rows),
    )
