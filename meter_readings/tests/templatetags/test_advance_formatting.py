"""How advances look."""

from __future__ import annotations

from decimal import Decimal

from django.test import SimpleTestCase

from meter_readings.queries.advances import Left
from meter_readings.templatetags import advance_formatting


class UnitsTests(SimpleTestCase):
    def test_units_have_the_decimals_they_need(self) -> None:
        self.assertEqual(advance_formatting.units(Decimal("25.000")), "25.0")

    def test_units_have_a_minus_where_they_are_less(self) -> None:
        self.assertEqual(advance_formatting.units(Decimal("-2.50")), "−2.5")


class WhyNoneTests(SimpleTestCase):
    def test_why_none_has_words_for_every_reason(self) -> None:
        words = {advance_formatting.why_none(left) for left in (*Left, None)}
        self.assertEqual(len(words), len(Left) + 1)
