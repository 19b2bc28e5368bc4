"""Tests of the page with the lines of a flow file."""

from __future__ import annotations

import gzip
import io
from pathlib import Path
from typing import Any

from django.http import HttpResponse

from meter_readings import importer
from meter_readings.d0010.lines import LONGEST_LINE
from meter_readings.models import FlowFile
from meter_readings.tests.admin.testcases import (
    AdminTestCase,
    file_with_much,
    header_of,
)
from meter_readings.tests.support.flow_file_builder import flow_file_of_readings
from meter_readings.tests.support.import_helpers import NOW, import_text, imported
from meter_readings.tests.support.users import user_with_view_permissions

BAD = "030|S|20240402000000|-1.0|||T|N|"


def lines_url(file: FlowFile, line: object = "") -> str:
    return f"/admin/meter_readings/flowfile/{file.pk}/lines/" + (
        f"?line={line}" if line else ""
    )


class LinesTests(AdminTestCase):
    @classmethod
    def setUpTestData(cls) -> None:
        super().setUpTestData()
        cls.file = imported(file_with_much(20))

    def get_lines(
        self, line: object = "", file: FlowFile | None = None
    ) -> HttpResponse:
        return self.client.get(lines_url(file or self.file, line))

    def numbers(self, line: object = "") -> list[int]:
        """Return the numbers of the lines shown."""
        return [each.number for each in self.get_lines(line).context["lines"]]

    def texts(self, file: FlowFile, line: int = 1) -> list[Any]:
        """Return the texts of the lines shown."""
        return [each.text for each in self.get_lines(line, file).context["lines"]]

    def test_page_shows_ten_lines_before_and_after_the_requested_one(self) -> None:
        self.assertEqual(self.numbers(30), [*range(20, 41)])

    def test_page_starts_with_the_first_line_by_default(self) -> None:
        self.assertEqual(self.numbers(), [*range(1, 12)])

    def test_page_ends_with_the_last_line(self) -> None:
        self.assertEqual(self.numbers(82), [*range(72, 83)])

    def test_page_shows_the_text_of_a_line(self) -> None:
        self.assertContains(
            self.get_lines(5), "<code>030|S|20240401000000|99.25|||T|N|<"
        )

    def test_requested_line_is_marked_by_a_symbol_and_in_text(self) -> None:
        (line,) = [
            each for each in self.get_lines(5).context["lines"] if each.is_requested
        ]
        self.assertEqual(line.number, 5)
        self.assertContains(self.get_lines(5), "▶", 1)
        self.assertContains(self.get_lines(5), "This line:", 1)

    def test_page_shows_the_findings_of_a_line(self) -> None:
        expected = (
            "Warning</span>: The value has more decimal places than the catalogue"
        )
        self.assertContains(self.get_lines(5), expected)

    def test_page_shows_no_findings_without_permission(self) -> None:
        self.client.force_login(user_with_view_permissions("flowfile", "reading"))
        self.assertNotContains(self.get_lines(5), "more decimals")

    def test_page_links_to_other_lines_and_to_findings(self) -> None:
        page = self.get_lines(30).content.decode()
        for line, words in (
            (9, "Previous lines"),
            (51, "Next lines"),
            (29, "Previous finding, line 29"),
            (33, "Next finding, line 33"),
        ):
            with self.subTest(words):
                self.assertIn(f'href="?line={line}">{words}', page)

    def test_first_and_last_line_have_no_links_beyond_the_file(self) -> None:
        self.assertNotContains(self.get_lines(1), "Previous lines")
        self.assertNotContains(self.get_lines(82), "Next lines")

    def test_line_beyond_the_end_is_reported(self) -> None:
        page = self.get_lines(1_000_000)
        expected = "There is no line 1,000,000. The file has 82 lines."
        self.assertContains(page, expected)

    def test_line_that_is_not_a_number_is_reported(self) -> None:
        for nonsense in ("abc", "-1", "0", "1e3", "9" * 40):
            with self.subTest(nonsense):
                page = self.get_lines(nonsense)
                self.assertContains(page, "Enter a whole number from 1.")

    def test_lines_are_decoded_as_by_the_import(self) -> None:
        text = b"\xef\xbb\xbf" + flow_file_of_readings(BAD, "027|02|caf\xe9|").encode(
            "cp1252"
        ).replace(b"\n", b"\r\n")
        import_text(text, "odd.uff")
        first, *_, note, _ = self.texts(FlowFile.objects.get(filename="odd.uff"))
        self.assertEqual(first[:4], "ZHV|")
        self.assertEqual(note, "027|02|café|")

    def test_control_characters_are_shown_as_symbols(self) -> None:
        file = import_text("ZHV|\0\t\x7f|", "unseen.uff").flow_file
        self.assertIn("ZHV|␀␉␡|", self.texts(file))

    def test_lines_are_escaped(self) -> None:
        file = import_text("<script>alert(1)</script>", "page.html").flow_file
        self.assertContains(self.get_lines(1, file), "&lt;script&gt;alert(1)")

    def test_long_line_is_truncated(self) -> None:
        file = import_text("x" * 2 * LONGEST_LINE, "long.uff").flow_file
        left_out = LONGEST_LINE + 1 - 1000
        self.assertContains(
            self.get_lines(1, file), f"… and {left_out:,} more characters"
        )

    def test_empty_file_has_no_lines(self) -> None:
        file = import_text("", "empty.uff").flow_file
        self.assertContains(self.get_lines(1, file), "The file has 0 lines.")

    def test_lines_of_a_compressed_file_are_those_inside(self) -> None:
        packed = gzip.compress(flow_file_of_readings(BAD).encode())
        ((name, stream, _),) = importer.iter_flow_files(
            io.BytesIO(packed), "packed.uff.gz"
        )
        importer.import_flow_file(stream=stream, filename=name, now=NOW)
        self.assertIn(BAD, self.texts(FlowFile.objects.get(filename="packed.uff")))

    def test_missing_original_is_reported_with_its_sha256(self) -> None:
        self.silence_request_log()
        file = imported(flow_file_of_readings(header=header_of(5)), "lost.uff")
        Path(file.content.path).unlink()
        page = self.get_lines(1, file)
        self.assertContains(page, "is missing from the storage", status_code=404)
        self.assertContains(page, file.sha256, status_code=404)

    def test_page_takes_six_queries(self) -> None:
        counts = [self.query_count(lines_url(self.file, line)) for line in (1, 40)]
        self.assertEqual(counts, [6, 6])

    def test_page_is_forbidden_without_permission_to_view_readings(self) -> None:
        self.silence_request_log()
        self.client.force_login(user_with_view_permissions("flowfile", "finding"))
        self.assertEqual(self.get_lines(1).status_code, 403)

    def test_page_of_an_unknown_file_is_not_found(self) -> None:
        self.silence_request_log()
        for number in ("999", "9" * 30):
            with self.subTest(number):
                address = f"/admin/meter_readings/flowfile/{number}/lines/"
                self.assertEqual(self.client.get(address).status_code, 404)

    def test_list_of_findings_links_to_the_page(self) -> None:
        page = self.get_list("finding", flow_file=self.file.pk)
        self.assertContains(page, f'href="{lines_url(self.file, 5)}">5</a>')
