"""The version and the author are in one place each, and shown."""

import io
import re
import tomllib
from unittest.mock import patch

import django
from django.contrib.auth.models import User
from django.test import SimpleTestCase, TestCase
from django.urls import reverse

import manage
from config.environment import PROJECT_ROOT
from meter_readings import __version__

SHOWN = f"Kraken D0010 {__version__} · Matthew Brenton Hall"


class VersionCommandTests(SimpleTestCase):
    def test_version_prints_the_versions_of_the_product_and_of_django(self) -> None:
        shown = f"Kraken D0010 {__version__}, Django {django.get_version()}\n"
        for word in ("version", "--version"):
            with (
                self.subTest(word),
                patch("sys.argv", ["manage.py", word]),
                patch("sys.stdout", io.StringIO()) as output,
            ):
                manage.main()
                self.assertEqual(output.getvalue(), shown)


class PackageTests(SimpleTestCase):
    def setUp(self) -> None:
        text = (PROJECT_ROOT / "pyproject.toml").read_text("utf-8")
        self.settings_file = tomllib.loads(text)

    def test_pyproject_reads_the_version_from_the_package(self) -> None:
        self.assertEqual(self.settings_file["project"]["dynamic"], ["version"])
        attribute = self.settings_file["tool"]["setuptools"]["dynamic"]["version"]
        self.assertEqual(attribute, {"attr": "meter_readings.__version__"})

    def test_the_changelog_has_the_version_below_unreleased(self) -> None:
        text = (PROJECT_ROOT / "documentation" / "CHANGELOG.md").read_text("utf-8")
        headings = re.findall(
            r"^## (\S+)(?: \(\d{4}-\d\d-\d\d\))?$", text, re.MULTILINE
        )
        self.assertEqual(headings[:2], ["Unreleased", __version__])

    def test_pyproject_names_the_author(self) -> None:
        authors = self.settings_file["project"]["authors"]
        self.assertEqual(authors, [{"name": "Matthew Brenton Hall"}])

    def test_the_documents_name_the_author(self) -> None:
        for page in ("README.md", "documentation/FUNCTIONAL_SPEC.md"):
            text = (PROJECT_ROOT / page).read_text("utf-8")
            self.assertIn("Matthew Brenton Hall", text, page)


class FooterTests(TestCase):
    def test_pages_of_the_site_show_version_and_author(self) -> None:
        self.client.force_login(User.objects.create_superuser("alice"))
        for name in ("home", "document-list", "search", "admin:index"):
            with self.subTest(name):
                self.assertContains(self.client.get(reverse(name)), SHOWN)

    def test_pages_without_a_user_show_version_and_author(self) -> None:
        self.assertContains(self.client.get(reverse("admin:login")), SHOWN)
        response = self.client.get("/nowhere/")
        self.assertContains(response, SHOWN, status_code=404)

    def test_the_schema_of_the_api_has_the_version(self) -> None:
        self.client.force_login(User.objects.create_superuser("alice"))
        response = self.client.get(
            reverse("api:schema"),
            headers={"Accept": "application/vnd.oai.openapi+json"},
        )
        self.assertEqual(response.json()["info"]["version"], __version__)
