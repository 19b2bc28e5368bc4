"""Tests of text formatting."""

from __future__ import annotations

from datetime import UTC, datetime

from django.test import SimpleTestCase

from meter_readings.importer.formatting import (
    format_date,
    join_counts,
    pluralise,
    printable,
)


class PluraliseTests(SimpleTestCase):
    def test_pluralise_keeps_the_singular_for_one(self) -> None:
        self.assertEqual(pluralise(1, "reading"), "1 reading")

    def test_pluralise_has_the_plural_and_thousands_separators(self) -> None:
        self.assertEqual(pluralise(1200, "reading"), "1,200 readings")


class JoinCountsTests(SimpleTestCase):
    def test_join_counts_separates_counts_by_commas_and_and(self) -> None:
        counts = {"readings": 2, "site_visits": 1, "meters": 3}
        self.assertEqual(join_counts(counts), "2 readings, 1 site visit and 3 meters")

    def test_join_counts_leaves_out_counts_of_zero(self) -> None:
        self.assertEqual(join_counts({"readings": 2, "meters": 0}), "2 readings")

    def test_join_counts_without_any_count_is_nothing(self) -> None:
        self.assertEqual(join_counts({"readings": 0}), "nothing")


class PrintableTests(SimpleTestCase):
    def test_printable_text_is_unchanged(self) -> None:
        self.assertEqual(printable("caf\u00e9 1.uff"), "caf\u00e9 1.uff")

    def test_characters_that_cannot_be_printed_are_replaced(self) -> None:
        self.assertEqual(printable("a\x1b\udcff\n.uff"), "a\ufffd\ufffd\ufffd.uff")


class FormatDateTests(SimpleTestCase):
    def test_format_date_returns_the_local_date(self) -> None:
        moment = datetime(2024, 3, 31, 23, 30, tzinfo=UTC)
        self.assertEqual(format_date(moment), "1 April 2024")
