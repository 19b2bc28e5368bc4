"""Subject access: everything stored about an MPAN, and nothing about others."""

from __future__ import annotations

import csv
import io
import json
import zipfile
from typing import Any

from django.contrib.auth.models import User
from django.test import TestCase

from meter_readings import importer, privacy
from meter_readings.models import (
    FlowFile,
    Meter,
    MeterPointNote,
    Reading,
    SubjectRequest,
)
from meter_readings.tests.support.correction_helpers import correct
from meter_readings.tests.support.flow_file_builder import mpan_core
from meter_readings.tests.support.import_helpers import (
    NOW,
    create_quality_item,
    import_text,
    imported,
)

from .test_erasure import (
    BOTH,
    MPAN,
    MPAN_GROUPS,
    OTHER,
    REJECTED,
    SERIAL_NUMBER,
    WithoutVacuum,
    erase,
)


def export(mpan: str = MPAN, **options: Any) -> zipfile.ZipFile:
    """Return the archive for an MPAN."""
    stream = io.BytesIO()
    arguments = {"answered_by": "alice", "now": NOW, "reason": "Request 18"} | options
    privacy.export_personal_data(mpan=mpan, stream=stream, **arguments)
    return zipfile.ZipFile(stream)


def table(archive: zipfile.ZipFile, name: str) -> list[dict[str, str]]:
    """Return the rows of a table in the archive."""
    text = archive.read(f"{name}.csv").decode()
    return list(csv.DictReader(io.StringIO(text)))


class SubjectAccessTests(WithoutVacuum):
    def setUp(self) -> None:
        super().setUp()
        imported(BOTH, "both.uff")

    def test_archive_has_the_readings_with_file_and_line(self) -> None:
        (reading,) = table(export(), "readings")
        values = [
            reading[name] for name in ("mpan", "value", "filename", "line_number")
        ]
        self.assertEqual(values, [MPAN, "99.55", "both.uff", "5"])

    def test_archive_has_the_meters(self) -> None:
        self.assertEqual(table(export(), "meters"), [{"serial_number": SERIAL_NUMBER}])

    def test_archive_has_the_site_visits(self) -> None:
        (visit,) = table(export(), "site_visits")
        values = [visit[name] for name in ("filename", "additional_information")]
        self.assertEqual(values, ["both.uff", "Dog in the yard"])

    def test_archive_has_the_notes_of_users(self) -> None:
        alice = User.objects.create_user("alice")
        for mpan in (MPAN, OTHER):
            MeterPointNote.objects.create(
                mpan=mpan, text=f"About {mpan}", written_by=alice, written_at=NOW
            )
        self.assertEqual(
            table(export(), "meter_point_notes"),
            [
                {
                    "written_at": "2026-11-24T12:00:00+00:00",
                    "username": "alice",
                    "text": f"About {MPAN}",
                }
            ],
        )

    def test_archive_has_notes_although_nothing_else_is_stored(self) -> None:
        unknown = mpan_core(7_301_946_827)
        MeterPointNote.objects.create(mpan=unknown, text="Dog", written_at=NOW)
        self.assertEqual(len(table(export(unknown), "meter_point_notes")), 1)

    def test_archive_has_the_quality_items(self) -> None:
        for meter in Meter.objects.all():
            create_quality_item("zero", meter=meter)
        [row] = table(export(), "quality_items")
        self.assertEqual((row["rule"], row["serial_number"]), ("zero", SERIAL_NUMBER))

    def test_archive_has_the_corrections_with_their_reasons(self) -> None:
        alice = User.objects.create_user("alice")
        for each in Reading.objects.order_by("line_number"):
            correct(each, value="97", reason="A photo", user=alice)
        self.assertEqual(
            table(export(), "corrections"),
            [
                {
                    "kind": "correct",
                    "register_id": "S",
                    "read_at": "2024-04-01T00:00:00+01:00",
                    "value": "97.000",
                    "corrected_value": "99.550",
                    "reason": "A photo",
                    "created_at": "2026-11-24T12:00:00+00:00",
                    "username": "alice",
                    "undone_at": "",
                }
            ],
        )
        corrected = table(export(), "readings")[-1]
        self.assertEqual((corrected["value"], corrected["source"]), ("97.0", "user"))

    def test_archive_has_the_findings(self) -> None:
        (finding,) = table(export(), "findings")
        values = [finding[name] for name in ("filename", "line_number", "code")]
        self.assertEqual(values, ["both.uff", "5", "extra-decimals"])

    def test_archive_has_the_files_with_data_about_the_mpan(self) -> None:
        import_text(REJECTED, "rejected.uff")
        filenames = [row["filename"] for row in table(export(), "flow_files")]
        self.assertEqual(filenames, ["both.uff", "rejected.uff"])

    def test_archive_has_files_whose_originals_were_deleted(self) -> None:
        FlowFile.objects.update(content="")
        filenames = [row["filename"] for row in table(export(), "flow_files")]
        self.assertEqual(filenames, ["both.uff"])

    def test_archive_has_the_lines_as_received(self) -> None:
        lines = [row["line"] for row in table(export(), "original_lines")]
        self.assertEqual(lines[:4], MPAN_GROUPS.splitlines())
        self.assertEqual(len(lines), 5)  # and a line of another MPAN that mentions it

    def test_archive_has_the_lines_of_rejected_files(self) -> None:
        importer.clear_database(now=NOW)
        import_text(REJECTED, "rejected.uff")
        archive = export()
        self.assertEqual(table(archive, "readings"), [])
        self.assertEqual(len(table(archive, "original_lines")), 5)

    def test_archive_has_nothing_about_other_mpans(self) -> None:
        archive = export()
        whole = b"".join(map(archive.read, archive.namelist()))
        self.assertNotIn(OTHER.encode(), whole)

    def test_archive_describes_every_table(self) -> None:
        archive = export()
        about = json.loads(archive.read("about.json"))
        self.assertEqual(
            sorted([*about["files"], "about.json"]), sorted(archive.namelist())
        )
        self.assertEqual((about["mpan"], about["rows"]["readings"]), (MPAN, 1))

    def test_archive_lists_previous_requests(self) -> None:
        export()
        about = json.loads(export().read("about.json"))
        kinds = [request["kind"] for request in about["previous_requests"]]
        self.assertEqual(kinds, ["access"])

    def test_request_is_recorded_without_the_mpan(self) -> None:
        export(reason=f"Request 18 of {MPAN}")
        request = SubjectRequest.objects.get()
        self.assertEqual(
            (request.kind, request.answered_by, request.reason),
            ("access", "alice", f"Request 18 of {'*' * 13}"),
        )
        self.assertEqual(request.counts["readings"], 1)

    def test_export_of_an_erased_mpan_is_refused(self) -> None:
        erase()
        with self.assertRaises(privacy.NotImported):
            export()
        self.assertIs(SubjectRequest.objects.filter(kind="access").exists(), False)


class NotImportedTests(TestCase):
    def test_export_of_an_unknown_mpan_is_refused(self) -> None:
        with self.assertRaises(privacy.NotImported):
            export()
