"""References in the documents: commands, options, scripts, settings and rules exist."""

from __future__ import annotations

import os
import re
from contextlib import redirect_stdout, suppress
from io import StringIO

from django.core.management import (
    find_commands,
    get_commands,
    load_command_class,
)
from django.test import SimpleTestCase
from django.urls import get_resolver

from config.environment import PROJECT_ROOT
from meter_readings import importer, management
from meter_readings.api import urls
from meter_readings.tests.access.urls import routes
from meter_readings.tests.deployment.script_test_case import ScriptTestCase

DOCUMENTATION = PROJECT_ROOT / "documentation"
PAGES = sorted([*PROJECT_ROOT.glob("*.md"), *DOCUMENTATION.rglob("*.md")])

SCRIPT = re.compile(r"(?<![\w.])\./([\w./-]+)")
# Django answers "version" without a command class.
COMMAND = re.compile(r"manage\.py (?!version\b)([a-z]\w*)((?:\\\n|[^\n`|;&#])*)")
OPTION = re.compile(r"(?<= )--?[a-z][a-z0-9-]*")
MANAGE = re.compile(r"manage\.py (?!version\b)([a-z]\w*)")
SHOWN_SCRIPT = re.compile(r"deployment_scripts/([a-z_]+\.sh)((?: [^\n`;]+)?)")
TEMPLATES = sorted((PROJECT_ROOT / "meter_readings/templates").rglob("*.html"))
TEMPLATE_COMMENT = re.compile(r"{#.*?#}")
OTHER_WORDS_FOR_SIGN_IN = re.compile(
    r"\blog(ged|ging)?[ -](in|out|on|off)\b|\bsign(ed|ing)?[ -](on|off)\b|\blogin page",
    re.IGNORECASE,
)
AMOUNT = re.compile(r"\bamount\(\"(\w+)\"|environ\.get\(\"(D0010_\w+)\"")


def text_of(name: str) -> str:
    """Return the text of a page."""
    return (PROJECT_ROOT / name).read_text(encoding="utf-8")


def help_of(name: str, arguments: str) -> str:
    """Return the help of a command, or of the subcommand in the arguments."""
    parser = load_command_class(get_commands()[name], name).create_parser("", name)
    subcommand = [word for word in arguments.split()[:1] if word.isalpha()]
    output = StringIO()
    with redirect_stdout(output), suppress(SystemExit):
        parser.parse_args([*subcommand, "--help"])
    return output.getvalue()


class CommandTests(SimpleTestCase):
    def test_every_management_command_is_in_the_command_line_page(self) -> None:
        page = text_of("documentation/COMMAND_LINE.md")
        for name in find_commands(management.__path__[0]):
            with self.subTest(name):
                self.assertTrue(re.search(rf"\b{name}\b", page))

    def test_every_shown_management_command_exists(self) -> None:
        for page in PAGES:
            for name in MANAGE.findall(page.read_text(encoding="utf-8")):
                with self.subTest(page=page.name, command=name):
                    self.assertIn(name, get_commands())

    def test_every_shown_option_of_a_management_command_exists(self) -> None:
        for page in PAGES:
            for name, arguments in COMMAND.findall(page.read_text(encoding="utf-8")):
                known = help_of(name, arguments)
                for option in OPTION.findall(arguments):
                    with self.subTest(page=page.name, command=name, option=option):
                        self.assertRegex(known, rf"(?<![\w-]){option}(?![\w-])")

    def test_every_shown_script_is_executable(self) -> None:
        for page in PAGES:
            for name in SCRIPT.findall(page.read_text(encoding="utf-8")):
                with self.subTest(page=page.name, script=name):
                    path = PROJECT_ROOT / name
                    self.assertTrue(path.is_file() and os.access(path, os.X_OK))

    def test_readme_begins_with_the_demo_and_the_tests(self) -> None:
        two = ["run_demo_server.sh", "deployment_scripts/run_tests.sh"]
        self.assertEqual(SCRIPT.findall(text_of("README.md"))[:2], two)

    def test_quickstart_begins_with_the_demo(self) -> None:
        scripts = SCRIPT.findall(text_of("QUICKSTART.md"))
        self.assertEqual(scripts[:1], ["run_demo_server.sh"])


class NameTests(SimpleTestCase):
    def test_every_amount_variable_is_in_the_testing_guide(self) -> None:
        page = text_of("documentation/TESTING_GUIDE.md")
        for path in (PROJECT_ROOT / "meter_readings/tests/robustness").glob("*.py"):
            for match in AMOUNT.finditer(path.read_text(encoding="utf-8")):
                with self.subTest(path.name, name=match[1] or match[2]):
                    self.assertTrue(f"`{match[1] or match[2]}`" in page)

    def test_every_rule_is_in_the_format_documentation(self) -> None:
        page = text_of("documentation/D0010_FORMAT.md")
        for code in importer.RULES:
            with self.subTest(code):
                self.assertTrue(f"`{code}`" in page)


class ScriptTests(ScriptTestCase):
    def test_every_script_is_in_the_deployment_guide(self) -> None:
        guide = text_of("documentation/DEPLOYMENT_GUIDE.md")
        for path in (PROJECT_ROOT / "deployment_scripts").glob("*.sh"):
            if path.name != "common.sh":
                with self.subTest(path.name):
                    self.assertIn(f"`{path.name}`", guide)

    def test_every_shown_option_of_a_script_exists(self) -> None:
        every_page = "\n".join(page.read_text(encoding="utf-8") for page in PAGES)
        for script, arguments in set(SHOWN_SCRIPT.findall(every_page)):
            for option in re.findall(r"--[a-z-]+", arguments):
                with self.subTest(script, option=option):
                    self.assertIn(option, self.assert_succeeds(script, "--help"))


class ResourceTests(SimpleTestCase):
    def test_every_api_resource_is_in_the_api_guide(self) -> None:
        guide = text_of("documentation/API_GUIDE.md")
        for _, route in routes(get_resolver(urls)):
            name = route.removeprefix("v1/").partition("<")[0]
            with self.subTest(route):
                self.assertIn(f"`{name}" if name else "/api/", guide)


class WordTests(SimpleTestCase):
    def test_documents_and_templates_say_sign_in_and_sign_out(self) -> None:
        for path in [*PAGES, *TEMPLATES]:
            text = TEMPLATE_COMMENT.sub("", path.read_text(encoding="utf-8"))
            with self.subTest(path.name):
                self.assertIsNone(OTHER_WORDS_FOR_SIGN_IN.search(text))
