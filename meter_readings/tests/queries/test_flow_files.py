"""Tests of finding flow files."""

from __future__ import annotations

from datetime import timedelta

from django.test import TestCase

from meter_readings.models import FlowFile
from meter_readings.queries.flow_files import find_flow_files, latest_flow_files
from meter_readings.tests.support.flow_file_builder import flow_file_of_readings
from meter_readings.tests.support.import_helpers import NOW, import_text, imported


class FindFlowFilesTests(TestCase):
    def imported(self, value: str, filename: str = "sample.uff") -> FlowFile:
        text = flow_file_of_readings(f"030|S|20240401000000|{value}|||T|N|")
        return imported(text, filename, allow_same_name=True)

    def find(self, reference: str) -> list[FlowFile]:
        return find_flow_files(reference=reference)

    def test_finds_a_file_by_number(self) -> None:
        file = self.imported("1.0")
        self.assertEqual(self.find(str(file.pk)), [file])

    def test_finds_a_file_by_number_with_a_hash_sign(self) -> None:
        file = self.imported("1.0")
        self.assertEqual(self.find(f"#{file.pk}"), [file])

    def test_unused_number_finds_nothing(self) -> None:
        self.assertEqual(self.find("12"), [])

    def test_number_too_great_for_the_column_finds_nothing(self) -> None:
        self.assertEqual(self.find("9" * 30), [])

    def test_finds_a_file_whose_name_is_an_unused_number(self) -> None:
        file = self.imported("1.0", "20240402")
        self.assertEqual(self.find("20240402"), [file])

    def test_finds_a_file_by_name(self) -> None:
        file = self.imported("1.0")
        self.imported("2.0", "other.uff")
        self.assertEqual(self.find("sample.uff"), [file])

    def test_returns_files_of_the_same_name_latest_first(self) -> None:
        earlier, later = self.imported("1.0"), self.imported("2.0")
        self.assertEqual(self.find("sample.uff"), [later, earlier])

    def test_prefers_an_imported_file_to_a_rejected_one_of_the_same_name(self) -> None:
        file = self.imported("1.0")
        import_text("This is no flow file.", allow_same_name=True)
        self.assertEqual(self.find("sample.uff"), [file])

    def test_finds_a_rejected_file_if_none_is_imported(self) -> None:
        rejected = import_text("This is no flow file.").flow_file
        self.assertEqual(self.find("sample.uff"), [rejected])

    def test_finds_a_file_by_a_prefix_of_its_sha256(self) -> None:
        file = self.imported("1.0")
        self.assertEqual(self.find(file.sha256[:8].upper()), [file])

    def test_sha256_of_another_file_finds_nothing(self) -> None:
        self.imported("1.0")
        self.assertEqual(self.find("0123abcd"), [])

    def test_fewer_than_eight_digits_of_a_sha256_find_nothing(self) -> None:
        file = self.imported("1.0")
        self.assertEqual(self.find("#" + file.sha256[:7]), [])

    def test_unused_name_finds_nothing(self) -> None:
        self.imported("1.0")
        self.assertEqual(self.find("other.uff"), [])


class LatestFlowFilesTests(TestCase):
    def test_returns_the_latest_files_up_to_the_limit(self) -> None:
        texts = [
            flow_file_of_readings(f"030|S|20240401000000|{value}.0|||T|N|")
            for value in range(3)
        ]
        _, middle, latest = (
            imported(text, f"{day}.uff", now=NOW + timedelta(days=day))
            for day, text in enumerate(texts)
        )
        self.assertEqual([*latest_flow_files(limit=2)], [latest, middle])
