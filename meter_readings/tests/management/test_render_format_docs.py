"""Tests of the render_format_docs command."""

import io
import tempfile
from pathlib import Path

from django.conf import settings
from django.core.management import CommandError, call_command
from django.test import SimpleTestCase

from meter_readings.format_docs.render import render_format_docs

COMMITTED = settings.BASE_DIR / "documentation/D0010_FORMAT.md"


class RenderFormatDocsTests(SimpleTestCase):
    def test_the_committed_document_is_up_to_date(self) -> None:
        self.assertEqual(COMMITTED.read_text(encoding="utf-8"), render_format_docs())

    def test_render_format_docs_prints_the_document(self) -> None:
        stdout = io.StringIO()
        call_command("render_format_docs", stdout=stdout)
        self.assertEqual(stdout.getvalue(), render_format_docs())

    def test_render_format_docs_check_prints_nothing_for_an_equal_file(self) -> None:
        stdout = io.StringIO()
        call_command("render_format_docs", check=COMMITTED, stdout=stdout)
        self.assertEqual(stdout.getvalue(), "")

    def test_render_format_docs_check_fails_for_another_file(self) -> None:
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder, "D0010_FORMAT.md")
            path.write_text("# The D0010 file format\n", encoding="utf-8")
            with self.assertRaisesMessage(CommandError, f"{path} is out of date."):
                call_command("render_format_docs", check=path)

    def test_render_format_docs_check_fails_for_a_file_that_does_not_exist(
        self,
    ) -> None:
        with self.assertRaisesMessage(CommandError, "nowhere.md is out of date."):
            call_command("render_format_docs", check=Path("nowhere.md"))
