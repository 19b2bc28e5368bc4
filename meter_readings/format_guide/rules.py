"""The guide's page on what each fault costs, printed from the importer's table."""

from __future__ import annotations

from meter_readings import importer
from meter_readings.models import Policy

from .markdown import bullets, prose, section, table


def rules() -> str:
    """Return the severity of every rule under every policy, and what to do."""
    return section(
        "## What is an error, what is a warning",
        prose("""
            An error rejects the file: nothing of it is loaded, and the report is kept.
            A warning is loaded and reported; a note is for information. Which is which
            depends on the policy the file is imported under:
            """),
        bullets(
            "`standard` is the default: what makes a reading unusable is an error.",
            "`strict` also rejects what the catalogue does not allow.",
            "`salvage` weighs as `standard` does, but where an error costs no more "
            "than the group it stands in, that group is left out with everything "
            "beneath it and the rest is loaded.",
        ),
        table(("Rule", "Standard", "Strict", "Salvage", "What to do"), list(_rows())),
        prose("""
            Up to {kept} findings of each rule are kept with a file; beyond that they
            are counted exactly. A fault in the header or trailer costs the whole file
            under every policy.
            """.format(kept=importer.KEPT_PER_RULE)),
    )


def _rows() -> list[tuple[str, ...]]:
    rows: list[tuple[str, ...]] = []
    for code, rule in importer.RULES.items():
        standard = str(importer.severity_of(code, Policy.STANDARD))
        strict = str(importer.severity_of(code, Policy.STRICT))
        salvage = "group left out" if rule.costs_group_only else standard
        rows.append((f"`{code}`", standard, strict, salvage, rule.remedy))
    return rows
