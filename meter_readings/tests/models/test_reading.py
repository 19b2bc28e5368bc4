"""Tests of basis, version status and validity of readings."""

from __future__ import annotations

from typing import Any

from django.test import SimpleTestCase, TestCase

from meter_readings.d0010 import codes
from meter_readings.models import Reading
from meter_readings.tests.support.flow_file_builder import EVERY_GROUP
from meter_readings.tests.support.import_helpers import imported


class BasisTests(TestCase):
    def test_basis_depends_on_the_reading_type(self) -> None:
        for reading_type, basis in (
            ("R", "actual"),
            ("C", "customer"),
            ("Q", "adjusted"),
        ):
            with self.subTest(reading_type):
                self.assertEqual(Reading(reading_type=reading_type).basis, basis)

    def test_reading_without_a_listed_type_is_actual(self) -> None:
        self.assertEqual(Reading(reading_type="").basis, "actual")
        self.assertEqual(Reading(reading_type="E").basis, "actual")

    def test_filters_readings_by_basis(self) -> None:
        file = imported(EVERY_GROUP)
        types = [code.value for code in codes.ReadingType] + ["E", ""]
        reading = file.readings.order_by("pk")[0]
        rows = [
            Reading(**fields_of(reading, number, t)) for number, t in enumerate(types)
        ]
        Reading.objects.all().delete()
        Reading.objects.bulk_create(rows)
        for basis in codes.Basis:
            bases = {row.basis for row in Reading.objects.with_basis(basis)}
            with self.subTest(basis):
                self.assertEqual(bases, {basis})
        counts = [Reading.objects.with_basis(basis).count() for basis in codes.Basis]
        self.assertEqual(sum(counts), len(types))


def fields_of(reading: Reading, number: int, reading_type: str) -> dict[str, Any]:
    """Return the fields of a reading, with another line number and type."""
    names = {field.attname for field in Reading._meta.concrete_fields} - {"id"}
    values = {name: getattr(reading, name) for name in names}
    return values | {"line_number": 100 + number, "reading_type": reading_type}


class CurrentTests(TestCase):
    def test_filters_current_readings(self) -> None:
        imported(EVERY_GROUP)
        Reading.objects.filter(line_number=5).update(version_status="withdrawn")
        lines = Reading.objects.current().values_list("line_number", flat=True)
        self.assertEqual(sorted(lines), [6, 10])


class SuspectTests(SimpleTestCase):
    def is_suspect(self, **fields: Any) -> bool:
        return Reading(**fields).is_suspect

    def test_status_of_an_032_decides(self) -> None:
        self.assertTrue(self.is_suspect(meter_reading_status=False))
        self.assertFalse(self.is_suspect(meter_reading_status=True))

    def test_status_of_an_032_overrides_the_flag(self) -> None:
        self.assertFalse(
            self.is_suspect(meter_reading_status=True, meter_reading_flag=False)
        )

    def test_flag_decides_without_an_032(self) -> None:
        self.assertTrue(self.is_suspect(meter_reading_flag=False))
        self.assertFalse(
            self.is_suspect(meter_reading_flag=True, bsc_validation_status="F")
        )

    def test_bsc_validation_decides_without_either(self) -> None:
        self.assertTrue(self.is_suspect(bsc_validation_status="F"))
        self.assertFalse(self.is_suspect(bsc_validation_status="V"))
