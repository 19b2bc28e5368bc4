"""Tests of the recording of streamed exports."""

from __future__ import annotations

from collections.abc import Generator

from django.test import TestCase

from meter_readings import audit
from meter_readings.models import AuditEvent, Reading


def lines() -> Generator[str]:
    yield from ("heading\n", "1\n", "2\n")


class RecordedExportTests(TestCase):
    def export(self) -> Generator[bytes]:
        export = audit.RecordedExport(Reading, details={"format": "csv"})
        counted = export.counted(lines(), header_lines=1)
        return export.recorded(line.encode() for line in counted)

    def test_an_export_is_recorded_at_its_end_with_its_rows(self) -> None:
        chunks = self.export()
        next(chunks)
        self.assertIs(AuditEvent.objects.exists(), False)
        self.assertEqual(b"".join(chunks), b"1\n2\n")
        event = AuditEvent.objects.get()
        self.assertEqual(
            (event.action, event.object_type, event.details),
            ("export", "reading", {"format": "csv", "rows": 2}),
        )

    def test_an_interrupted_export_is_recorded_as_incomplete(self) -> None:
        chunks = self.export()
        next(chunks)
        next(chunks)
        chunks.close()
        self.assertEqual(
            AuditEvent.objects.get().details,
            {"format": "csv", "rows": 1, "incomplete": True},
        )

    def test_an_export_that_never_began_is_not_recorded(self) -> None:
        chunks = self.export()
        chunks.close()
        self.assertIs(AuditEvent.objects.exists(), False)

    def test_its_actor_is_that_of_the_request_that_is_over(self) -> None:
        with audit.acting_as(lambda: audit.Actor("api", "billing")):
            chunks = self.export()
        b"".join(chunks)
        event = AuditEvent.objects.get()
        self.assertEqual((event.username, event.channel), ("billing", "api"))

    def test_an_export_whose_rows_are_not_counted_has_no_number(self) -> None:
        export = audit.RecordedExport(Reading, details={"format": "json"})
        b"".join(export.recorded(line.encode() for line in lines()))
        self.assertEqual(AuditEvent.objects.get().details, {"format": "json"})
