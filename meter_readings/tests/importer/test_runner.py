"""The import runner."""

from __future__ import annotations

import io
import tempfile
import zipfile
from pathlib import Path

from django.test import TestCase

from meter_readings import importer
from meter_readings.importer import (
    FileResult,
    ImportListener,
    ImportOptions,
    ImportRunner,
    ImportTotals,
    InputFile,
)
from meter_readings.models import ImportJob, Policy
from meter_readings.tests.support.flow_file_builder import flow_file_of_readings

GOOD = flow_file_of_readings("030|S|20240401000000|99.0|||T|N|")
BAD = flow_file_of_readings("030|S|20240401000000|-5.0|||T|N|")


def text_file(text: str, name: str = "a.uff") -> InputFile:
    return InputFile(f"in/{name}", name, io.BytesIO(text.encode("cp1252")))


def zip_file(**members: str) -> InputFile:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        for name, text in members.items():
            archive.writestr(f"{name}.uff", text)
    stream.seek(0)
    return InputFile("in/all.zip", "all.zip", stream)


class EventRecorder(ImportListener):
    """Records the labels and outcomes of files."""

    def __init__(self) -> None:
        self.events: list[str] = []

    def file_started(self, label: str) -> None:
        self.events.append(f"started {label}")

    def file_finished(self, result: FileResult) -> None:
        self.events.append(f"{result.outcome} {result.label}")


class ImportRunnerTests(TestCase):
    def setUp(self) -> None:
        folder = self.enterContext(tempfile.TemporaryDirectory())
        self.enterContext(self.settings(MEDIA_ROOT=folder))

    def run_files(
        self,
        *files: InputFile,
        policy: Policy = Policy.STANDARD,
        tolerated: tuple[type[Exception], ...] = (importer.UnreadableFile,),
        max_members: int | None = None,
    ) -> list[FileResult]:
        runner = ImportRunner(
            ImportOptions(policy=policy), tolerated=tolerated, max_members=max_members
        )
        return list(runner.run(files))

    def test_every_file_has_a_result(self) -> None:
        results = self.run_files(text_file(GOOD), text_file(BAD, "b.uff"))
        self.assertEqual(
            [(result.label, result.outcome) for result in results],
            [("in/a.uff", "imported"), ("in/b.uff", "rejected")],
        )

    def test_options_are_passed_to_every_import(self) -> None:
        results = self.run_files(text_file(GOOD), policy=Policy.STRICT)
        job = ImportJob.objects.get()
        self.assertEqual((job.policy, len(results)), ("strict", 1))

    def test_file_of_an_archive_is_labelled_with_the_archive(self) -> None:
        (result,) = self.run_files(zip_file(a=GOOD))
        self.assertEqual(
            (result.label, result.filename, result.archive),
            ("in/all.zip: a.uff", "a.uff", "all.zip"),
        )

    def test_archive_with_too_many_members_is_unreadable(self) -> None:
        (result,) = self.run_files(zip_file(a=GOOD, b=BAD), max_members=1)
        self.assertEqual(
            (result.label, result.outcome), ("in/all.zip", importer.UNREADABLE)
        )

    def test_missing_path_is_unreadable(self) -> None:
        missing = InputFile("a.uff", "a.uff", Path("/nowhere/a.uff"))
        (result,) = self.run_files(missing)
        self.assertEqual(str(result.error), "no such file or directory")

    def test_tolerated_error_fails_one_file_and_the_next_is_imported(self) -> None:
        with self.settings(MEDIA_ROOT="/dev/null"):
            (failed,) = self.run_files(text_file(GOOD), tolerated=(OSError,))
        self.assertEqual(failed.outcome, ImportJob.State.FAILED)

    def test_other_error_ends_the_run(self) -> None:
        with self.settings(MEDIA_ROOT="/dev/null"), self.assertRaises(OSError):
            self.run_files(text_file(GOOD), tolerated=())

    def test_listener_is_called_when_a_file_starts_and_finishes(self) -> None:
        recorder = EventRecorder()
        runner = ImportRunner(ImportOptions(), tolerated=(), listeners=[recorder])
        list(runner.run([zip_file(a=GOOD, b=BAD)]))
        self.assertEqual(
            recorder.events,
            [
                "started in/all.zip: a.uff",
                "imported in/all.zip: a.uff",
                "started in/all.zip: b.uff",
                "rejected in/all.zip: b.uff",
            ],
        )

    def test_current_label_is_empty_between_two_files(self) -> None:
        runner = ImportRunner(ImportOptions(), tolerated=())
        labels = [
            runner.current_label
            for _ in runner.run([text_file(GOOD), text_file(BAD, "b.uff")])
        ]
        self.assertEqual(labels, ["", ""])


class ImportTotalsTests(TestCase):
    def test_failed_file_is_counted_without_readings(self) -> None:
        totals = ImportTotals()
        totals.add(FileResult(text_file(GOOD), "a.uff", error=OSError()))
        self.assertEqual((totals.outcomes, totals.readings_loaded), ({"failed": 1}, 0))
