"""Input files of a command."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from unittest.mock import patch

from meter_readings.management.cli.input_files import (
    InputFiles,
    find_input_files,
)
from meter_readings.tests.management.run_command import FolderTestCase

NOW = datetime(2026, 11, 24, 12, 30, tzinfo=UTC)


class FindInputFilesTests(FolderTestCase):
    def input_files(self, *paths: str, is_recursive: bool = False) -> InputFiles:
        """Find input files from within the folder."""
        with contextlib.chdir(self.folder):
            return find_input_files(
                paths=list(paths), is_recursive=is_recursive, stdin_name=None, now=NOW
            )

    def labels(self, *paths: str, is_recursive: bool = False) -> list[str]:
        files = self.input_files(*paths, is_recursive=is_recursive)
        return [source.label for source in files.files]

    def test_files_are_found_in_the_order_of_the_arguments(
        self,
    ) -> None:
        self.file("b"), self.file("a")
        self.assertEqual(self.labels("b", "a"), ["b", "a"])

    def test_files_of_a_folder_are_sorted_by_name(self) -> None:
        self.file("in/b.usr"), self.file("in/a.uff")
        self.assertEqual(self.labels("in"), ["in/a.uff", "in/b.usr"])

    def test_hidden_files_are_left_out(self) -> None:
        self.file("in/.a"), self.file("in/.b/c"), self.file("in/d")
        self.assertEqual(self.labels("in", is_recursive=True), ["in/d"])

    def test_unfinished_files_are_left_out(self) -> None:
        self.file("in/a.part"), self.file("in/b.TMP"), self.file("in/c.filepart")
        self.assertEqual(self.labels("in"), [])

    def test_special_files_are_left_out(self) -> None:
        self.file("in/a")
        os.mkfifo(self.folder / "in" / "b")
        self.assertEqual(self.labels("in"), ["in/a"])

    def test_subfolders_are_left_out(self) -> None:
        self.file("in/a"), self.file("in/deep/b")
        self.assertEqual(self.labels("in"), ["in/a"])

    def test_recursive_option_includes_subfolders(
        self,
    ) -> None:
        self.file("in/a"), self.file("in/deep/er/b")
        self.assertEqual(self.labels("in", is_recursive=True), ["in/a", "in/deep/er/b"])

    def test_symbolic_links_to_folders_are_not_followed(self) -> None:
        self.file("in/a")
        (self.folder / "in" / "b").symlink_to(self.folder / "in")
        self.assertEqual(self.labels("in", is_recursive=True), ["in/a"])

    def test_files_of_a_pattern_are_sorted_by_name(self) -> None:
        self.file("b.uff"), self.file("a.uff"), self.file("c.txt")
        self.assertEqual(self.labels("*.uff"), ["a.uff", "b.uff"])

    def test_file_whose_name_looks_like_a_pattern_is_found(
        self,
    ) -> None:
        self.file("[a].uff"), self.file("a.uff")
        self.assertEqual(self.labels("[a].uff"), ["[a].uff"])

    def test_pattern_that_matches_a_folder_finds_its_files(
        self,
    ) -> None:
        self.file("in/a")
        self.assertEqual(self.labels("i*"), ["in/a"])

    def test_pattern_without_a_match_is_reported(self) -> None:
        self.assertEqual(
            self.input_files("*.uff").empty, [("*.uff", "no file matches")]
        )

    def test_missing_file_is_reported(self) -> None:
        self.assertEqual(
            self.input_files("a").missing, [("a", "there is no such file")]
        )

    def test_empty_path_is_not_the_current_folder(
        self,
    ) -> None:
        self.file("a")
        self.assertEqual(self.input_files("").missing, [("", "the path is empty")])

    def test_folder_without_files_is_reported(self) -> None:
        (self.folder / "in").mkdir()
        self.assertEqual(
            self.input_files("in").empty, [("in", "the folder contains no files")]
        )

    def test_folder_with_subfolders_only_is_reported_with_the_option_r(self) -> None:
        self.file("in/deep/a")
        self.assertEqual(
            self.input_files("in").empty,
            [("in", "the folder contains no files; -r includes subfolders")],
        )

    def test_recursive_folder_without_files_is_reported(
        self,
    ) -> None:
        (self.folder / "in" / "deep").mkdir(parents=True)
        self.assertEqual(
            self.input_files("in", is_recursive=True).empty,
            [("in", "the folder contains no files")],
        )

    def test_unreadable_folder_fails_alone(self) -> None:
        self.file("in/a"), self.file("in/b/c"), self.file("in/d/e")
        scan = os.scandir

        def scan_unless_denied(path: str) -> Iterator[os.DirEntry[str]]:
            if path == "in/b":
                raise PermissionError(13, "Permission denied", path)
            return scan(path)

        with patch("os.scandir", scan_unless_denied):
            files = self.input_files("in", is_recursive=True)
        self.assertEqual([file.label for file in files.files], ["in/a", "in/d/e"])
        self.assertEqual(files.missing, [("in/b", "permission denied")])
        self.assertEqual(files.empty, [])

    def test_path_that_is_too_long_fails_alone(self) -> None:
        self.file("b")
        too_long = "a" * 300
        files = self.input_files(too_long, "b")
        self.assertEqual([file.label for file in files.files], ["b"])
        self.assertEqual(files.missing, [(too_long, "file name too long")])

    def test_path_that_is_too_long_within_a_folder_fails_alone(self) -> None:
        self.file("in/z/b")
        # A path has at most 4096 characters: this one is made and removed in steps.
        deep = ["in", *["a" * 250] * 16]
        with contextlib.chdir(self.folder):
            for name in deep:
                os.makedirs(name, exist_ok=True)
                os.chdir(name)
            Path("b" * 250).touch()
            Path("c" * 250).mkdir()
        files = self.input_files("in", is_recursive=True)
        self.assertEqual([file.label for file in files.files], ["in/z/b"])
        too_long = [(Path(label).name[0], reason) for label, reason in files.missing]
        reason = "file name too long"
        self.assertEqual(too_long, [("b", reason), ("c", reason)])

    def test_standard_input_is_named_by_the_time_and_by_chance(self) -> None:
        names = {self.input_files("-").files[0].filename for _ in range(2)}
        self.assertEqual(len(names), 2)
        for name in names:
            self.assertRegex(name, r"\Astdin-20261124-123000-[0-9a-f]{16}\.uff\Z")

    def test_filename_is_the_last_part_of_the_path(self) -> None:
        self.file("in/a.uff")
        (source,) = self.input_files("in/a.uff").files
        self.assertEqual(source.filename, "a.uff")

    def test_label_has_no_control_characters(
        self,
    ) -> None:
        self.file("a\x1b[2J.uff")
        self.assertEqual(self.labels("a\x1b[2J.uff"), ["a\ufffd[2J.uff"])
