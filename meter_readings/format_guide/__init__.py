"""The description of the D0010 format, printed from the tables that read it."""

from __future__ import annotations

from .code_lists import code_lists
from .envelope import example, header_and_trailer, introduction, lines_and_cells, roles
from .faults import faults
from .groups import every_group, formats, nesting
from .mpans import the_mpan
from .rules import rules
from .times import times

__all__ = ["d0010_guide"]

# The pages in their order: each is a function that returns Markdown.
_PAGES = (
    introduction,
    lines_and_cells,
    header_and_trailer,
    nesting,
    every_group,
    formats,
    code_lists,
    roles,
    the_mpan,
    times,
    example,
    faults,
    rules,
)


def d0010_guide() -> str:
    """Return the whole description as Markdown, ending with a line feed."""
    return "\n\n".join(page() for page in _PAGES) + "\n"
