"""Render documentation/D0010_FORMAT.md from its template and the program's tables."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from django.conf import settings
from django.template import Context, Engine

from meter_readings import importer
from meter_readings.d0010 import D0010, HEADER, TRAILER, Group, IssueCode, codes, mpan
from meter_readings.d0010.codes import MarketRole
from meter_readings.d0010.grammar import ROUTES
from meter_readings.models import Policy

from .field_descriptions import FIELD_DESCRIPTIONS

_TEMPLATE = "D0010_FORMAT.md.tmpl"

# The first issue under each heading, in the order of the list of issue codes.
_ISSUE_HEADINGS = {
    IssueCode.EMPTY_FILE: "File",
    IssueCode.BYTE_ORDER_MARK: "Characters and lines",
    IssueCode.UNKNOWN_GROUP: "Groups and nesting",
    IssueCode.MISSING_VALUE: "Field values",
    IssueCode.READ_IN_FUTURE: "Reading dates and times",
    IssueCode.OLD_SUPPLIERS_ESTIMATE: "Register readings",
}

_CARDINALITIES = {"1..*": "one or more", "0..*": "any number"}


def render_format_docs() -> str:
    """Return the document as Markdown."""
    example = (settings.BASE_DIR / "sample_data/every_group.uff").read_text("ascii")
    template = Engine(dirs=[str(Path(__file__).parent)]).get_template(_TEMPLATE)
    context = {
        "header": _describe_group(HEADER, example),
        "trailer": _describe_group(TRAILER, example),
        "groups": [_describe_group(group, example) for group in D0010.groups],
        "group_tree": "\n".join(_group_tree(None, "")),
        "bsc_validation_statuses": list(codes.BscValidationStatus),
        "reading_types": [(code, codes.basis_of(code)) for code in codes.ReadingType],
        "register_meanings": list(codes.REGISTER_MEANINGS.items()),
        "reading_methods": list(codes.ReadingMethod),
        "reason_codes": list(codes.ReasonCode),
        "site_visit_check_codes": list(codes.SiteVisitCheckCode),
        "market_roles": list(MarketRole),
        "routes": _routes(),
        "distributors": list(mpan.DISTRIBUTORS.values()),
        "example": example,
        "issue_sections": _issue_sections(),
        "rules": _rules(),
        "max_findings_per_rule": importer.MAX_STORED_PER_RULE,
    }
    return template.render(Context(context, autoescape=False))


def _describe_group(group: Group, example: str) -> dict[str, Any]:
    """Return a group with its parent, cardinality, example line and fields."""
    lines = example.splitlines()
    parent = f"Child of {group.parent}" if group.parent else "At the top level"
    cardinality = _CARDINALITIES.get(
        group.cardinality, f"by the catalogue {group.cardinality}"
    )
    return {
        "code": group.code,
        "title": group.title,
        "place": f"{parent}; {cardinality}.",
        "example": next(line for line in lines if line.startswith(group.code)),
        "fields": [
            (field, FIELD_DESCRIPTIONS[field.j_number]) for field in group.fields
        ],
    }


def _group_tree(parent: str | None, indent: str) -> Iterator[str]:
    """Yield a line for every child group of a parent and for its descendants."""
    for group in D0010.groups:
        if group.parent == parent:
            name = f"{indent}{group.code} {group.title}"
            yield f"{name:<48}{group.cardinality}"
            yield from _group_tree(group.code, indent + "    ")


def _routes() -> list[tuple[str, str]]:
    """Return every sender with its recipients, named and by code."""
    return [
        (_role(sender), ", ".join(_role(recipient) for recipient in sorted(recipients)))
        for sender, recipients in ROUTES.items()
    ]


def _role(code: str) -> str:
    return f"{MarketRole.label_of(code)} (`{code}`)"


def _issue_sections() -> list[tuple[str, list[IssueCode]]]:
    """Return the headings of issue codes, each with its codes."""
    sections: list[tuple[str, list[IssueCode]]] = []
    for code in IssueCode:
        if code in _ISSUE_HEADINGS:
            sections.append((_ISSUE_HEADINGS[code], []))
        sections[-1][1].append(code)
    return sections


def _rules() -> list[tuple[str, ...]]:
    """Return a row for every rule: code, severity under each policy, remedy."""
    rows: list[tuple[str, ...]] = []
    for code, rule in importer.RULES.items():
        standard = str(importer.severity_of(code, Policy.STANDARD))
        strict = str(importer.severity_of(code, Policy.STRICT))
        partial = "group left out" if rule.affects_group_only else standard
        rows.append((str(code), standard, strict, partial, rule.remedy))
    return rows
