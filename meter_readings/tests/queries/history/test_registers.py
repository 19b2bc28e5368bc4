"""Tests of registers and their earliest and latest readings."""

from __future__ import annotations

from unittest.mock import patch

from django.test import TestCase

from meter_readings.models import Meter, Reading
from meter_readings.queries import history
from meter_readings.queries.history import Register, RegisterKey, registers
from meter_readings.tests.support.flow_file_builder import (
    flow_file,
    flow_file_of_readings,
    header_line,
)
from meter_readings.tests.support.import_helpers import imported


def all_registers(limit: int = 100) -> list[Register]:
    return history.registers_of(meters=[*Meter.objects.all()], limit=limit)


def value(reading: Reading | None) -> int | None:
    return None if reading is None else int(reading.value)


class LatestReadingIdsTests(TestCase):
    def values(self, *readings: str, limit: int = 9) -> list[int | None]:
        """Import readings; return the value of the latest one of each register."""
        imported(flow_file_of_readings(*readings))
        meter_ids = [*Meter.objects.values_list("pk", flat=True)]
        ids = history.latest_reading_ids(meter_ids=meter_ids, limit=limit)
        return [value(Reading.objects.filter(pk=pk).first()) for pk in ids]

    def test_no_meters_have_no_latest_readings(self) -> None:
        with self.assertNumQueries(0):
            self.assertEqual(history.latest_reading_ids(meter_ids=[], limit=9), [])

    def test_each_register_has_its_latest_current_reading(self) -> None:
        found = self.values(
            "030|DY|20240101000000|1.0|||T|N|",
            "030|DY|20240201000000|2.0|||T|N|",
            "030|NT|20240101000000|3.0|||T|N|",
        )
        self.assertCountEqual(found, [2, 3])

    def test_register_whose_readings_were_all_withdrawn_has_none(self) -> None:
        imported(flow_file_of_readings("030|S|20240101000000|1.0|||T|N|"))
        Reading.objects.update(version_status="withdrawn")
        meter_ids = [*Meter.objects.values_list("pk", flat=True)]
        found = history.latest_reading_ids(meter_ids=meter_ids, limit=9)
        self.assertEqual(found, [None])

    def test_no_more_registers_than_the_limit_are_looked_at(self) -> None:
        found = self.values(
            "030|DY|20240101000000|1.0|||T|N|",
            "030|NT|20240101000000|3.0|||T|N|",
            limit=1,
        )
        self.assertEqual(len(found), 1)


class RegistersOfTests(TestCase):
    def ends(self, *readings: str) -> tuple[int | None, ...]:
        """Import readings; return the earliest, latest and latest measured value."""
        imported(flow_file_of_readings(*readings))
        (register,) = all_registers()
        ends = (register.earliest, register.latest, register.latest_measured)
        return tuple(map(value, ends))

    def test_no_meters_have_no_registers(self) -> None:
        with self.assertNumQueries(0):
            self.assertEqual(history.registers_of(meters=[], limit=9), [])

    def test_meter_without_readings_has_no_registers(self) -> None:
        imported(flow_file("""
            026|2000000000015|V|
            028|TST0000001|R|
            029|20||
            """))
        self.assertEqual(all_registers(), [])

    def test_registers_of_every_meter_are_returned_once(self) -> None:
        imported(flow_file("""
            026|2000000000015|V|
            028|TST0000001|R|
            030|NT|20240101000000|1.0|||T|N|
            030|DY|20240101000000|1.0|||T|N|
            030|DY|20240201000000|2.0|||T|N|
            028|TST0000002|R|
            030|NT|20240101000000|1.0|||T|N|
            """))
        names = [(one.meter.serial_number, one.register_id) for one in all_registers()]
        self.assertEqual(
            sorted(names),
            [("TST0000001", "DY"), ("TST0000001", "NT"), ("TST0000002", "NT")],
        )

    def test_no_more_registers_than_the_limit_are_returned(self) -> None:
        imported(
            flow_file_of_readings(
                *[f"030|{name}|20240101000000|1.0|||T|N|" for name in "ABCDE"]
            )
        )
        self.assertEqual(len(all_registers(limit=3)), 3)

    def test_register_has_its_earliest_and_latest_readings(self) -> None:
        ends = self.ends(
            "030|S|20240201000000|20.0|||T|N|",
            "030|S|20240101000000|10.0|||T|N|",
            "030|S|20240301000000|30.0|||T|N|",
        )
        self.assertEqual(ends, (10, 30, 30))

    def test_latest_measured_reading_is_not_suspect(self) -> None:
        ends = self.ends(
            "030|S|20240101000000|10.0|||T|N|", "030|S|20240301000000|30.0|||F|N|"
        )
        self.assertEqual(ends, (10, 30, 10))

    def test_latest_measured_reading_may_be_accepted_by_an_032(self) -> None:
        ends = self.ends(
            "030|S|20240101000000|10.0|||T|N|",
            "030|S|20240301000000|30.0|||F|N|",
            "032|05|T|",
        )
        self.assertEqual(ends, (10, 30, 30))

    def test_latest_measured_reading_is_no_estimate(self) -> None:
        imported(flow_file("""
            026|2000000000015|V|
            028|TST0000001|R|
            030|S|20240101000000|10.0||||N|
            028|TST0000001|D|
            030|S|20240301000000|30.0||||N|
            """))
        (register,) = all_registers()
        self.assertEqual(
            (value(register.latest), value(register.latest_measured)), (30, 10)
        )

    def test_latest_measured_reading_did_not_fail_bsc_validation(self) -> None:
        imported(flow_file("""
            026|2000000000015|F|
            028|TST0000001|R|
            030|S|20240101000000|10.0||||N|
            """))
        (register,) = all_registers()
        self.assertEqual(
            (value(register.latest), value(register.latest_measured)), (10, None)
        )

    def test_latest_valid_reading_may_be_an_estimate_and_is_no_test(self) -> None:
        imported(flow_file("""
            026|2000000000015|V|
            028|TST0000001|R|
            030|S|20240101000000|10.0|||T|N|
            028|TST0000001|D|
            030|S|20240201000000|20.0|||T|N|
            028|TST0000001|T|
            030|S|20240301000000|30.0|||T|N|
            028|TST0000001|R|
            030|S|20240401000000|40.0|||F|N|
            """))
        (register,) = all_registers()
        self.assertEqual(
            (value(register.latest), value(register.latest_valid)), (40, 20)
        )
        self.assertEqual(
            (value(register.best), value(register.latest_measured)), (20, 10)
        )

    def test_best_reading_is_the_latest_one_if_none_is_valid(self) -> None:
        imported(flow_file_of_readings("030|S|20240101000000|10.0|||F|N|"))
        (register,) = all_registers()
        self.assertEqual((register.latest_valid, value(register.best)), (None, 10))

    def test_register_whose_readings_are_withdrawn_has_no_current_readings(
        self,
    ) -> None:
        imported(flow_file_of_readings("030|S|20240101000000|10.0|||T|N|"))
        withdrawal = flow_file(
            ["026|2000000000015|V|", "028|TST0000001|W|"]
            + ["030|S|20240101000000|10.0|||T|N|"],
            header=header_line(created_at="20240403000000"),
        )
        imported(withdrawal, "withdrawal.uff")
        (register,) = all_registers()
        self.assertEqual((register.earliest, register.latest), (None, None))

    def test_register_is_a_demand_register_if_any_reading_has_a_reset(self) -> None:
        imported(
            flow_file_of_readings(
                "030|MD|20240101000000|10.0|20231201000000|1|T|N|",
                "030|MD|20240201000000|9.0|||T|N|",
                "030|AT|20240201000000|9.0|20240101000000||T|N|",
                "030|NO|20240201000000|9.0||1|T|N|",
                "030|S|20240201000000|9.0|||T|N|",
            )
        )
        demand = {one.register_id: one.is_demand for one in all_registers()}
        self.assertEqual(demand, {"AT": True, "MD": True, "NO": True, "S": False})

    def test_search_for_a_measured_reading_is_limited(self) -> None:
        statement = registers._LATEST_VALID_SQL.replace("LIMIT 200", "LIMIT 1")
        with patch.object(registers, "_LATEST_VALID_SQL", statement):
            ends = self.ends(
                "030|S|20240101000000|10.0|||T|N|", "030|S|20240301000000|30.0|||F|N|"
            )
        self.assertEqual(ends, (10, 30, None))

    def test_registers_take_two_queries(self) -> None:
        imported(flow_file_of_readings("030|S|20240101000000|10.0|||T|N|"))
        meters = [*Meter.objects.all()]
        with self.assertNumQueries(2):
            (register,) = history.registers_of(meters=meters, limit=9)
            self.assertTrue(register.latest and register.latest.flow_file.filename)


class IsDemandRegisterTests(TestCase):
    def test_register_is_a_demand_register_if_any_reading_has_a_reset(self) -> None:
        imported(
            flow_file_of_readings(
                "030|AT|20240101000000|10.0|20231201000000||T|N|",
                "030|NO|20240101000000|10.0||1|T|N|",
                "030|S|20240201000000|9.0|||T|N|",
            )
        )
        meter = Meter.objects.get().pk
        results = [
            history.is_demand_register(key=RegisterKey(meter, name))
            for name in ("AT", "NO", "S")
        ]
        self.assertEqual(results, [True, True, False])
