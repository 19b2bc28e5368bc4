"""What the documentation says is there: links, commands, settings, rules."""

from __future__ import annotations

import os
import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import unquote

from django.core.management import (
    find_commands,
    get_commands,
    load_command_class,
)
from django.test import SimpleTestCase

from config.environment import PROJECT_ROOT
from meter_readings import importer, management

DOCUMENTATION = PROJECT_ROOT / "documentation"
PAGES = sorted([*PROJECT_ROOT.glob("*.md"), *DOCUMENTATION.rglob("*.md")])

FENCE = re.compile(r"^\s*(```|~~~)")
CODE = re.compile(r"`[^`\n]+`")
HEADING = re.compile(r"#{1,6} +(.+?) *#*$")
LINK = re.compile(r"\[[^\]]*\]\(<?([^)\s>]+)>?(?: +\"[^\"]*\")?\)")
ELSEWHERE = re.compile(r"[a-z][a-z0-9+.-]*:", re.IGNORECASE)

SCRIPT = re.compile(r"(?<![\w.])\./([\w./-]+)")
PICTURE = re.compile(r"!\[([^\]]*)\]\(([^)]+)\)")
COMMAND = re.compile(r"manage\.py ([a-z]\w*)((?:\\\n|[^\n`|;&#])*)")
OPTION = re.compile(r"(?<= )--?[a-z][a-z0-9-]*")
MANAGE = re.compile(r"manage\.py ([a-z]\w*)")
READ_BY_SETTINGS = re.compile(r"environment\.\w+\(\s*\"(\w+)\"")
AMOUNT = re.compile(r"\bamount\(\"(\w+)\"|environ\.get\(\"(D0010_\w+)\"")


def text_of(name: str) -> str:
    """Return what a page of the project says."""
    return (PROJECT_ROOT / name).read_text(encoding="utf-8")


def prose(path: Path) -> Iterator[str]:
    """Yield the lines of a page that are not in a block of code."""
    is_code = False
    for line in path.read_text(encoding="utf-8").splitlines():
        if FENCE.match(line):
            is_code = not is_code
        elif not is_code:
            yield line


def anchors(path: Path) -> set[str]:
    """Return what the headings of a page are called in links, as GitHub calls them."""
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
    """Yield where the links of a page lead, those to other sites left out."""
    for line in prose(path):
        for target in LINK.findall(CODE.sub("", line)):
            if not ELSEWHERE.match(target):
                yield unquote(target)


class LinkTests(SimpleTestCase):
    def test_every_link_leads_to_a_file_of_the_project(self) -> None:
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
            # A link that leads nowhere is another test's.
            if page in PAGES and page not in reached:
                reached.add(page)
                for target in links(page):
                    waiting.append(page.parent / target.partition("#")[0])
        self.assertEqual(sorted(set(PAGES) - reached), [])


class PictureTests(SimpleTestCase):
    def test_every_picture_is_shown_with_words_for_who_cannot_see_it(
        self,
    ) -> None:
        shown = set()
        for page in PAGES:
            for words, target in PICTURE.findall(page.read_text(encoding="utf-8")):
                self.assertGreater(len(words), 10, page.name)
                shown.add((page.parent / target).resolve())
        self.assertEqual(shown, set((DOCUMENTATION / "images").iterdir()))

    def test_no_picture_is_larger_than_a_page_may_load(self) -> None:
        for path in (DOCUMENTATION / "images").iterdir():
            with self.subTest(path.name):
                self.assertLessEqual(path.stat().st_size, 150_000)


class CommandTests(SimpleTestCase):
    def test_every_command_of_ours_is_described(self) -> None:
        page = text_of("documentation/COMMAND_LINE.md")
        for name in find_commands(management.__path__[0]):
            with self.subTest(name):
                self.assertRegex(page, rf"\b{name}\b")

    def test_every_command_that_is_shown_exists(self) -> None:
        for page in PAGES:
            for name in MANAGE.findall(page.read_text(encoding="utf-8")):
                with self.subTest(page=page.name, command=name):
                    self.assertIn(name, get_commands())

    def test_every_option_that_is_shown_with_a_command_exists(self) -> None:
        for page in PAGES:
            for name, words in COMMAND.findall(page.read_text(encoding="utf-8")):
                command = load_command_class(get_commands()[name], name)
                known = command.create_parser("manage.py", name).format_help()
                for option in OPTION.findall(words):
                    with self.subTest(page=page.name, command=name, option=option):
                        self.assertRegex(known, rf"(?<![\w-]){option}(?![\w-])")

    def test_every_script_that_is_shown_can_be_run(self) -> None:
        for page in PAGES:
            for name in SCRIPT.findall(page.read_text(encoding="utf-8")):
                with self.subTest(page=page.name, script=name):
                    path = PROJECT_ROOT / name
                    self.assertTrue(path.is_file() and os.access(path, os.X_OK))

    def test_the_readme_begins_with_the_two_that_need_nothing_else(self) -> None:
        two = ["run_demo_server.sh", "deployment_scripts/run_tests.sh"]
        self.assertEqual(SCRIPT.findall(text_of("README.md"))[:2], two)

    def test_the_quick_start_begins_with_the_demonstration(self) -> None:
        scripts = SCRIPT.findall(text_of("QUICKSTART.md"))
        self.assertEqual(scripts[:1], ["run_demo_server.sh"])


class RunBookTests(SimpleTestCase):
    """What the run book speaks of is there; the other way about is tested elsewhere."""

    page = text_of("documentation/OPERATIONS.md")
    source = " ".join(
        (
            path.read_text(encoding="utf-8")
            for path in sorted((PROJECT_ROOT / "meter_readings").rglob("*.py"))
            if "tests" not in path.parts
        )
    )

    def test_every_check_exists(self) -> None:
        for name in re.findall(r"`(d0010\.[EW]\d+)`", self.page):
            with self.subTest(name):
                self.assertTrue(f'"{name}"' in self.source)

    def test_every_figure_exists(self) -> None:
        for name in set(re.findall(r"\b(d0010_[a-z]\w+)", self.page)):
            with self.subTest(name):
                self.assertTrue(f'"{name.removeprefix("d0010_")}"' in self.source)

    def test_every_sentence_that_people_see_is_said_somewhere(self) -> None:
        tables = re.findall(r"^\| They see (?:.+\n)+", self.page, re.MULTILINE)
        sentences = re.findall(r"\n\| \*([^*]+)\*", "".join(tables))
        self.assertGreater(len(sentences), 5)
        for sentence in sentences:
            with self.subTest(sentence):
                self.assertTrue(sentence.lower() in self.source.lower())


class NameTests(SimpleTestCase):
    def test_every_setting_is_in_the_deployment_guide(self) -> None:
        page = text_of("documentation/DEPLOYMENT_GUIDE.md")
        names = READ_BY_SETTINGS.findall(text_of("config/settings.py"))
        self.assertIn("SECRET_KEY", names)
        for name in names:
            with self.subTest(name):
                self.assertIn(f"`{name}`", page)

    def test_every_amount_of_the_heavy_tests_is_in_the_testing_guide(self) -> None:
        page = text_of("documentation/TESTING_GUIDE.md")
        for path in (PROJECT_ROOT / "meter_readings/tests/robustness").glob("*.py"):
            for match in AMOUNT.finditer(path.read_text(encoding="utf-8")):
                with self.subTest(path.name, name=match[1] or match[2]):
                    self.assertIn(f"`{match[1] or match[2]}`", page)

    def test_every_rule_is_in_the_format_documentation(self) -> None:
        page = text_of("documentation/D0010_FORMAT.md")
        for code in importer.RULES:
            with self.subTest(code):
                self.assertIn(f"`{code}`", page)
