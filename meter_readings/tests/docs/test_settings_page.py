"""The generator of documentation/SETTINGS.md, and the test that the page is up to date.

python -m meter_readings.tests.docs.test_settings_page > documentation/SETTINGS.md
"""

from __future__ import annotations

import re

from django.test import SimpleTestCase

from config.environment import PROJECT_ROOT

EXAMPLE = PROJECT_ROOT / ".env.example"
PAGE = PROJECT_ROOT / "documentation" / "SETTINGS.md"
TABLE_HEAD = ["| Setting | Default | Description |", "|---|---|---|"]


def render(example: str) -> str:
    """Return `.env.example` as Markdown, with one table per section."""
    page, comment = ["# Settings", ""], list[str]()
    for line in example.splitlines():
        if line.startswith("## "):
            page += ["", line, "", *TABLE_HEAD]
        elif setting := re.fullmatch(r"#(\w+)=(.*)", line):
            default = f"`{setting[2]}`" if setting[2] else "–"
            page.append(f"| `{setting[1]}` | {default} | {' '.join(comment)} |")
            comment = []
        elif line.startswith("#   "):
            comment.append(f"`{line[1:].strip()}`")
        elif line:
            comment.append(line[1:].strip())
        elif comment:
            page += comment
            comment = []
    return "\n".join([*page, "", "This page is generated from `.env.example`.", ""])


class SettingsPageTests(SimpleTestCase):
    def test_settings_page_equals_the_example_file(self) -> None:
        page = render(EXAMPLE.read_text(encoding="utf-8"))
        self.assertEqual(PAGE.read_text(encoding="utf-8"), page, __doc__)


if __name__ == "__main__":
    print(render(EXAMPLE.read_text(encoding="utf-8")), end="")
