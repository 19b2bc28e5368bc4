"""What is held depends on which files are held, and on nothing that happened before."""

from __future__ import annotations

import io
from typing import NamedTuple

from django.db import connection
from django.test import TransactionTestCase
from hypothesis import given, seed, settings
from hypothesis import strategies as st
from hypothesis.strategies import DrawFn, SearchStrategy, composite

from meter_readings import importer
from meter_readings.models import FlowFile, Policy
from meter_readings.tests.builders import flow_file, header_line, mpan_core

from . import NOW, SEED, amount, expected, held, say
from .verdicts import verdict_of

EXAMPLES = amount("D0010_EXAMPLES", 100)


class Step(NamedTuple):
    """Something done to one of the files: an import under a policy, or its undoing."""

    file: int
    policy: Policy | None


type History = tuple[list[bytes], list[Step]]

# Few of each, so that files say the same, the contrary and everything between.
mpans = st.sampled_from([mpan_core(1), mpan_core(2)])
serial_numbers = st.sampled_from(["K1", "K1", "K2"])
statuses = st.sampled_from("VVUF")
reading_types = st.sampled_from("RRRCDQW")
registers = st.sampled_from(["S", "S", "01"])
times = st.sampled_from(["20240301000000"] * 3 + ["20240331013000", "20231029013000"])
values = st.sampled_from(["100.0", "100.0", "100.5", "100.55"])
flags = st.sampled_from(["T", "T", "F", ""])
results = st.sampled_from(["", "", "", "032|05|T|", "032|05|F|"])

readings = st.builds(
    "030|{}|{}|{}|||{}|N|\n{}".format, registers, times, values, flags, results
)
meters = st.builds(
    "028|{}|{}|\n{}".format,
    serial_numbers,
    reading_types,
    st.lists(readings, max_size=3).map("\n".join),
)
visits = st.sampled_from(["", "", "027|02|Nobody at home|"])
points = st.builds(
    "026|{}|{}|\n{}\n{}".format,
    mpans,
    statuses,
    visits,
    st.lists(meters, max_size=2).map("\n".join),
)
headers = st.builds(
    lambda identifier, created_at: header_line(
        file_identifier=identifier, created_at=created_at
    ),
    st.sampled_from(["a", "B", "10"]),
    st.sampled_from(["20240402091500", "20240402091500", "20240403091500"]),
)


@composite
def files(draw: DrawFn) -> bytes:
    """A small file that speaks of what others speak of too."""
    text = "\n".join(draw(st.lists(points, min_size=1, max_size=2)))
    lines = [line for line in text.split("\n") if line]
    trailer = draw(st.sampled_from([True, True, False]))
    return flow_file(lines, header=draw(headers), trailer=trailer).encode("ascii")


def steps(file_count: int) -> SearchStrategy[list[Step]]:
    """Imports and undoings in any order, sensible or not."""
    policies = st.sampled_from([Policy.STANDARD] * 4 + [Policy.STRICT, None, None])
    step = st.builds(Step, st.integers(0, file_count - 1), policies)
    return st.lists(step, min_size=file_count, max_size=12)


@composite
def histories(draw: DrawFn) -> History:
    """Some files, and what is done with them."""
    some = draw(st.lists(files(), min_size=2, max_size=4))
    return some, draw(steps(len(some)))


class HistoryTests(TransactionTestCase):
    """After every step all that is held is what the files held say, and no more."""

    def test_leaves_no_trace_but_in_the_files_held(self) -> None:
        @seed(SEED)
        @settings(max_examples=EXAMPLES, deadline=None, database=None, print_blob=True)
        @given(histories(), st.booleans())
        def play(history: History, is_same_name_allowed: bool) -> None:
            self._play(*history, is_same_name_allowed)

        play()
        say(f"{EXAMPLES} histories of imports and undoings on {connection.vendor}")

    def _play(self, some: list[bytes], steps: list[Step], allow: bool) -> None:
        held.empty()
        shelf = expected.Shelf()
        for step in steps:
            # Two names for all of them: some are refused for their name alone.
            file = expected.read(
                some[step.file], f"{step.file % 2}.uff", step.policy or Policy.STANDARD
            )
            if step.policy is None:
                self._undo(shelf, file)
            else:
                self._import(shelf, file, some[step.file], allow)
            differences = shelf.contents().differences(held.contents())
            self.assertEqual(differences, [])

    def _import(
        self, shelf: expected.Shelf, file: expected.File, data: bytes, allow: bool
    ) -> None:
        result = importer.import_flow_file(
            stream=io.BytesIO(data),
            filename=file.filename,
            policy=file.policy,
            now=NOW,
            allow_same_name=allow,
        )
        wanted = shelf.attempt(file, allow_same_name=allow)
        self.assertEqual(verdict_of(result), wanted)

    def _undo(self, shelf: expected.Shelf, file: expected.File) -> None:
        row = FlowFile.objects.filter(sha256=file.sha256).first()
        if row is None:
            self.assertNotIn(file.sha256, shelf.files)
        elif shelf.files[file.sha256].status == "imported":
            found = importer.undo_import(flow_file=row, now=NOW)
            self.assertEqual(found, shelf.undo(file.sha256))
        else:
            with self.assertRaises(importer.NotImported):
                importer.undo_import(flow_file=row, now=NOW)
