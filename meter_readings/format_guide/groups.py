"""The guide's pages on the groups of the flow and the formats of their cells."""

from __future__ import annotations

from collections.abc import Iterator

from meter_readings import synthetic
from meter_readings.d0010 import D0010, Group

from .markdown import block, prose, section, table
from .meanings import MEANINGS


def fields_table(group: Group) -> str:
    """Return what stands in each cell of a group, in order."""
    heads = ("", "Cell", "Item", "Format", "Must it be filled?", "Meaning")
    rows = (
        (
            str(number),
            field.title,
            field.item,
            field.format.picture,
            field.presence.value,
            MEANINGS[field.item],
        )
        for number, field in enumerate(group.fields, 1)
    )
    return table(heads, rows)


def nesting() -> str:
    """Return which groups stand under which."""
    return section(
        "## Groups",
        prose(f"""
            A group belongs to the nearest one above it that can be its parent. Each
            {D0010.mpan.code} begins what the catalogue calls a flow instance.
            """),
        block("\n".join(_tree(None, ""))),
        prose(f"""
            A {D0010.meter.code} without a {D0010.reading.code} is legal: somebody came
            and could not read. A {D0010.meter.code} may come again under the same
            {D0010.mpan.code}, for another meter or for another reading type of the same
            one.
            """),
    )


def _tree(parent: str | None, indent: str) -> Iterator[str]:
    """Yield a line for each group under a parent, and those of its children."""
    for group in D0010.groups:
        if group.parent == parent:
            name = f"{indent}{group.code} {group.title}"
            yield f"{name:<48}{group.cardinality}"
            yield from _tree(group.code, indent + "    ")


def every_group() -> str:
    """Return each group with an example and its cells."""
    lines = list(synthetic.RECIPES["every_group"].lines())
    return "\n\n".join(_group(group, lines) for group in D0010.groups)


def _group(group: Group, lines: list[str]) -> str:
    """Return what there is to say about one group."""
    place = f"under a {group.parent}" if group.parent else "at the top"
    first = next(line for line in lines if line.startswith(group.code))
    return section(
        f"### {group.code} · {group.title}",
        f"Stands {place}, {_times(group.cardinality)}.",
        block(first),
        fields_table(group),
    )


def _times(cardinality: str) -> str:
    """Return how often a group can stand there, in words."""
    words = {"1..*": "once or more", "0..*": "any number of times"}
    return words.get(cardinality, f"by the catalogue {cardinality}")


# Each format's picture, what a file writes, and what is understood besides.
FORMATS = (
    (
        "CHAR(n)",
        "Up to n characters.",
        "Spaces around it, which are taken away. Serial numbers and file identifiers "
        "of up to 20 characters.",
    ),
    ("NUM(n)", "A whole number of up to n digits.", "Leading zeros."),
    (
        "NUM(9,1)",
        "Up to eight digits, a point, one digit: `56311.0`. No sign, no commas.",
        "No decimal or up to three, leading zeros, nine digits before the point.",
    ),
    (
        "NUM(13)",
        "Thirteen digits.",
        "A wrong check digit, a distributor that is not known.",
    ),
    (
        "DATETIME",
        "Fourteen digits, ccyymmddhhmmss: a real date and time from 1950 to 2199.",
        "A time that the clock showed twice or never.",
    ),
    ("BOOLEAN", "`T` or `F`.", ""),
)


def formats() -> str:
    """Return how a cell of each format is written, and what else is read."""
    heads = ("Format", "What a file writes", "What is understood all the same")
    return section("## Formats", table(heads, FORMATS))
