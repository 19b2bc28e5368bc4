"""Progress of an import."""

from __future__ import annotations

import io
import os
from unittest.mock import patch

from django.core.management.base import OutputWrapper
from django.test import SimpleTestCase

from meter_readings.management.cli.progress import Progress
from meter_readings.models import ImportJob
from meter_readings.tests.management.run_command import Terminal

VALIDATING, LOADING = ImportJob.Phase.VALIDATING, ImportJob.Phase.LOADING
MEGABYTE = 1024 * 1024


class ProgressTestCase(SimpleTestCase):
    stream_type: type[io.StringIO] = io.StringIO

    def setUp(self) -> None:
        self.enterContext(patch.dict(os.environ, TERM="xterm", COLUMNS="80"))
        self.time = 0.0
        self.stream = self.stream_type()
        self.progress = self.new()

    def new(self, is_shown: bool = True) -> Progress:
        return Progress(
            OutputWrapper(self.stream), is_shown=is_shown, clock=lambda: self.time
        )

    def output(self) -> str:
        """Return the text written since the last call."""
        text = self.stream.getvalue()
        self.stream.seek(0)
        self.stream.truncate()
        return text


class LineTests(ProgressTestCase):
    """Lines, if the stream is not a terminal."""

    def test_no_line_is_written_in_the_first_five_seconds(self) -> None:
        self.progress.file_started("a.uff")
        self.progress.progress(VALIDATING, 0, MEGABYTE)
        self.assertEqual(self.output(), "")

    def test_line_with_the_percentage_is_written_after_five_seconds(self) -> None:
        self.progress.file_started("a.uff")
        self.time = 5.0
        self.progress.progress(VALIDATING, MEGABYTE // 4, MEGABYTE)
        self.assertEqual(self.output(), "a.uff: validating, 25 % of 1.0 MB checked\n")

    def test_at_most_one_line_is_written_in_five_seconds(self) -> None:
        self.progress.file_started("a.uff")
        for self.time in 5.0, 6.0, 9.9:
            self.progress.progress(VALIDATING, MEGABYTE // 4, MEGABYTE)
        self.assertEqual(self.output().count("\n"), 1)

    def test_interval_continues_across_files(self) -> None:
        for self.time in 0.0, 3.0, 6.0:
            self.progress.file_started(f"{self.time:.0f}.uff")
            self.progress.progress(VALIDATING, MEGABYTE, MEGABYTE)
        self.assertEqual(self.output(), "6.uff: validating, 100 % of 1.0 MB checked\n")

    def test_hidden_progress_writes_nothing(self) -> None:
        progress = self.new(is_shown=False)
        self.time = 5.0
        progress.progress(VALIDATING, 0, MEGABYTE)
        self.assertEqual(self.output(), "")

    def test_clear_writes_nothing_without_a_bar(self) -> None:
        self.progress.clear()
        self.assertEqual(self.output(), "")


class BarTests(ProgressTestCase):
    """A bar on a terminal."""

    stream_type = Terminal

    def test_bar_is_drawn_when_the_file_starts(self) -> None:
        self.progress.file_started("a.uff")
        self.assertEqual(self.output(), f"\r\x1b[2KReceiving [{'.' * 24}] a.uff")

    def test_bar_grows_with_the_bytes_processed(self) -> None:
        self.progress.file_started("a.uff")
        self.output()
        self.progress.progress(VALIDATING, MEGABYTE // 4, MEGABYTE)
        self.assertEqual(
            self.output(),
            f"\r\x1b[2KValidating [{'#' * 6}{'.' * 18}] 25 % of 1.0 MB checked a.uff",
        )

    def test_bar_is_drawn_at_most_ten_times_a_second(self) -> None:
        for self.time in 0.0, 0.05, 0.09, 0.11:
            self.progress.progress(VALIDATING, 0, MEGABYTE)
        self.assertEqual(self.output().count("Validating"), 2)

    def test_new_phase_is_drawn_at_once(self) -> None:
        self.progress.file_started("a.uff")
        self.progress.progress(VALIDATING, MEGABYTE, MEGABYTE)
        self.output()
        self.progress.progress(LOADING, MEGABYTE, MEGABYTE)
        self.assertEqual(self.output(), "\r\x1b[2KLoading 1.0 MB checked a.uff")

    def test_bar_fits_the_width_of_the_terminal(self) -> None:
        self.progress.file_started("x" * 100 + ".uff")
        line = self.output().removeprefix("\r\x1b[2K")
        self.assertEqual((len(line), line[-5:]), (79, "x.uff"))

    def test_clear_removes_the_bar(self) -> None:
        self.progress.file_started("a.uff")
        self.output()
        self.progress.clear()
        self.assertEqual(self.output(), "\r\x1b[2K")

    def test_second_clear_writes_nothing(self) -> None:
        self.progress.file_started("a.uff")
        self.progress.clear()
        self.output()
        self.progress.clear()
        self.assertEqual(self.output(), "")

    def test_dumb_terminal_gets_lines(self) -> None:
        with patch.dict(os.environ, TERM="dumb"):
            progress = self.new()
        progress.file_started("a.uff")
        self.assertEqual(self.output(), "")
