"""Every command that a page shows is run by a test or has a reason not to be."""

from __future__ import annotations

from collections.abc import Iterator

from django.test import SimpleTestCase

from config.environment import PROJECT_ROOT

from . import (
    markdown,
    runner,
    test_api_guide,
    test_command_line,
    test_deployment_guide,
    test_getting_started,
    test_operations,
    test_testing_guide,
)
from .command_setups import (
    NOT_RUN,
    RUN_BY_OTHER_TESTS,
    RUN_BY_README,
    is_run_by_another_test,
)

MODULES = (
    *(test_api_guide, test_command_line, test_deployment_guide),
    *(test_getting_started, test_operations, test_testing_guide),
)
SHOWN = [shown for page in markdown.PAGES for shown in markdown.shown(page)]


def page_tests() -> Iterator[type[runner.PageTestCase]]:
    """Yield the test class of each page."""
    for module in MODULES:
        for value in vars(module).values():
            if isinstance(value, type) and issubclass(value, runner.PageTestCase):
                yield value


class EveryCommandTests(SimpleTestCase):
    def test_every_shown_command_is_run_or_has_a_reason_not_to_be(self) -> None:
        tested = {test.page for test in page_tests()}
        for shown in SHOWN:
            with self.subTest(page=shown.page, command=shown.command):
                self.assertTrue(
                    shown.page in tested
                    or shown.command in NOT_RUN
                    or is_run_by_another_test(shown)
                )

    def test_every_code_block_has_a_known_language(self) -> None:
        known = markdown.TYPED | markdown.WHOLE | markdown.TEXT
        for page in markdown.PAGES:
            for block in markdown.blocks(page):
                with self.subTest(page=page, line=block.line_number):
                    self.assertIn(block.language, known)

    def test_every_code_block_is_parsed(self) -> None:
        for page in markdown.PAGES:
            text = (PROJECT_ROOT / page).read_text(encoding="utf-8")
            with self.subTest(page):
                self.assertEqual(text.count("```"), 2 * len([*markdown.blocks(page)]))


class NotRunTests(SimpleTestCase):
    def test_every_command_in_not_run_is_shown_on_a_page(self) -> None:
        shown = {block.command for block in SHOWN if not is_run_by_another_test(block)}
        self.assertEqual(NOT_RUN.keys() - shown, set())

    def test_every_command_run_by_the_test_of_the_readme_is_shown_there(self) -> None:
        readme = {block.command for block in markdown.shown("README.md")}
        for page, commands in RUN_BY_README.items():
            with self.subTest(page):
                self.assertEqual(commands - readme, set())

    def test_every_command_run_by_another_test_is_shown_and_read_there(self) -> None:
        for (page, language, beginning), module in RUN_BY_OTHER_TESTS.items():
            text = (PROJECT_ROOT / "meter_readings/tests" / module).read_text("utf-8")
            name = beginning.split()[-1] if beginning else page
            with self.subTest(page=page, language=language, beginning=beginning):
                commands = [block.command for block in markdown.shown(page, language)]
                self.assertTrue(
                    any(command.startswith(beginning) for command in commands)
                )
                self.assertRegex(text, r"\b(markdown\.\w+|as_shown)\(")
                self.assertIn(f'"{name}"', text)


class SetupTests(SimpleTestCase):
    def test_every_setup_is_for_a_command_on_its_page(self) -> None:
        for test in page_tests():
            shown = {shown.command for shown in markdown.shown(test.page)}
            with self.subTest(test.page):
                self.assertEqual(test.setups.keys() - shown, set())

    def test_every_setup_says_what_differs_from_the_page(self) -> None:
        for test in page_tests():
            for command, setup in test.setups.items():
                with self.subTest(page=test.page, command=command):
                    self.assertTrue(setup.reason or not setup.differs())
