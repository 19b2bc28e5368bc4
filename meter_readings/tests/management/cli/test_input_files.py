"""What the paths on a command line stand for."""

from __future__ import annotations

import contextlib
import os
from datetime import UTC, datetime
from pathlib import Path
from unittest.mock import patch

from meter_readings.management.cli.input_files import (
    InputFiles,
    find_input_files,
    sanitise,
)
from meter_readings.tests.management.run_command import FolderTestCase

NOW = datetime(2026, 11, 24, 12, 30, tzinfo=UTC)


class FindInputFilesTests(FolderTestCase):
    def found(self, *paths: str, is_recursive: bool = False) -> InputFiles:
        """Find paths of the folder."""
        with contextlib.chdir(self.folder):
            return find_input_files(
                paths=list(paths), is_recursive=is_recursive, stdin_name=None, now=NOW
            )

    def labels(self, *paths: str, is_recursive: bool = False) -> list[str]:
        found = self.found(*paths, is_recursive=is_recursive)
        return [source.label for source in found.files]

    def test_find_input_files_finds_files_in_the_order_in_which_they_are_named(
        self,
    ) -> None:
        self.file("b"), self.file("a")
        self.assertEqual(self.labels("b", "a"), ["b", "a"])

    def test_find_input_files_finds_the_files_of_a_folder_by_name(self) -> None:
        self.file("in/b.usr"), self.file("in/a.uff")
        self.assertEqual(self.labels("in"), ["in/a.uff", "in/b.usr"])

    def test_find_input_files_leaves_out_what_is_hidden(self) -> None:
        self.file("in/.a"), self.file("in/.b/c"), self.file("in/d")
        self.assertEqual(self.labels("in", is_recursive=True), ["in/d"])

    def test_find_input_files_leaves_out_what_is_not_whole_yet(self) -> None:
        self.file("in/a.part"), self.file("in/b.TMP"), self.file("in/c.filepart")
        self.assertEqual(self.labels("in"), [])

    def test_find_input_files_leaves_out_what_is_no_file(self) -> None:
        self.file("in/a")
        os.mkfifo(self.folder / "in" / "b")
        self.assertEqual(self.labels("in"), ["in/a"])

    def test_find_input_files_leaves_out_folders_inside_a_folder(self) -> None:
        self.file("in/a"), self.file("in/deep/b")
        self.assertEqual(self.labels("in"), ["in/a"])

    def test_find_input_files_finds_folders_inside_a_folder_where_that_is_wanted(
        self,
    ) -> None:
        self.file("in/a"), self.file("in/deep/er/b")
        self.assertEqual(self.labels("in", is_recursive=True), ["in/a", "in/deep/er/b"])

    def test_find_input_files_does_not_follow_a_link_round_in_circles(self) -> None:
        self.file("in/a")
        (self.folder / "in" / "b").symlink_to(self.folder / "in")
        self.assertEqual(self.labels("in", is_recursive=True), ["in/a"])

    def test_find_input_files_finds_what_a_pattern_matches_by_name(self) -> None:
        self.file("b.uff"), self.file("a.uff"), self.file("c.txt")
        self.assertEqual(self.labels("*.uff"), ["a.uff", "b.uff"])

    def test_find_input_files_finds_a_file_whose_name_looks_like_a_pattern(
        self,
    ) -> None:
        self.file("[a].uff"), self.file("a.uff")
        self.assertEqual(self.labels("[a].uff"), ["[a].uff"])

    def test_find_input_files_finds_the_files_of_a_folder_that_a_pattern_matches(
        self,
    ) -> None:
        self.file("in/a")
        self.assertEqual(self.labels("i*"), ["in/a"])

    def test_find_input_files_tells_of_a_pattern_that_nothing_matches(self) -> None:
        self.assertEqual(self.found("*.uff").empty, [("*.uff", "no file matches")])

    def test_find_input_files_tells_of_a_file_that_is_not_there(self) -> None:
        self.assertEqual(self.found("a").missing, [("a", "there is no such file")])

    def test_find_input_files_does_not_take_nothing_for_the_folder_it_is_in(
        self,
    ) -> None:
        self.file("a")
        self.assertEqual(self.found("").missing, [("", "the path is empty")])

    def test_find_input_files_tells_of_a_folder_without_files(self) -> None:
        (self.folder / "in").mkdir()
        self.assertEqual(self.found("in").empty, [("in", "the folder holds no files")])

    def test_find_input_files_tells_where_the_files_of_a_folder_may_be(self) -> None:
        self.file("in/deep/a")
        self.assertEqual(
            self.found("in").empty,
            [("in", "the folder holds no files; -r looks into the folders inside it")],
        )

    def test_find_input_files_tells_of_a_folder_without_files_in_folders_inside_it(
        self,
    ) -> None:
        (self.folder / "in" / "deep").mkdir(parents=True)
        self.assertEqual(
            self.found("in", is_recursive=True).empty,
            [("in", "the folder holds no files")],
        )

    def test_find_input_files_tells_of_a_folder_that_cannot_be_read(self) -> None:
        (self.folder / "in").mkdir()
        error = PermissionError(13, "Permission denied", "in")
        with patch.object(Path, "iterdir", side_effect=error):
            found = self.found("in")
        self.assertEqual(found.missing, [("in", "Permission denied")])

    def test_find_input_files_calls_standard_input_by_its_time(self) -> None:
        (source,) = self.found("-").files
        self.assertEqual(source.filename, "stdin-20261124-123000.uff")

    def test_find_input_files_calls_a_file_by_the_last_part_of_its_path(self) -> None:
        self.file("in/a.uff")
        (source,) = self.found("in/a.uff").files
        self.assertEqual(source.filename, "a.uff")

    def test_find_input_files_shows_no_more_of_a_name_than_a_terminal_can_bear(
        self,
    ) -> None:
        self.file("a\x1b[2J.uff")
        self.assertEqual(self.labels("a\x1b[2J.uff"), ["a\ufffd[2J.uff"])


class PrintableTests(FolderTestCase):
    def test_printable_is_text_as_it_is(self) -> None:
        self.assertEqual(sanitise("caf\u00e9 1.uff"), "caf\u00e9 1.uff")

    def test_printable_has_a_mark_for_bytes_that_are_no_text(self) -> None:
        self.assertEqual(sanitise(os.fsdecode(b"\xff.uff")), "\ufffd.uff")
