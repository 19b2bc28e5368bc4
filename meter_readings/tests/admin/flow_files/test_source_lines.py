"""The lines of a file as they came, around one that is asked for."""

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
from meter_readings.tests.flow_file_builder import flow_file_of_readings
from meter_readings.tests.import_helpers import NOW, import_text, imported
from meter_readings.tests.users import user_with_view_permissions

BAD = "030|S|20240402000000|-1.0|||T|N|"


def client_ip(file: FlowFile, line: object = "") -> str:
    """Return where the lines of a file are, around one."""
    return f"/admin/meter_readings/flowfile/{file.pk}/lines/" + (
        f"?line={line}" if line else ""
    )


class LinesTests(AdminTestCase):
    @classmethod
    def setUpTestData(cls) -> None:
        super().setUpTestData()
        cls.file = imported(file_with_much(20))

    def ask(self, line: object = "", file: FlowFile | None = None) -> HttpResponse:
        """Return the page of lines around one."""
        return self.client.get(client_ip(file or self.file, line))

    def numbers(self, line: object = "") -> list[int]:
        """Return which lines are shown."""
        return [each.number for each in self.ask(line).context["lines"]]

    def texts(self, file: FlowFile, line: int = 1) -> list[Any]:
        """Return what the lines say."""
        return [each.text for each in self.ask(line, file).context["lines"]]

    def test_lines_are_ten_before_the_one_asked_for_and_ten_after(self) -> None:
        self.assertEqual(self.numbers(30), [*range(20, 41)])

    def test_lines_begin_with_the_first(self) -> None:
        self.assertEqual(self.numbers(), [*range(1, 12)])

    def test_lines_end_with_the_last(self) -> None:
        self.assertEqual(self.numbers(82), [*range(72, 83)])

    def test_lines_say_what_came(self) -> None:
        self.assertContains(self.ask(5), "<code>030|S|20240401000000|99.25|||T|N|<")

    def test_the_one_asked_for_is_marked_by_a_sign_and_in_words(self) -> None:
        (line,) = [each for each in self.ask(5).context["lines"] if each.is_asked_for]
        self.assertEqual(line.number, 5)
        self.assertContains(self.ask(5), "▶", 1)
        self.assertContains(self.ask(5), "This line:", 1)

    def test_lines_stand_beside_what_was_found(self) -> None:
        said = "Warning</span>: The value has more decimal places than the catalogue"
        self.assertContains(self.ask(5), said)

    def test_lines_stand_alone_for_those_who_may_not_see_findings(self) -> None:
        self.client.force_login(user_with_view_permissions("flowfile", "reading"))
        self.assertNotContains(self.ask(5), "more decimals")

    def test_lines_lead_to_earlier_and_later_ones_and_to_findings(self) -> None:
        page = self.ask(30).content.decode()
        for line, words in (
            (9, "Earlier lines"),
            (51, "Later lines"),
            (29, "Finding before, line 29"),
            (33, "Next finding, line 33"),
        ):
            with self.subTest(words):
                self.assertIn(f'href="?line={line}">{words}', page)

    def test_lines_lead_no_further_than_the_file(self) -> None:
        self.assertNotContains(self.ask(1), "Earlier")
        self.assertNotContains(self.ask(82), "Later")

    def test_lines_are_not_there_beyond_the_end(self) -> None:
        page = self.ask(1_000_000)
        said = "There is no line 1,000,000: 82 lines of the file were read."
        self.assertContains(page, said)

    def test_lines_are_asked_for_by_a_number(self) -> None:
        for nonsense in ("abc", "-1", "0", "1e3", "9" * 40):
            with self.subTest(nonsense):
                page = self.ask(nonsense)
                self.assertContains(page, "A line is a whole number from 1.")

    def test_lines_are_read_as_they_were_by_the_import(self) -> None:
        text = b"\xef\xbb\xbf" + flow_file_of_readings(BAD, "027|02|caf\xe9|").encode(
            "cp1252"
        ).replace(b"\n", b"\r\n")
        import_text(text, "odd.uff")
        first, *_, note, _ = self.texts(FlowFile.objects.get(filename="odd.uff"))
        self.assertEqual(first[:4], "ZHV|")
        self.assertEqual(note, "027|02|café|")

    def test_lines_show_what_cannot_be_seen(self) -> None:
        file = import_text("ZHV|\0\t\x7f|", "unseen.uff").flow_file
        self.assertIn("ZHV|␀␉␡|", self.texts(file))

    def test_lines_of_a_page_of_the_web_are_text(self) -> None:
        file = import_text("<script>alert(1)</script>", "page.html").flow_file
        self.assertContains(self.ask(1, file), "&lt;script&gt;alert(1)")

    def test_that_are_long_are_cut(self) -> None:
        file = import_text("x" * 2 * LONGEST_LINE, "long.uff").flow_file
        left_out = LONGEST_LINE + 1 - 1000
        self.assertContains(self.ask(1, file), f"… and {left_out:,} more characters")

    def test_lines_of_an_empty_file_are_none(self) -> None:
        file = import_text("", "empty.uff").flow_file
        self.assertContains(self.ask(1, file), "0 lines of the file were read")

    def test_lines_of_a_packed_file_are_those_inside(self) -> None:
        packed = gzip.compress(flow_file_of_readings(BAD).encode())
        ((name, stream),) = importer.iter_flow_files(
            io.BytesIO(packed), "packed.uff.gz"
        )
        importer.import_flow_file(stream=stream, filename=name, now=NOW)
        self.assertIn(BAD, self.texts(FlowFile.objects.get(filename="packed.uff")))

    def test_lines_of_a_file_that_is_lost_are_said_to_be(self) -> None:
        self.silence_request_log()
        file = imported(flow_file_of_readings(header=header_of(5)), "lost.uff")
        Path(file.content.path).unlink()
        page = self.ask(1, file)
        self.assertContains(page, "is missing from the storage", status_code=404)
        self.assertContains(page, file.sha256, status_code=404)

    def test_lines_take_a_fixed_number_of_queries(self) -> None:
        counts = [self.query_count(client_ip(self.file, line)) for line in (1, 40)]
        self.assertEqual(counts, [6, 6])

    def test_lines_are_not_shown_to_those_who_may_not_see_readings(self) -> None:
        self.silence_request_log()
        self.client.force_login(user_with_view_permissions("flowfile", "finding"))
        self.assertEqual(self.ask(1).status_code, 403)

    def test_lines_of_no_file_are_not_found(self) -> None:
        self.silence_request_log()
        for number in ("999", "9" * 30):
            with self.subTest(number):
                address = f"/admin/meter_readings/flowfile/{number}/lines/"
                self.assertEqual(self.client.get(address).status_code, 404)

    def test_lines_are_led_to_from_the_list_of_findings(self) -> None:
        page = self.get_list("finding", flow_file=self.file.pk)
        self.assertContains(page, f'href="{client_ip(self.file, 5)}">5</a>')
