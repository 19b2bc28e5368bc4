"""Reads code blocks of the Markdown pages: commands and their output."""

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

# Languages whose lines are commands, that are one command, and that are output.
TYPED, WHOLE, TEXT = {"console", "sh"}, {"ini", "python", "sql", "yaml"}, {"text"}

_BLOCK = re.compile(r"^( *)```(\w*)\n(.*?)^\1```$", re.MULTILINE | re.DOTALL)
_OUTPUT = re.compile(r"\n\n```text\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_PROMPT = "$ "
_COMMENT = re.compile(r"\s{2,}# .*$")


class Block(NamedTuple):
    """A fenced code block."""

    page: str
    line_number: int
    language: str
    text: str
    # The text of a block of output that follows with nothing between them.
    output: str = ""


class Shown(NamedTuple):
    """A command, and the output that the page shows for it."""

    page: str
    line_number: int
    language: str
    command: str
    output: str = ""


def blocks(page: str) -> Iterator[Block]:
    """Yield the code blocks of a page."""
    page_text = Path(PROJECT_ROOT, page).read_text(encoding="utf-8")
    for block in _BLOCK.finditer(page_text):
        line_number = page_text.count("\n", 0, block.start()) + 2
        output = _OUTPUT.match(page_text, block.end())
        yield Block(
            page, line_number, block[2], dedent(block[3]), output[1] if output else ""
        )


def shown(page: str, *languages: str) -> Iterator[Shown]:
    """Yield the commands of a page in these languages, or in all languages."""
    for block in blocks(page):
        if languages and block.language not in languages:
            continue
        if block.language in WHOLE:
            yield Shown(*block)
        elif block.language in TYPED:
            for offset, command, output in _commands(block.text):
                line_number = block.line_number + offset
                yield Shown(page, line_number, block.language, command, output)


def command_with(page: str, text: str) -> str:
    """Return the only command of a page that contains a text."""
    [command] = {block.command for block in shown(page) if text in block.command}
    return command


def _commands(text: str) -> Iterator[tuple[int, str, str]]:
    """Yield the line number, text and output of each command of a block.

    In a block with prompts, lines without a prompt are output. A backslash at the end
    of a line continues the command.
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
        yield offset, _COMMENT.sub("", line.removeprefix(_PROMPT).rstrip("\n")), output
