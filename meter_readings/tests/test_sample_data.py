"""The sample files that are shipped: as their recipes make them, and as they say."""

from collections.abc import Iterator
from pathlib import Path
from unittest import TestCase

from meter_readings import d0010, synthetic
from meter_readings.d0010 import mpan
from meter_readings.synthetic import Recipe
from meter_readings.tests.flow_file_builder import Parsed, parse
from meter_readings.tests.synthetic.reading import NOW, bytes_of, rewritten

FOLDER = Path(__file__).resolve().parents[2] / "sample_data"


def read_sample(recipe: Recipe) -> Parsed:
    """Return a shipped file, read."""
    return parse((FOLDER / recipe.filename).read_bytes(), not_after=NOW)


class SampleDataTests(TestCase):
    def each(self, *, rejected: bool) -> Iterator[tuple[Recipe, Parsed]]:
        """Yield the files that load, or those that are refused."""
        for recipe in synthetic.RECIPES.values():
            if recipe.is_rejected is rejected:
                yield recipe, read_sample(recipe)

    def test_the_folder_holds_the_files_of_the_recipes(self) -> None:
        self.assertEqual(
            sorted(path.name for path in FOLDER.glob("*.uff")),
            sorted(recipe.filename for recipe in synthetic.RECIPES.values()),
        )

    def test_every_file_is_as_its_recipe_makes_it(self) -> None:
        for recipe in synthetic.RECIPES.values():
            with self.subTest(recipe.name):
                self.assertEqual(
                    (FOLDER / recipe.filename).read_bytes(), bytes_of(recipe.lines())
                )

    def test_every_file_that_loads_has_the_faults_that_it_is_about(self) -> None:
        for recipe, parsed in self.each(rejected=False):
            self.assertEqual(set(parsed.codes), recipe.faults, recipe.name)

    def test_hardly_a_file_that_loads_is_about_faults(self) -> None:
        faulty = [
            recipe.name for recipe, _ in self.each(rejected=False) if recipe.faults
        ]
        self.assertEqual(faulty, ["clock_change", "history_2026_10_warnings"])

    def test_every_rejected_file_has_the_faults_of_its_recipe(self) -> None:
        for recipe, parsed in self.each(rejected=True):
            self.assertEqual(set(parsed.codes), recipe.faults, recipe.name)

    def test_some_rejected_file_has_many_faults(self) -> None:
        counts = [len(recipe.faults) for recipe, _ in self.each(rejected=True)]
        self.assertGreater(max(counts), 10)

    def test_every_file_that_loads_is_operational(self) -> None:
        for recipe, parsed in self.each(rejected=False):
            assert parsed.parser.header is not None
            self.assertEqual(parsed.parser.header.test_data_flag, "OPER", recipe.name)

    def test_every_trailer_counts_right(self) -> None:
        for recipe, parsed in self.each(rejected=False):
            parser = parsed.parser
            assert parser.trailer is not None
            self.assertEqual(
                (parser.trailer.group_count, parser.trailer.flow_count),
                (parser.group_count, parser.flow_count),
                recipe.name,
            )

    def test_every_file_is_written_as_it_was_read(self) -> None:
        for recipe, parsed in self.each(rejected=False):
            shipped = (FOLDER / recipe.filename).read_bytes()
            self.assertEqual(rewritten(parsed), shipped, recipe.name)

    def test_every_mpan_has_a_right_check_digit_unless_that_is_the_story(self) -> None:
        for recipe, parsed in self.each(rejected=False):
            if d0010.FaultCode.MPAN_CHECK_DIGIT in recipe.faults:
                continue
            mpans = {entry.mpan.record.mpan_core for entry in parsed.entries}
            self.assertTrue(all(map(mpan.has_valid_check_digit, mpans)), recipe.name)

    def test_every_mpan_is_made_up(self) -> None:
        for recipe, parsed in self.each(rejected=False):
            mpans = {entry.mpan.record.mpan_core for entry in parsed.entries}
            self.assertTrue(all(map(synthetic.is_synthetic, mpans)), recipe.name)

    def test_every_file_has_a_file_identifier_of_its_own(self) -> None:
        identifiers = {
            parsed.parser.header.file_identifier
            for _, parsed in self.each(rejected=False)
            if parsed.parser.header
        }
        self.assertEqual(len(identifiers), 21)

    def test_no_serial_number_stands_at_two_meter_points(self) -> None:
        places = {
            (entry.meter.record.meter_id, entry.mpan.record.mpan_core)
            for recipe, parsed in self.each(rejected=False)
            # A wrong digit takes a meter to where it is not.
            if d0010.FaultCode.MPAN_CHECK_DIGIT not in recipe.faults
            for entry in parsed.entries
            if entry.meter
        }
        self.assertEqual(len(places), len({serial for serial, _ in places}))

    def test_every_file_is_in_the_list_of_the_specification(self) -> None:
        page = (FOLDER.parent / "documentation/FUNCTIONAL_SPEC.md").read_text("utf-8")
        for recipe in synthetic.RECIPES.values():
            self.assertIn(f"| `{recipe.filename}` | {recipe.about} |", page)


class StoryTests(TestCase):
    """What some of the files tell, as far as others rely on it."""

    def readings(self, name: str) -> dict[tuple[str, str, str], d0010.Entry]:
        """Return a file's readings by serial number, register and reading type."""
        return {
            (
                entry.meter.record.meter_id,
                entry.record.register_id,
                entry.meter.record.reading_type,
            ): entry
            for entry in read_sample(synthetic.RECIPES[name]).entries
            if entry.meter and isinstance(entry.record, d0010.RegisterReading)
        }

    def test_every_group_is_in_the_file_of_every_group(self) -> None:
        lines = synthetic.RECIPES["every_group"].lines()
        codes = {group.code for group in d0010.D0010.groups}
        self.assertLess(codes, {line[:3] for line in lines})

    def test_the_round_has_two_hundred_meter_points(self) -> None:
        parsed = read_sample(synthetic.RECIPES["routine_round"])
        self.assertEqual(parsed.parser.flow_count, 200)

    def test_the_history_has_thirteen_months_of_each_register(self) -> None:
        parsed = read_sample(synthetic.RECIPES["routine_history"])
        months: dict[tuple[str, str], set[str]] = {}
        for entry in parsed.entries:
            key = (entry.meter.record.meter_id, entry.record.register_id)
            months.setdefault(key, set()).add(f"{entry.record.read_at:%Y-%m}")
        self.assertEqual({len(known) for known in months.values()}, {13})

    def test_the_history_is_of_meters_of_the_round(self) -> None:
        serials = {key[0] for key in self.readings("routine_round")}
        self.assertLess({key[0] for key in self.readings("routine_history")}, serials)

    def test_the_history_has_readings_of_three_types(self) -> None:
        types = {key[2] for key in self.readings("routine_history")}
        self.assertEqual(types, {"R", "C", "D"})

    def test_withdrawals_repeat_what_they_withdraw(self) -> None:
        sent = self.readings("routine_round")
        for key, entry in self.readings("routine_round_corrections").items():
            if key[2] == "W":
                withdrawn = sent[key[0], key[1], "R"]
                self.assertEqual(entry.record, withdrawn.record)

    def test_corrections_are_of_readings_of_the_round(self) -> None:
        times = {
            (*key[:2], entry.record.read_at)
            for key, entry in self.readings("routine_round").items()
        }
        for key, entry in self.readings("routine_round_corrections").items():
            self.assertIn((*key[:2], entry.record.read_at), times)

    def test_a_modified_reading_has_another_value(self) -> None:
        sent = self.readings("routine_round")
        corrected = self.readings("routine_round_corrections")
        modified = next(key for key in corrected if key[2] == "Q")
        self.assertNotEqual(
            corrected[modified].record.value, sent[*modified[:2], "R"].record.value
        )

    def test_a_new_meter_begins_where_the_old_one_ends(self) -> None:
        parsed = read_sample(synthetic.RECIPES["meter_exchange"])
        times: dict[str, set[str]] = {"F": set(), "I": set(), "R": set()}
        for entry in parsed.entries:
            if isinstance(entry.record, d0010.RegisterReading):
                moment = entry.mpan.record.mpan_core, entry.record.read_at
                times[entry.meter.record.reading_type].add(moment)
        self.assertEqual(times["F"], times["I"])
