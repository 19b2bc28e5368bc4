"""Following changes: readings and flow files by the time of their latest change."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.utils import timezone

from meter_readings import importer, privacy
from meter_readings.models import FlowFile, Reading
from meter_readings.tests.api.base import (
    EVERYTHING,
    MPAN,
    OTHER_MPAN,
    ApiTestCase,
    later_file,
)
from meter_readings.tests.support.import_helpers import NOW, imported

CORRECTION = later_file(
    [f"026|{OTHER_MPAN}|V|", "028|SERIAL0001|R|"] + ["030|01|20240401000000|7.0|||T|N|"]
)


class ChangesTestCase(ApiTestCase):
    @classmethod
    def setUpTestData(cls) -> None:
        super().setUpTestData()
        cls.file = imported(EVERYTHING)

    def changes(self, **params: Any) -> list[tuple[str, str]]:
        """Return value and version status of the readings that changed."""
        rows = self.results("readings/", **params)
        return [(row["value"], row["version_status"]) for row in rows]

    def latest_change(self) -> str:
        """Return the time of the last change that a consumer has seen."""
        return self.results("readings/", ordering="changed_at")[-1]["changed_at"]

    def undo(self, file: FlowFile) -> None:
        importer.undo_import(flow_file=file, now=NOW)


class ChangedReadingsTests(ChangesTestCase):
    def test_a_later_file_changes_its_readings_and_those_that_it_supersedes(
        self,
    ) -> None:
        seen = self.latest_change()
        self.assertEqual(self.changes(changed_since=seen), [])
        imported(CORRECTION, "correction.uff")
        self.assertEqual(
            self.changes(changed_since=seen),
            [("1.0", "superseded"), ("7.0", "current")],
        )

    def test_a_withdrawal_changes_the_readings_that_it_withdraws(self) -> None:
        seen = self.latest_change()
        groups = [f"026|{MPAN}|U|", "028|SERIAL0002|W|"]
        withdrawal = [*groups, "030|S|20240101000000|3.5|||T|P|"]
        imported(later_file(withdrawal), "withdrawal.uff")
        self.assertEqual(
            self.changes(changed_since=seen),
            [("3.5", "withdrawn"), ("3.5", "withdrawn")],
        )

    def test_an_undone_import_changes_the_readings_that_are_current_again(self) -> None:
        correction = imported(CORRECTION, "correction.uff")
        seen = self.latest_change()
        self.undo(correction)
        self.assertEqual(self.changes(changed_since=seen), [("1.0", "current")])

    def test_a_file_that_changes_no_version_status_changes_no_other_reading(
        self,
    ) -> None:
        seen = self.latest_change()
        groups = [f"026|{OTHER_MPAN}|V|", "028|SERIAL0001|R|"]
        imported(later_file([*groups, "030|01|20240501000000|9.0|||T|N|"]), "may.uff")
        self.assertEqual(self.changes(changed_since=seen), [("9.0", "current")])

    def test_a_version_status_selects_among_the_changes(self) -> None:
        seen = self.latest_change()
        imported(CORRECTION, "correction.uff")
        found = self.changes(changed_since=seen, version_status="current")
        self.assertEqual(found, [("7.0", "current")])

    def test_changes_of_an_mpan_are_those_of_the_others_left_out(self) -> None:
        imported(CORRECTION, "correction.uff")
        found = self.changes(changed_since="2024-01-01", mpan=MPAN)
        self.assertEqual(found, [("3.5", "current")])

    def test_another_ordering_can_be_chosen(self) -> None:
        found = self.changes(changed_since="2024-01-01", ordering="read_at")
        self.assertEqual([value for value, _ in found], ["3.5", "1.0", "2.0"])

    def test_pages_of_changes_miss_nothing_that_changes_between_them(self) -> None:
        seen: dict[int, str] = {}
        page = self.json("readings/", changed_since="2024-01-01", page_size=1)
        changes = iter([CORRECTION, later_file(CORRECTION.splitlines()[1:-1], 3)])
        for number in range(20):
            seen |= {row["id"]: row["version_status"] for row in page["results"]}
            if page["next"] is None:
                break
            if text := next(changes, None):
                imported(text, f"{number}.uff")
            page = self.client.get(page["next"]).json()
        stored = dict(Reading.objects.values_list("pk", "version_status"))
        self.assertEqual(seen, stored)

    def test_changes_under_the_import_lock_have_later_and_later_times(self) -> None:
        # The clock was set back after the first import.
        future = timezone.now() + timedelta(days=1)
        FlowFile.objects.update(changed_at=future)
        Reading.objects.update(changed_at=future)
        imported(CORRECTION, "correction.uff")
        found = self.changes(changed_since=future.isoformat())
        self.assertEqual(found, [("1.0", "superseded"), ("7.0", "current")])


class ChangedFlowFilesTests(ChangesTestCase):
    def files(self, **params: Any) -> list[tuple[str, str, int]]:
        """Return name, status and number of deleted readings of the changed files."""
        rows = self.results("flow-files/", **params)
        return [
            (row["filename"], row["status"], row["readings_deleted"]) for row in rows
        ]

    def latest_file_change(self) -> str:
        return self.results("flow-files/", ordering="changed_at")[-1]["changed_at"]

    def test_changed_files_are_ordered_by_their_change(self) -> None:
        correction = imported(CORRECTION, "correction.uff")
        seen = self.latest_file_change()
        self.undo(correction)
        self.undo(self.file)
        self.assertEqual(
            self.files(changed_since=seen),
            [("correction.uff", "undone", 0), ("sample.uff", "undone", 0)],
        )

    def test_a_file_that_is_imported_again_has_changed(self) -> None:
        self.undo(self.file)
        seen = self.latest_file_change()
        imported(EVERYTHING)
        self.assertEqual(
            self.files(changed_since=seen), [("sample.uff", "imported", 0)]
        )

    def test_files_that_lose_readings_by_retention_have_changed(self) -> None:
        imported(CORRECTION, "correction.uff")
        seen = self.latest_file_change()
        schedule = privacy.Schedule(
            originals=0, rejected=0, import_jobs=0, readings=1, audit_events=0
        )
        privacy.apply_retention(schedule=schedule, now=NOW)
        self.assertEqual(
            self.files(changed_since=seen),
            [("sample.uff", "imported", 3), ("correction.uff", "imported", 1)],
        )
        # One at a time: no two files have the same time of change.
        (first,) = self.results("flow-files/", changed_since=seen, page_size=1)
        self.assertEqual(
            self.files(changed_since=first["changed_at"]),
            [("correction.uff", "imported", 1)],
        )

    def test_a_file_has_the_time_of_its_readings(self) -> None:
        (row,) = self.results("flow-files/")
        self.assertEqual(row["changed_at"], self.latest_change())

    def test_another_order_of_changed_files_can_be_chosen(self) -> None:
        imported(CORRECTION, "correction.uff")
        names = [
            name
            for name, *_ in self.files(
                changed_since="2024-01-01", ordering="-received_at"
            )
        ]
        self.assertEqual(names, ["correction.uff", "sample.uff"])
