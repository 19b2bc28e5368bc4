"""How far an import is, on a terminal and elsewhere."""

from __future__ import annotations

import io
import os
from unittest.mock import patch

from django.core.management.base import OutputWrapper
from django.test import SimpleTestCase

from meter_readings.management.cli.progress import Progress
from meter_readings.models import ImportJob
from meter_readings.tests.management.run_command import Terminal

CHECKING, LOADING = ImportJob.Phase.CHECKING, ImportJob.Phase.LOADING
MEGABYTE = 1_000_000


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

    def said(self) -> str:
        """Return what was said since this was asked last."""
        text = self.stream.getvalue()
        self.stream.seek(0)
        self.stream.truncate()
        return text


class LineTests(ProgressTestCase):
    """Nobody looks: now and then a line."""

    def test_line_says_nothing_in_the_first_moments(self) -> None:
        self.progress.file_started("a.uff")
        self.progress.progress(CHECKING, 0, MEGABYTE)
        self.assertEqual(self.said(), "")

    def test_line_says_after_five_seconds_how_far_it_is(self) -> None:
        self.progress.file_started("a.uff")
        self.time = 5.0
        self.progress.progress(CHECKING, 250_000, MEGABYTE)
        self.assertEqual(self.said(), "a.uff: checking 25 % of 1.0 MB\n")

    def test_line_counts_a_small_file_in_kilobytes(self) -> None:
        self.progress.file_started("a.uff")
        self.time = 5.0
        self.progress.progress(CHECKING, 250, 500)
        self.assertEqual(self.said(), "a.uff: checking 50 % of 0.5 kB\n")

    def test_line_says_no_more_for_five_seconds(self) -> None:
        self.progress.file_started("a.uff")
        for self.time in 5.0, 6.0, 9.9:
            self.progress.progress(CHECKING, 250_000, MEGABYTE)
        self.assertEqual(self.said().count("\n"), 1)

    def test_line_goes_on_counting_from_file_to_file(self) -> None:
        for self.time in 0.0, 3.0, 6.0:
            self.progress.file_started(f"{self.time:.0f}.uff")
            self.progress.progress(CHECKING, MEGABYTE, MEGABYTE)
        self.assertEqual(self.said(), "6.uff: checking 100 % of 1.0 MB\n")

    def test_line_says_nothing_where_it_is_not_wanted(self) -> None:
        progress = self.new(is_shown=False)
        self.time = 5.0
        progress.progress(CHECKING, 0, MEGABYTE)
        self.assertEqual(self.said(), "")

    def test_line_has_nothing_to_take_away(self) -> None:
        self.progress.clear()
        self.assertEqual(self.said(), "")


class BarTests(ProgressTestCase):
    """Somebody looks: a bar."""

    stream_type = Terminal

    def test_bar_is_there_at_once(self) -> None:
        self.progress.file_started("a.uff")
        self.assertEqual(self.said(), f"\r\x1b[2KReceiving [{'.' * 24}] a.uff")

    def test_bar_grows(self) -> None:
        self.progress.file_started("a.uff")
        self.said()
        self.progress.progress(CHECKING, 250_000, MEGABYTE)
        self.assertEqual(
            self.said(),
            f"\r\x1b[2KChecking [{'#' * 6}{'.' * 18}] 25 % of 1.0 MB a.uff",
        )

    def test_bar_moves_no_more_than_ten_times_a_second(self) -> None:
        for self.time in 0.0, 0.05, 0.09, 0.11:
            self.progress.progress(CHECKING, 0, MEGABYTE)
        self.assertEqual(self.said().count("Checking"), 2)

    def test_bar_shows_another_phase_at_once(self) -> None:
        self.progress.progress(CHECKING, MEGABYTE, MEGABYTE)
        self.progress.progress(LOADING, MEGABYTE, MEGABYTE)
        self.assertIn("Loading [", self.said())

    def test_bar_stays_on_its_line(self) -> None:
        self.progress.file_started("x" * 100 + ".uff")
        line = self.said().removeprefix("\r\x1b[2K")
        self.assertEqual((len(line), line[-5:]), (79, "x.uff"))

    def test_bar_is_taken_away(self) -> None:
        self.progress.file_started("a.uff")
        self.said()
        self.progress.clear()
        self.assertEqual(self.said(), "\r\x1b[2K")

    def test_bar_is_taken_away_once(self) -> None:
        self.progress.file_started("a.uff")
        self.progress.clear()
        self.said()
        self.progress.clear()
        self.assertEqual(self.said(), "")

    def test_bar_is_a_line_on_a_terminal_that_cannot_draw(self) -> None:
        with patch.dict(os.environ, TERM="dumb"):
            progress = self.new()
        progress.file_started("a.uff")
        self.assertEqual(self.said(), "")
