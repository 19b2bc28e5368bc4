"""What the pages show in blocks: commands to be typed, and text to be looked at."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from textwrap import dedent
from typing import NamedTuple

from config.environment import PROJECT_ROOT

PAGES = [
    str(path.relative_to(PROJECT_ROOT))
    for folder in (PROJECT_ROOT, PROJECT_ROOT / "documentation")
    for path in sorted(folder.glob("*.md"))
]

# Typed line by line; taken as a whole; only looked at.
TYPED, WHOLE, TEXT = {"console", "sh"}, {"ini", "python", "sql", "yaml"}, {"text"}

_BLOCK = re.compile(r"^( *)```(\w*)\n(.*?)^\1```$", re.MULTILINE | re.DOTALL)
_OUTPUT = re.compile(r"\n\n```text\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_PROMPT = "$ "


class Block(NamedTuple):
    """A block between fences, and what it is said to be written in."""

    page: str
    line_number: int
    language: str
    text: str
    # The text of a block of output that follows with nothing between them.
    output: str = ""


class Shown(NamedTuple):
    """A command, or a block that is one; and what the page says that it prints."""

    page: str
    line_number: int
    language: str
    command: str
    output: str = ""


def blocks(page: str) -> Iterator[Block]:
    """Yield the blocks of a page."""
    said = Path(PROJECT_ROOT, page).read_text(encoding="utf-8")
    for block in _BLOCK.finditer(said):
        line_number = said.count("\n", 0, block.start()) + 2
        output = _OUTPUT.match(said, block.end())
        yield Block(
            page, line_number, block[2], dedent(block[3]), output[1] if output else ""
        )


def shown(page: str, *languages: str) -> Iterator[Shown]:
    """Yield what a page shows to be run, of these languages or of all."""
    for block in blocks(page):
        if languages and block.language not in languages:
            continue
        if block.language in WHOLE:
            yield Shown(*block)
        elif block.language in TYPED:
            for offset, command, output in _commands(block.text):
                line_number = block.line_number + offset
                yield Shown(page, line_number, block.language, command, output)


def with_words(page: str, words: str) -> str:
    """Return the one command, or block, of a page that has these words in it."""
    [command] = {each.command for each in shown(page) if words in each.command}
    return command


def _commands(text: str) -> Iterator[tuple[int, str, str]]:
    """Yield the line, the words and the output of each command of a block.

    Where there is a prompt, what follows without one is output. A line that ends with
    a backslash goes on.
    """
    has_prompts = text.startswith(_PROMPT)
    lines = list(enumerate(text.splitlines(keepends=True)))
    while lines:
        offset, line = lines.pop(0)
        while line.endswith("\\\n"):
            line += lines.pop(0)[1]
        output = ""
        while has_prompts and lines and not lines[0][1].startswith(_PROMPT):
            output += lines.pop(0)[1]
        yield offset, line.removeprefix(_PROMPT).removesuffix("\n"), output
