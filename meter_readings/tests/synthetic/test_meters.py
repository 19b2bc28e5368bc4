"""Tests of synthetic meters: MPANs, serial numbers, registers."""

from unittest import TestCase

from meter_readings.d0010 import mpan
from meter_readings.synthetic.meters import (
    METER_POINTS_PER_SEED,
    MeterProfile,
    Register,
    build_meter,
    hash64,
    meter_id,
    mpan_core,
)
from meter_readings.synthetic.times import USAGE_UNITS_PER_DAY

SEEDS = (0, 1, 139, -3)
INDEXES = (0, 1, 25, 99_999, METER_POINTS_PER_SEED - 1)
EXAMPLES = [(seed, index) for seed in SEEDS for index in INDEXES]


class MpanCoreTests(TestCase):
    def mpans(self) -> list[str]:
        return [mpan_core(seed=seed, index=index) for seed, index in EXAMPLES]

    def test_an_mpan_has_thirteen_digits(self) -> None:
        shapes = {(len(core), core.isdecimal()) for core in self.mpans()}
        self.assertEqual(shapes, {(13, True)})

    def test_an_mpan_has_a_valid_check_digit(self) -> None:
        self.assertTrue(all(map(mpan.has_valid_check_digit, self.mpans())))

    def test_an_mpan_has_the_synthetic_prefix_after_the_distributor(self) -> None:
        self.assertEqual({core[2:4] for core in self.mpans()}, {"99"})

    def test_every_seed_and_index_has_another_mpan(self) -> None:
        self.assertEqual(len(set(self.mpans())), len(EXAMPLES))

    def test_mpans_come_from_all_fourteen_regions(self) -> None:
        cores = [mpan_core(seed=1, index=index) for index in range(14)]
        self.assertEqual(
            sorted(core[:2] for core in cores),
            [str(number) for number in range(10, 24)],
        )


class MeterIdTests(TestCase):
    def serials(self) -> list[str]:
        return [meter_id(seed=seed, index=index) for seed, index in EXAMPLES]

    def test_every_seed_and_index_has_another_serial_number(self) -> None:
        self.assertEqual(len(set(self.serials())), len(EXAMPLES))

    def test_a_serial_number_has_nine_or_ten_characters(self) -> None:
        self.assertEqual({len(serial) for serial in self.serials()}, {9, 10})

    def test_every_third_serial_number_has_a_space(self) -> None:
        self.assertEqual(meter_id(seed=0, index=3), "AA 0000003")


class Hash64Tests(TestCase):
    def test_a_hash_is_the_same_on_every_machine(self) -> None:
        self.assertEqual(hash64(1, 2), 0x3C5B66874B9E8A84)

    def test_a_hash_has_64_bits(self) -> None:
        self.assertTrue(all(0 <= hash64(*pair) < 1 << 64 for pair in EXAMPLES))

    def test_hashes_are_evenly_distributed(self) -> None:
        digits = [hash64(7, index) % 10 for index in range(1000)]
        self.assertTrue(all(70 < digits.count(digit) < 130 for digit in range(10)))


class BuildMeterTests(TestCase):
    def test_a_meter_has_the_registers_of_its_profile(self) -> None:
        profile = MeterProfile(("01", "02"), ("MD",))
        registers = build_meter(seed=1, index=0, profile=profile).registers
        self.assertEqual(
            [(register.register_id, register.is_demand) for register in registers],
            [("01", False), ("02", False), ("MD", True)],
        )

    def test_the_same_arguments_build_the_same_meter(self) -> None:
        profile = MeterProfile(("S",))
        self.assertEqual(
            build_meter(seed=1, index=5, profile=profile),
            build_meter(seed=1, index=5, profile=profile),
        )


class RegisterTests(TestCase):
    def test_a_register_advances_with_usage(self) -> None:
        register = Register("S", False, start=1000, daily_usage=80)
        self.assertEqual(register.value_at(3 * USAGE_UNITS_PER_DAY), 1240)

    def test_a_register_rolls_over_after_99999_9(self) -> None:
        register = Register("S", False, start=999_999, daily_usage=2)
        self.assertEqual(register.value_at(USAGE_UNITS_PER_DAY), 1)

    def test_a_maximum_demand_does_not_advance_with_usage(self) -> None:
        register = Register("MD", True, start=0, daily_usage=800)
        values = [register.value_at(day * USAGE_UNITS_PER_DAY) for day in range(1000)]
        self.assertEqual((min(values), max(values)), (100, 140))
