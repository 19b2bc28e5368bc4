"""Made-up meters: their numbers are right in form, unique and nobody's."""

from unittest import TestCase

from meter_readings.d0010 import mpan
from meter_readings.synthetic import is_synthetic
from meter_readings.synthetic.meters import (
    METER_POINTS_A_SEED,
    Kind,
    Register,
    meter,
    meter_id,
    mpan_core,
    scattered,
)
from meter_readings.synthetic.times import AVERAGE_DAY

SEEDS = (0, 1, 139, -3)
INDEXES = (0, 1, 25, 99_999, METER_POINTS_A_SEED - 1)
EXAMPLES = [(seed, index) for seed in SEEDS for index in INDEXES]


class MpanCoreTests(TestCase):
    def mpans(self) -> list[str]:
        return [mpan_core(seed=seed, index=index) for seed, index in EXAMPLES]

    def test_is_thirteen_digits(self) -> None:
        shapes = {(len(core), core.isdecimal()) for core in self.mpans()}
        self.assertEqual(shapes, {(13, True)})

    def test_has_a_right_check_digit(self) -> None:
        self.assertTrue(all(map(mpan.has_valid_check_digit, self.mpans())))

    def test_is_known_to_be_synthetic(self) -> None:
        self.assertTrue(all(map(is_synthetic, self.mpans())))

    def test_is_another_for_every_seed_and_index(self) -> None:
        self.assertEqual(len(set(self.mpans())), len(EXAMPLES))

    def test_comes_from_each_of_the_fourteen_regions(self) -> None:
        cores = [mpan_core(seed=1, index=index) for index in range(14)]
        self.assertEqual(
            sorted(core[:2] for core in cores),
            [str(number) for number in range(10, 24)],
        )


class IsSyntheticTests(TestCase):
    def test_a_real_mpan_is_not(self) -> None:
        self.assertIs(is_synthetic("1200023305967"), False)

    def test_an_independent_operators_mpan_is_not(self) -> None:
        self.assertIs(is_synthetic("2499000000000"), False)


class MeterIdTests(TestCase):
    def serials(self) -> list[str]:
        return [meter_id(seed=seed, index=index) for seed, index in EXAMPLES]

    def test_is_another_for_every_seed_and_index(self) -> None:
        self.assertEqual(len(set(self.serials())), len(EXAMPLES))

    def test_has_nine_or_ten_characters(self) -> None:
        self.assertEqual({len(serial) for serial in self.serials()}, {9, 10})

    def test_can_have_a_space_inside(self) -> None:
        self.assertEqual(meter_id(seed=0, index=3), "AA 0000003")


class ScatteredTests(TestCase):
    def test_is_the_same_everywhere(self) -> None:
        self.assertEqual(scattered(1, 2), 0x3C5B66874B9E8A84)

    def test_fits_into_64_bits(self) -> None:
        self.assertTrue(all(0 <= scattered(*pair) < 1 << 64 for pair in EXAMPLES))

    def test_is_spread_evenly(self) -> None:
        tenths = [scattered(7, index) % 10 for index in range(1000)]
        self.assertTrue(all(70 < tenths.count(digit) < 130 for digit in range(10)))


class MeterTests(TestCase):
    def test_has_the_registers_of_its_kind(self) -> None:
        kind = Kind(("01", "02"), ("MD",))
        registers = meter(seed=1, index=0, kind=kind).registers
        self.assertEqual(
            [(register.register_id, register.is_demand) for register in registers],
            [("01", False), ("02", False), ("MD", True)],
        )

    def test_is_the_same_at_every_call(self) -> None:
        kind = Kind(("S",))
        self.assertEqual(
            meter(seed=1, index=5, kind=kind), meter(seed=1, index=5, kind=kind)
        )

    def test_a_new_meter_stands_at_the_same_meter_point(self) -> None:
        old_meter = meter(seed=1, index=5, kind=Kind(("S",)))
        new_meter = meter(seed=1, index=5, kind=Kind(("S",)), is_new=True)
        self.assertEqual(old_meter.mpan_core, new_meter.mpan_core)

    def test_a_new_meter_has_another_serial_number(self) -> None:
        old_meter = meter(seed=1, index=5, kind=Kind(("S",)))
        new_meter = meter(seed=1, index=5, kind=Kind(("S",)), is_new=True)
        self.assertNotEqual(old_meter.meter_id, new_meter.meter_id)


class ValueAtTests(TestCase):
    def test_a_register_goes_on_with_use(self) -> None:
        register = Register("S", False, start=1000, daily_usage=80)
        self.assertEqual(register.value_at(3 * AVERAGE_DAY), 1240)

    def test_a_register_begins_anew_after_99999_9(self) -> None:
        register = Register("S", False, start=999_999, daily_usage=2)
        self.assertEqual(register.value_at(AVERAGE_DAY), 1)

    def test_a_demand_does_not_go_on_with_use(self) -> None:
        register = Register("MD", True, start=0, daily_usage=800)
        values = [register.value_at(day * AVERAGE_DAY) for day in range(1000)]
        self.assertEqual((min(values), max(values)), (100, 140))
