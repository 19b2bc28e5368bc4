"""The few shapes of Markdown that the guide is made of."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from textwrap import TextWrapper

_WIDTH = 84


def table(heads: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Return a table; a pipe in a cell is escaped, because it would end the cell."""
    lines = [heads, ["---"] * len(heads), *rows]
    return "\n".join("| " + " | ".join(map(_escaped, cells)) + " |" for cells in lines)


def _escaped(cell: str) -> str:
    return cell.replace("|", r"\|")


def block(text: str) -> str:
    """Return text that is shown as it is, as a file's lines are."""
    return f"```text\n{text.rstrip()}\n```"


def prose(text: str) -> str:
    """Return a paragraph with its lines filled anew."""
    return _filled(text)


def bullets(*items: str) -> str:
    """Return a list of things."""
    return "\n".join(_filled(item, "- ", "  ") for item in items)


def _filled(text: str, first: str = "", other: str = "") -> str:
    return TextWrapper(
        _WIDTH,
        initial_indent=first,
        subsequent_indent=other,
        break_long_words=False,
        break_on_hyphens=False,
    ).fill(" ".join(text.split()))


def section(heading: str, *parts: str) -> str:
    """Return a heading and what stands under it."""
    return "\n\n".join((heading, *parts))
