"""Faults that are put into files on purpose."""

from unittest import TestCase

from meter_readings import synthetic
from meter_readings.d0010 import FaultCode
from meter_readings.tests.flow_file_builder import Parsed

from .reading import bytes_of, read

# What comes with a fault because it cannot come alone.
COMPANIONS = {
    FaultCode.CUT_SHORT: {
        FaultCode.NO_TRAILER,
        FaultCode.NO_PIPE_AT_END,
        FaultCode.TOO_FEW_CELLS,
        FaultCode.NOT_A_TIME,
        FaultCode.MISSING,
        FaultCode.MISSING_CODE,
    },
    FaultCode.CREATED_IN_FUTURE: {FaultCode.COMPLETED_BEFORE_CREATED},
}


def made_with(*faults: FaultCode, seed: int = 1) -> Parsed:
    """Return a file with these faults, read."""
    return read(
        synthetic.flow_file_lines(
            meter_points=20, readings=90, seed=seed, faults=faults
        )
    )


class FaultsTests(TestCase):
    def test_every_fault_that_is_known_can_be_made(self) -> None:
        self.assertEqual(set(synthetic.FAULTS), set(FaultCode))

    def test_the_fault_that_is_asked_for_is_in_the_file(self) -> None:
        for code in synthetic.FAULTS:
            with self.subTest(code):
                self.assertIn(code.value, made_with(code).codes)

    def test_no_other_fault_is_in_the_file(self) -> None:
        for code in synthetic.FAULTS:
            expected = {code} | COMPANIONS.get(code, set())
            with self.subTest(code):
                self.assertEqual(set(made_with(code).codes), expected)

    def test_a_suspect_meter_point_gets_the_fault_as_well(self) -> None:
        judged = (FaultCode.SUSPECT_WITHOUT_RESULT, FaultCode.SEVERAL_RESULTS)
        for code in judged:
            for seed in range(40):
                with self.subTest(code, seed=seed):
                    self.assertEqual(made_with(code, seed=seed).codes, [code])

    def test_faults_of_meter_points_stand_at_different_ones(self) -> None:
        parsed = made_with(FaultCode.NEGATIVE, FaultCode.NOT_A_NUMBER)
        self.assertEqual(parsed.codes, ["negative", "not-a-number"])

    def test_faults_of_all_parts_go_together(self) -> None:
        asked = (FaultCode.TEST_FILE, FaultCode.NEGATIVE, FaultCode.NO_TRAILER)
        self.assertEqual(set(made_with(*asked).codes), set(asked))

    def test_a_fault_of_a_line_that_is_gone_is_gone_too(self) -> None:
        parsed = made_with(FaultCode.NO_HEADER, FaultCode.TEST_FILE)
        self.assertEqual(parsed.codes, ["no-header"])

    def test_a_fault_of_a_meter_point_goes_with_all_meter_points(self) -> None:
        parsed = made_with(FaultCode.NO_MPAN, FaultCode.UNDECODABLE)
        self.assertEqual(parsed.codes, ["no-mpan"])

    def test_the_trailer_counts_what_the_faults_left(self) -> None:
        parsed = made_with(FaultCode.ORPHAN_GROUP, FaultCode.NO_METER)
        self.assertEqual(parsed.codes, ["no-meter", "orphan-group"])

    def test_a_file_cut_short_has_no_line_end(self) -> None:
        lines = synthetic.flow_file_lines(
            meter_points=1, readings=1, faults=[FaultCode.CUT_SHORT]
        )
        self.assertTrue(bytes_of(lines).endswith(b"030|01|2025"))
