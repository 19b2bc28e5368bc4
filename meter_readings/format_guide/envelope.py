"""The guide's pages on the file as a whole: its lines, its header and trailer."""

from __future__ import annotations

from meter_readings import synthetic
from meter_readings.d0010 import D0010, HEADER, TRAILER, grammar
from meter_readings.d0010.codes import MarketRole

from .groups import fields_table
from .markdown import block, bullets, prose, section, table


def introduction() -> str:
    """Return what a D0010 is, and a small one line by line."""
    lines = list(synthetic.flow_file_lines(meter_points=1, readings=1))
    says = (
        "From a data collector (`D`), `SYND`, to a supplier (`X`), `SYNX`.",
        "One metering point.",
        "One meter at it, and why it was read.",
        "One register of the meter: when it was read and what it showed.",
        "Three groups, one of them a 026; when the file was finished.",
    )
    return section(
        "# The D0010 file",
        prose("""
            A D0010, in the catalogue's words a flow of "Meter Readings", is how
            companies in the British electricity market tell each other what meters
            showed. It travels as a text file of one group to a line:
            """),
        block("".join(lines)),
        table(
            ("Line", "What it says"),
            zip((f"`{line[:3]}`" for line in lines), says, strict=True),
        ),
        prose("""
            This page goes through such a file from its first character to its last. It
            is printed by `python manage.py describe_d0010`, and its tables are those by
            which the program reads and writes. J-numbers name items of the Data
            Transfer Catalogue (version 15.4).
            """),
    )


def lines_and_cells() -> str:
    """Return how the text of a file is made up."""
    return section(
        "## Lines and cells",
        bullets(
            "One group is one line. Its first cell names the group; **every cell "
            "ends with a pipe**, the last one too.",
            "An empty cell is two pipes side by side. Empty cells at the end keep "
            "their pipes.",
            "There is no quoting and no escaping: a pipe cannot be part of a value.",
            "Spaces inside a value are part of it (`F75A 00802`).",
            "Lines end with a line feed, or with a carriage return and a line feed. "
            "The last line may go without. Blank lines say nothing.",
            "Characters are ASCII. Other bytes are read as Windows-1252 and "
            "reported; so is a UTF-8 byte order mark at the beginning. Control "
            "characters spoil their line.",
            "Files are often named `….uff` or `….usr`, but their names mean "
            "nothing: a file is known by its sender, its file identifier and the "
            "time it was made.",
        ),
    )


def header_and_trailer() -> str:
    """Return the two groups that stand around the others."""
    return section(
        "## Header and trailer",
        prose(f"""
            A file begins with a `{HEADER.code}` and ends with a `{TRAILER.code}`;
            without one, it may have been cut short. Files that begin with `ZHD` (the
            pool transfer format) or `ZHF` (fixed lengths) are of other formats.
            """),
        f"### {HEADER.code} · {HEADER.title}",
        fields_table(HEADER),
        f"### {TRAILER.code} · {TRAILER.title}",
        fields_table(TRAILER),
        prose("""
            Neither count includes header and trailer. Of a group count with more than
            ten digits, the last ten are written. Leading zeros do not matter.
            """),
    )


def roles() -> str:
    """Return the roles of the market, and which of them send a D0010 to which."""
    routes = [
        (_role(sender), ", ".join(_role(receiver) for receiver in sorted(receivers)))
        for sender, receivers in grammar.ROUTES.items()
    ]
    return section(
        "## Market roles",
        prose("""
            The letters of the market domain list of 2008. Some have been given to other
            roles since, so the names are a help and no more.
            """),
        table(("Code", "Role"), ((f"`{role}`", role.label) for role in MarketRole)),
        f"The catalogue sends a {D0010.name} along these routes, among others:",
        table(("From", "To"), routes),
    )


def _role(code: str) -> str:
    return f"{MarketRole.label_of(code)} (`{code}`)"


def example() -> str:
    """Return a file with every group in it."""
    recipe = synthetic.RECIPES["every_group"]
    return section(
        "## A file with every group",
        prose(f"""
            This is `sample_data/{recipe.filename}`. A reading was doubted and accepted
            after all, others were refused, two people stood before closed doors, one
            meter was not read, and a customer read it in the agent's place.
            """),
        block("".join(recipe.lines())),
    )
