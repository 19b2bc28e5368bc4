"""Links, anchors and images of the documents."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import unquote

from django.test import SimpleTestCase

from config.environment import PROJECT_ROOT

DOCUMENTATION = PROJECT_ROOT / "documentation"
PAGES = sorted([*PROJECT_ROOT.glob("*.md"), *DOCUMENTATION.rglob("*.md")])

FENCE = re.compile(r"^\s*(```|~~~)")
CODE = re.compile(r"`[^`\n]+`")
HEADING = re.compile(r"#{1,6} +(.+?) *#*$")
LINK = re.compile(r"\[[^\]]*\]\(<?([^)\s>]+)>?(?: +\"[^\"]*\")?\)")
ELSEWHERE = re.compile(r"[a-z][a-z0-9+.-]*:", re.IGNORECASE)
IMAGE = re.compile(r"!\[([^\]]*)\]\(([^)]+)\)")


def prose(path: Path) -> Iterator[str]:
    """Yield the lines of a page that are not in a block of code."""
    is_code = False
    for line in path.read_text(encoding="utf-8").splitlines():
        if FENCE.match(line):
            is_code = not is_code
        elif not is_code:
            yield line


def anchors(path: Path) -> set[str]:
    """Return the anchors of the headings of a page, as GitHub names them."""
    names: set[str] = set()
    times: Counter[str] = Counter()
    for line in prose(path):
        if heading := HEADING.fullmatch(line):
            shown = LINK.sub(lambda link: link[0][1 : link[0].index("]")], heading[1])
            name = re.sub(r"[^\w\- ]", "", shown.lower()).replace(" ", "-")
            names.add(f"{name}-{times[name]}" if times[name] else name)
            times[name] += 1
    return names


def links(path: Path) -> Iterator[str]:
    """Yield the targets of the links of a page, except links to other sites."""
    for line in prose(path):
        for target in LINK.findall(CODE.sub("", line)):
            if not ELSEWHERE.match(target):
                yield unquote(target)


class LinkTests(SimpleTestCase):
    def test_every_link_leads_to_an_existing_file(self) -> None:
        for page in PAGES:
            for target in links(page):
                name = target.partition("#")[0]
                with self.subTest(page=page.name, link=target):
                    self.assertTrue((page.parent / name).exists())

    def test_every_anchor_is_a_heading(self) -> None:
        for page in PAGES:
            for target in links(page):
                name, mark, anchor = target.partition("#")
                if mark:
                    with self.subTest(page=page.name, link=target):
                        there = page.parent / name if name else page
                        self.assertIn(anchor, anchors(there))

    def test_every_page_can_be_reached_from_the_readme(self) -> None:
        reached, waiting = set(), [PROJECT_ROOT / "README.md"]
        while waiting:
            page = waiting.pop().resolve()
            # Another test reports links to missing files.
            if page in PAGES and page not in reached:
                reached.add(page)
                for target in links(page):
                    waiting.append(page.parent / target.partition("#")[0])
        self.assertEqual(sorted(set(PAGES) - reached), [])


class ImageTests(SimpleTestCase):
    def test_every_image_has_alternative_text(self) -> None:
        shown = set()
        for page in PAGES:
            for alternative, target in IMAGE.findall(page.read_text(encoding="utf-8")):
                self.assertGreater(len(alternative), 10, page.name)
                shown.add((page.parent / target).resolve())
        self.assertEqual(shown, set((DOCUMENTATION / "images").iterdir()))

    def test_no_image_is_larger_than_150_kilobytes(self) -> None:
        for path in (DOCUMENTATION / "images").iterdir():
            with self.subTest(path.name):
                self.assertLessEqual(path.stat().st_size, 150_000)
